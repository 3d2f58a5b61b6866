/*
 * target.c: an address string from its scheme to its end.  The scheme's row
 * says which kind it names and who reads what follows.
 */
#include "addr/target.h"

#include <string.h>
#include <sys/socket.h>

#include <gnezdo/error.h>

#include "addr/addr.h"
#include "addr/host.h"
#include "addr/option.h"
#include "addr/path.h"
#include "addr/reader.h"
#include "base/check.h"

static int read_port(struct gni_reader *r, struct gni_target *target)
{
	uint64_t port;

	if (!gni_reader_skip(r, ":"))
		return gni_reader_refuse(r, r->at,
					 "a colon and a port follow the host");
	if (!gni_reader_number(r, 10, UINT16_MAX, &port))
		return gni_reader_refuse(r, r->at, "a port is 0 to 65535");
	target->port = (uint16_t)port;
	gni_addr_set_port(&target->addr, target->port);
	return 0;
}

static int read_inet(struct gni_reader *r, struct gni_target *target)
{
	int code;

	if (!gni_reader_skip(r, "//"))
		return gni_reader_refuse(r, r->at,
					 "two slashes follow the colon");
	code = gni_host_read(r, target);
	return code < 0 ? code : read_port(r, target);
}

static const struct scheme {
	const char *begin; /* up to its colon */
	enum gn_kind kind;
	int family;
	int (*read)(struct gni_reader *r, struct gni_target *target);
} schemes[] = {
	{ "tcp:", GN_TCP, 0, read_inet },
	{ "tcp4:", GN_TCP, AF_INET, read_inet },
	{ "tcp6:", GN_TCP, AF_INET6, read_inet },
	{ "udp:", GN_UDP, 0, read_inet },
	{ "udp4:", GN_UDP, AF_INET, read_inet },
	{ "udp6:", GN_UDP, AF_INET6, read_inet },
	{ "unix:", GN_UNIX, AF_UNIX, gni_path_read },
	{ "unix-dgram:", GN_UNIX_DGRAM, AF_UNIX, gni_path_read },
	{ "unix-seqpacket:", GN_UNIX_SEQPACKET, AF_UNIX, gni_path_read },
};

static int read_target(struct gni_reader *r, struct gni_target *target)
{
	const struct scheme *s = schemes;
	const struct scheme *end = s + sizeof schemes / sizeof schemes[0];

	while (s < end && !gni_reader_skip(r, s->begin))
		s++;
	if (s == end)
		return gni_reader_refuse(r, 0,
					 "an address begins with tcp://, "
					 "udp://, unix:, unix-dgram: or "
					 "unix-seqpacket:");
	target->kind = s->kind;
	target->family = s->family;
	return s->read(r, target);
}

static int read_end(struct gni_reader *r, struct gni_target *target)
{
	if (gni_reader_skip(r, "?"))
		return gni_options_read(r, target);
	if (!gni_reader_at_end(r))
		return gni_reader_refuse(r, r->at,
					 "only ? and options follow the port");
	return 0;
}

int gni_target_parse(struct gni_target *target, const char *text,
		     const char *operation)
{
	struct gni_reader r = { .text = text, .operation = operation,
				.code = GN_EADDR };
	int code;

	GNI_CHECK(text, "%s: the address is NULL", operation);
	r.len = strlen(text);
	*target = (struct gni_target){ .options = gni_options_none };
	code = read_target(&r, target);
	return code < 0 ? code : read_end(&r, target);
}

/* The character at which a target names no end point, as a rule; NULL when it
 * names one. */
static const char *not_an_end_point(const struct gni_target *target)
{
	static const char *const rules[] = {
		[GNI_HOST_ANY] = "a star is no single address",
		[GNI_HOST_LOCAL] = "localhost is a name: 127.0.0.1 and [::1] "
				   "are numbers",
		[GNI_HOST_NAME] = "a name is no address: numbers are asked "
				  "for here",
	};

	return rules[target->host];
}

int gn_addr_parse(gn_addr *addr, const char *text)
{
	struct gni_reader r = { .text = text, .operation = "addr_parse",
				.code = GN_EADDR };
	struct gni_target target;
	const char *rule;
	int code;

	*addr = (gn_addr){ 0 };
	code = gni_target_parse(&target, text, r.operation);
	if (code < 0)
		return code;
	r.len = strlen(text);
	rule = not_an_end_point(&target);
	if (rule)
		return gni_reader_refuse(&r, strcspn(text, "/") + 2, "%s",
					 rule);
	r.at = gni_reader_span(&r, "?");
	if (!gni_reader_at_end(&r))
		return gni_reader_refuse(&r, r.at,
					 "options belong to a socket, not to "
					 "an address");
	*addr = target.addr;
	return 0;
}
