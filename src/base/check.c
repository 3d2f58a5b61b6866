/*
 * check.c: the end of a program that broke a contract.  Nothing here takes
 * memory or a lock, since it may run when either is what went wrong.
 */
#include "base/check.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/write.h"

/* Names an object and a sentence; what is longer is cut. */
#define LINE_MAX_BYTES 512

/*
 * A service manager may connect standard error to the journal by a socket,
 * and then says which in JOURNAL_STREAM, systemd.exec(5).
 */
static bool is_journal(const struct stat *s)
{
	const char *journal = secure_getenv("JOURNAL_STREAM");
	char text[2 * sizeof "18446744073709551615"];

	snprintf(text, sizeof text, "%" PRIuMAX ":%" PRIuMAX,
		 (uintmax_t)s->st_dev, (uintmax_t)s->st_ino);
	return journal && strcmp(journal, text) == 0;
}

/* An inetd-like parent leaves its peer's socket at descriptor 2. */
static bool may_write(void)
{
	struct stat s;

	return fstat(STDERR_FILENO, &s) == 0 &&
	       (!S_ISSOCK(s.st_mode) || is_journal(&s));
}

void gni_stop(const char *form, ...)
{
	static const char mark[] = "gnezdo: ";
	char line[LINE_MAX_BYTES];
	size_t len = sizeof mark - 1;
	va_list list;

	memcpy(line, mark, sizeof mark);
	va_start(list, form);
	vsnprintf(line + len, sizeof line - len - 1, form, list);
	va_end(list);
	len = strlen(line);
	line[len++] = '\n';
	if (may_write() && gni_write_quietly(STDERR_FILENO, line, len) < 0)
		abort();
	abort();
}
