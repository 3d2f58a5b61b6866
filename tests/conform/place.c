/*
 * place.c: sockets, bytes and words for the cases.
 */
#include "place.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* What is sent or received at a time by the helpers, bytes. */
#define PIECE ((size_t)16 * 1024)

/* More than any socket holds. */
#define UNREAD_MAX ((size_t)16 << 20)

/* So often and so long must a socket take nothing to count as full. */
#define QUIET_ROUNDS 3
#define QUIET_NS (2 * GN_MSEC)

/* Whole lines of the report: two threads may fail at once. */
GN_PRINTF(1, 0)
static void say(const char *form, va_list list)
{
	char line[2048];
	int len = vsnprintf(line, sizeof line, form, list);

	if (len >= (int)sizeof line)
		len = sizeof line - 1;
	if (len > 0 && write(STDOUT_FILENO, line, (size_t)len) < 0)
		abort();
}

void note(const char *form, ...)
{
	va_list list;

	va_start(list, form);
	say(form, list);
	va_end(list);
}

static const char *bare(const char *file)
{
	const char *slash = strrchr(file, '/');

	return slash ? slash + 1 : file;
}

static const char *last_failure(char *text, size_t size)
{
	return gn_code() ? gn_error_text(gn_error_last(), text, size) : "none";
}

int broken(const char *file, int line, const char *condition)
{
	char text[600];

	note("# %s:%d: not so: %s\n#     last failure: %s\n", bare(file), line,
	     condition, last_failure(text, sizeof text));
	return -1;
}

static const char *named(long long value, char *text, size_t size)
{
	if (value <= GN_ETIMEOUT && value >= GN_ESYS)
		return gn_code_name((int)value);
	snprintf(text, size, "%lld", value);
	return text;
}

int unequal(const char *file, int line, const char *actual, long long wants,
	    long long is)
{
	char text[600], first[24], second[24];

	note("# %s:%d: %s: is %s, not %s\n#     last failure: %s\n", bare(file),
	     line, actual, named(is, first, sizeof first),
	     named(wants, second, sizeof second),
	     last_failure(text, sizeof text));
	return -1;
}

int unlike(const char *file, int line, const char *actual, const char *wants,
	   const char *is)
{
	note("# %s:%d: %s\n#     is     \"%s\"\n#     wanted \"%s\"\n",
	     bare(file), line, actual, is, wants);
	return -1;
}

int skip(const struct place *p, const char *why)
{
	snprintf(p->report->skipped, sizeof p->report->skipped, "%s", why);
	return 0;
}

void fresh_path(const struct place *p, char *path, size_t size)
{
	static atomic_uint count;

	snprintf(path, size, "%s/%d-%u", p->folder, (int)getpid(),
		 atomic_fetch_add(&count, 1));
}

void fresh_address(const struct place *p, const char *options,
		   char address[ADDRESS_MAX])
{
	const struct kind *k = p->kind;
	const char *mark = options && *options ? "?" : "";
	char path[160];

	fresh_path(p, path, sizeof path);
	options = options ? options : "";
	if (k->traits & K_INET)
		snprintf(address, ADDRESS_MAX, "%s://%s%s%s", k->scheme, k->at,
			 mark, options);
	else
		snprintf(address, ADDRESS_MAX, "%s:%s%s%s%s", k->scheme,
			 *k->at == '@' ? "@" : "", path, mark, options);
}

void address_of(gn_sock *s, char address[ADDRESS_MAX])
{
	gn_addr addr;

	gn_sock_local(s, &addr);
	gn_addr_text(&addr, address);
}

static gn_sock *open_far(const struct place *p, const char *options,
			 char address[ADDRESS_MAX])
{
	gn_sock *s;

	fresh_address(p, options, address);
	if (p->kind->traits & K_BOUND)
		s = gn_bind(address, NULL);
	else
		s = gn_listen(address, NULL);
	if (!s)
		broken(__FILE__, __LINE__, address);
	else
		address_of(s, address);
	return s;
}

