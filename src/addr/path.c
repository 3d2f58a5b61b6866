/*
 * path.c: the names of Unix sockets, unix(7).  A path ends at its first NUL;
 * an abstract name has a NUL in front and any bytes behind it.  In an address
 * string the bytes that mean something there are written %HH.
 */
#include "addr/path.h"

#include <string.h>
#include <sys/un.h>

#include "addr/addr.h"
#include "base/utf8.h"

#define NAME_OFFSET offsetof(struct sockaddr_un, sun_path)

/* The field has one byte more, for a path's NUL or an abstract name's. */
#define PATH_BYTES_MAX (sizeof(((struct sockaddr_un *)0)->sun_path) - 1)

/* Passes one byte of a name, decoded; -1 when its escape is malformed. */
static int read_byte(struct gni_reader *r)
{
	int byte = gni_reader_peek(r), high, low;

	r->at++;
	if (byte != '%')
		return byte;
	high = gni_reader_digit(gni_reader_peek(r));
	r->at += high >= 0;
	low = gni_reader_digit(gni_reader_peek(r));
	if (high < 0 || low < 0)
		return -1;
	r->at++;
	return high * 16 + low;
}

static int read_name(struct gni_reader *r, struct sockaddr_un *to,
		     bool abstract, size_t *len)
{
	size_t begin = r->at;
	char *at = to->sun_path + abstract;

	for (*len = 0; gni_reader_span(r, "?") > 0; (*len)++) {
		size_t escape = r->at;
		int byte = read_byte(r);

		if (byte < 0)
			return gni_reader_refuse(r, escape,
						 "two hex digits follow %%; "
						 "%% itself is %%25");
		if (byte == '\0' && !abstract)
			return gni_reader_refuse(r, escape,
						 "a path has no NUL byte");
		if (*len == PATH_BYTES_MAX)
			return gni_reader_refuse(r, begin,
						 "a path or name has at most "
						 "%zu bytes", PATH_BYTES_MAX);
		at[*len] = (char)byte;
	}
	return 0;
}

int gni_path_read(struct gni_reader *r, struct gni_target *target)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	size_t begin = r->at, len;
	bool abstract;
	int code;

	if (gni_reader_skip(r, "//"))
		return gni_reader_refuse(r, begin,
					 "the path follows the colon at once: "
					 "unix:/path");
	abstract = gni_reader_skip(r, "@");
	code = read_name(r, &to, abstract, &len);
	if (code < 0)
		return code;
	if (len == 0)
		return gni_reader_refuse(r, r->at,
					 "a path or @name is missing");
	/* A path is given with its NUL, an abstract name after one. */
	gni_addr_set(&target->addr, target->kind, &to, NAME_OFFSET + len + 1);
	target->host = GNI_HOST_NUMERIC;
	target->family = AF_UNIX;
	return 0;
}

struct gni_path gni_path_of(const gn_addr *addr)
{
	const uint8_t *name = addr->sockaddr + NAME_OFFSET;
	size_t len = addr->len > NAME_OFFSET ? addr->len - NAME_OFFSET : 0;

	if (len > 0 && name[0] == '\0')
		return (struct gni_path){ name + 1, len - 1, true };
	return (struct gni_path){ name, strnlen((const char *)name, len),
				  false };
}

/* The length of the character at i if it can stand as it is; 0 if not. */
static size_t plain_at(const struct gni_path *path, size_t i)
{
	const uint8_t *at = path->name + i;

	if (*at == '%' || *at == '?')
		return 0;
	/* Read back, a path's first byte would be taken for a mark. */
	if (i == 0 && !path->abstract && *at == '@')
		return 0;
	if (i == 1 && !path->abstract && at[-1] == '/' && *at == '/')
		return 0;
	return gni_utf8_printable(at, path->len - i);
}

void gni_path_write(struct gni_text *t, const struct gni_path *path)
{
	if (path->abstract)
		gni_text_add(t, "@");
	for (size_t i = 0; i < path->len;) {
		size_t len = plain_at(path, i);

		if (len)
			gni_text_unit(t, path->name + i, len);
		else
			gni_text_add(t, "%%%02X", path->name[i]);
		i += len ? len : 1;
	}
}
