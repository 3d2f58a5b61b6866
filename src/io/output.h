/* output.h: standard output and error that go to memory, and no input. */
#ifndef GNI_IO_OUTPUT_H
#define GNI_IO_OUTPUT_H

#include <stddef.h>

/* gni_output_open makes one, a descriptor, or gives a negative errno. */
int gni_output_open(void);
void gni_output_close(int output);

/* gni_output_become makes it the process's standard output and error; 0 or a
 * negative errno. */
int gni_output_become(int output);

/* gni_output_unasked has the process read nothing from standard input, if
 * there is a descriptor left for that. */
void gni_output_unasked(void);

/* gni_output_clear forgets what is in it. */
void gni_output_clear(int output);

/* gni_output_tail gives its last lines, as many as fit, ended by NUL. */
void gni_output_tail(int output, char *text, size_t size);

#endif