gn_sock *listen_somewhere(const struct place *p, char address[ADDRESS_MAX])
{
	return open_far(p, NULL, address);
}

static int connect_to(const struct place *p, const gn_sock_opts *opts,
		      const char *address, gn_sock **s)
{
	gn_sock_opts own = opts ? *opts : (gn_sock_opts){ 0 };
	char from[ADDRESS_MAX];

	if (p->kind->traits & K_BOUND && !own.from) {
		fresh_address(p, NULL, from);
		own.from = from;
	}
	*s = gn_connect(address, &own, SOON);
	WANT(*s);
	return 0;
}

int two_with(const struct place *p, const gn_sock_opts *opts,
	     const char *options, gn_sock *s[2])
{
	char address[ADDRESS_MAX];
	gn_sock *far;

	s[0] = s[1] = NULL;
	if (!(p->kind->traits & K_NAMED)) {
		WANT_IS(gn_pair(p->kind->kind, s), 0);
		return 0;
	}
	far = open_far(p, options, address);
	if (!far)
		return -1;
	TRY(connect_to(p, opts, address, &s[0]));
	if (p->kind->traits & K_BOUND) {
		s[1] = far;
		return 0;
	}
	s[1] = gn_accept(far, SOON);
	WANT(s[1]);
	gn_close(far);
	return 0;
}

int two(const struct place *p, gn_sock *s[2])
{
	return two_with(p, NULL, NULL, s);
}

void close_two(gn_sock *s[2])
{
	gn_close(s[0]);
	gn_close(s[1]);
}

static int ring(gn_chan *bell)
{
	WANT_IS(gn_chan_send(bell, "", SOON), 0);
	return 0;
}

static int hear(gn_chan *bell)
{
	char nothing;

	WANT_IS(gn_chan_recv(bell, &nothing, SOON), 0);
	return 0;
}

int ring_us(const struct place *p)
{
	return ring(p->bells[0]);
}

int ring_them(const struct place *p)
{
	return ring(p->bells[1]);
}

int hear_us(const struct place *p)
{
	return hear(p->bells[0]);
}

int hear_them(const struct place *p)
{
	return hear(p->bells[1]);
}

static uint8_t byte_at(size_t i)
{
	return (uint8_t)((i * 2654435761u >> 13) ^ (i >> 9));
}

void pattern(void *buf, size_t len, size_t offset)
{
	uint8_t *bytes = buf;

	for (size_t i = 0; i < len; i++)
		bytes[i] = byte_at(offset + i);
}

size_t wrong_at(const void *buf, size_t len, size_t offset)
{
	const uint8_t *bytes = buf;
	size_t i = 0;

	while (i < len && bytes[i] == byte_at(offset + i))
		i++;
	return i;
}

int send_pattern(gn_sock *s, size_t len, size_t offset)
{
	uint8_t *buf = malloc(len + 1);
	int result;

	WANT(buf);
	pattern(buf, len, offset);
	result = gn_send(s, buf, len, SOON);
	free(buf);
	WANT_IS(result, 0);
	return 0;
}

int recv_pattern(gn_sock *s, size_t len, size_t offset)
{
	uint8_t buf[PIECE];
	size_t most, came = 0;
	ssize_t n;

	while (came < len) {
		most = len - came < sizeof buf ? len - came : sizeof buf;
		n = gn_recv(s, buf, most, SOON);
		WANT(n > 0);
		WANT((size_t)n <= most);
		WANT_IS(wrong_at(buf, (size_t)n, offset + came), n);
		came += (size_t)n;
	}
	return 0;
}

