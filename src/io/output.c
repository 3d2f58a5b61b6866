/*
 * output.c: what a process prints, in memory that others can read.
 */
#include "io/output.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int gni_output_open(void)
{
	int output = memfd_create("output", MFD_CLOEXEC);

	return output < 0 ? -errno : output;
}

void gni_output_clear(int output)
{
	if (lseek(output, 0, SEEK_SET) < 0 || ftruncate(output, 0) < 0)
		return;
}

static size_t copy_tail(const char *from, size_t len, char *text, size_t size)
{
	const char *begin = from;

	if (len > size - 1) {
		begin = memchr(from + len - size, '\n', size);
		begin = begin ? begin + 1 : from + len - size + 1;
	}
	len -= (size_t)(begin - from);
	memcpy(text, begin, len);
	return len;
}

void gni_output_tail(int output, char *text, size_t size)
{
	off_t len = lseek(output, 0, SEEK_END);
	void *all = MAP_FAILED;

	text[0] = '\0';
	if (len > 0)
		all = mmap(NULL, (size_t)len, PROT_READ, MAP_SHARED, output, 0);
	if (all == MAP_FAILED)
		return;
	text[copy_tail(all, (size_t)len, text, size)] = '\0';
	munmap(all, (size_t)len);
}

int gni_output_become(int output)
{
	if (dup2(output, STDOUT_FILENO) < 0 || dup2(output, STDERR_FILENO) < 0)
		return -errno;
	return 0;
}

void gni_output_unasked(void)
{
	int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (nothing < 0)
		return;
	dup2(nothing, STDIN_FILENO);
	if (nothing != STDIN_FILENO)
		close(nothing);
}

void gni_output_close(int output)
{
	if (output >= 0)
		close(output);
}
