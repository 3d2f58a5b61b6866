/*
 * file.c: files as a whole, for what is small.
 */
#include "io/file.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static int read_all(FILE *f, size_t max, uint8_t **bytes, size_t *len)
{
	uint8_t *all = malloc(max + 1);

	if (!all)
		return -ENOMEM;
	*len = fread(all, 1, max + 1, f);
	if (ferror(f) || *len > max) {
		free(all);
		return ferror(f) ? -EIO : -EFBIG;
	}
	*bytes = all;
	return 0;
}

int gni_file_read(const char *path, size_t max, uint8_t **bytes, size_t *len)
{
	FILE *f = fopen(path, "rbe");
	int result;

	if (!f)
		return -errno;
	result = read_all(f, max, bytes, len);
	fclose(f);
	return result;
}

int gni_file_write(const char *path, const uint8_t *bytes, size_t len)
{
	FILE *f = fopen(path, "wbe");
	bool whole;

	if (!f)
		return -errno;
	whole = fwrite(bytes, 1, len, f) == len;
	return fclose(f) == 0 && whole ? 0 : -EIO;
}