int recv_end(gn_sock *s)
{
	bool stream = gn_sock_kind(s) != GN_UNIX_SEQPACKET;
	char c;

	WANT_IS(gn_recv(s, &c, 1, SOON), stream ? 0 : GN_EEND);
	WANT_IS(gn_recv(s, &c, 1, SOON), stream ? 0 : GN_EEND);
	WANT_IS(gn_recv(s, &c, 1, GN_NOW), stream ? 0 : GN_EEND);
	return 0;
}

int answer(const struct place *p, gn_sock *s, const gn_addr *to,
	   const void *buf, size_t len)
{
	if (p->kind->traits & K_BOUND)
		WANT_IS(gn_sendto(s, buf, len, to, SOON), 0);
	else
		WANT_IS(gn_send(s, buf, len, SOON), 0);
	return 0;
}

static ssize_t fill_once(gn_sock *s, size_t at)
{
	uint8_t buf[PIECE];
	size_t sum = 0;
	int result;

	do {
		pattern(buf, sizeof buf, at + sum);
		result = gn_send(s, buf, sizeof buf, GN_NOW);
		sum += result == 0 ? sizeof buf :
				     gn_error_done(gn_error_last());
	} while (result == 0);
	WANT_IS(result, GN_ETIMEOUT);
	return (ssize_t)sum;
}

/* TCP moves what it has taken on, and has room again for a while. */
ssize_t fill(gn_sock *s)
{
	size_t sum = 0;
	int quiet = 0;

	while (quiet < QUIET_ROUNDS) {
		ssize_t n = fill_once(s, sum);

		if (n < 0)
			return n;
		sum += (size_t)n;
		quiet = n > 0 ? 0 : quiet + 1;
		if (gn_sock_kind(s) != GN_TCP)
			break;
		WANT_IS(gn_sleep(gn_in(QUIET_NS)), 0);
	}
	return (ssize_t)sum;
}

int break_off(gn_sock *s)
{
	static const struct linger reset = { 1, 0 };
	size_t size = UNREAD_MAX, len;
	void *unread = malloc(size);
	int fd = unread ? gn_release(s, unread, size, &len) : -1;

	free(unread);
	WANT(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
	close(fd);
	return 0;
}

void turns(void)
{
	for (int i = 0; i < 4; i++)
		gn_yield();
}

int go_one(struct one *one, gn_fiber_fn *fn, void *arg)
{
	one->group = gn_group_open(NULL);
	WANT(one->group);
	WANT_IS(gn_go(one->group, fn, arg), 0);
	return 0;
}

int join_one(struct one *one)
{
	int result = gn_group_wait(one->group, SOON);

	gn_group_close(one->group);
	return result;
}

void cancel_one(struct one *one)
{
	gn_group_cancel(one->group);
}

static bool follows(const char *text, const char *at, const char *before)
{
	size_t len = strlen(before);

	return (size_t)(at - text) >= len &&
	       memcmp(at - len, before, len) == 0;
}

/* Where what is to be masked ends, and the word in its place; at itself when
 * nothing of it is to be. */
static const char *masked_end(const struct place *p, const char *text,
			      const char *at, const char **word)
{
	size_t folder_len = strlen(p->folder);

	if (strncmp(at, p->folder, folder_len) == 0) {
		*word = "PATH";
		at += folder_len + 1;
		at += strspn(at, "0123456789");
		return at + 1 + strspn(at + 1, "0123456789");
	}
	if (follows(text, at, "127.0.0.1:") || follows(text, at, "]:")) {
		*word = "PORT";
		at += strspn(at, "0123456789");
	}
	return at;
}

const char *sentence(const struct place *p)
{
	static _Thread_local char masked[2048];
	char text[1024], *out = masked;
	const char *at = text, *word = "";

	gn_error_text(gn_error_last(), text, sizeof text);
	while (*at) {
		const char *end = masked_end(p, text, at, &word);

		if (end > at)
			out = stpcpy(out, word);
		else
			*out++ = *end++;
		at = end;
	}
	*out = '\0';
	return masked;
}
