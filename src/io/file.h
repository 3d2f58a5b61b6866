/* file.h: files, read and written whole. */
#ifndef GNI_IO_FILE_H
#define GNI_IO_FILE_H

#include <stddef.h>
#include <stdint.h>

/* gni_file_read gives the bytes of a file, which the caller frees.  0 or a
 * negative errno; -EFBIG past max. */
int gni_file_read(const char *path, size_t max, uint8_t **bytes, size_t *len);

/* gni_file_write makes or replaces it; 0 or a negative errno. */
int gni_file_write(const char *path, const uint8_t *bytes, size_t len);

#endif
