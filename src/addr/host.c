/*
 * host.c: which of its five forms a host has, and each form.  Interfaces'
 * names are looked up here: the one question to the system that parsing asks.
 */
#include "addr/host.h"

#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

#include "addr/addr.h"
#include "addr/ip.h"

/* RFC 1035 section 2.3.4. */
#define LABEL_MAX 63
#define NAME_MAX_BYTES 253

/* What ends a host that is not in brackets. */
#define HOST_STOPS ":/?"

static int check_family(const struct gni_reader *r, size_t begin, int demanded,
			int family)
{
	if (demanded == 0 || demanded == family)
		return 0;
	return gni_reader_refuse(r, begin, "%.4s takes IPv%d addresses",
				 r->text, demanded == AF_INET ? 4 : 6);
}

static int read_ip4(struct gni_reader *r, struct gni_target *target)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	size_t begin = r->at, end = begin + gni_reader_span(r, HOST_STOPS);
	uint8_t bytes[4];
	int code = gni_ip4_read(r, bytes);

	if (code < 0)
		return code;
	if (r->at != end)
		return gni_reader_refuse(r, r->at,
					 "an IPv4 address ends after its "
					 "fourth number");
	memcpy(&to.sin_addr, bytes, sizeof bytes);
	gni_addr_set(&target->addr, target->kind, &to, sizeof to);
	target->host = GNI_HOST_NUMERIC;
	code = check_family(r, begin, target->family, AF_INET);
	target->family = AF_INET;
	return code;
}

/* Passes a zone up to the bracket: an interface's number or name. */
static int read_zone(struct gni_reader *r, uint32_t *zone)
{
	char name[IF_NAMESIZE];
	size_t begin = r->at, len = gni_reader_span(r, "]");
	uint64_t number;

	if (gni_reader_number(r, 10, UINT32_MAX, &number) &&
	    r->at == begin + len && number > 0) {
		*zone = (uint32_t)number;
		return 0;
	}
	if (len == 0 || len >= sizeof name)
		return gni_reader_refuse(r, begin,
					 "a zone is an interface's name or "
					 "number");
	memcpy(name, r->text + begin, len);
	name[len] = '\0';
	r->at = begin + len;
	*zone = if_nametoindex(name);
	if (*zone == 0)
		return gni_reader_refuse(r, begin,
					 "no interface has this name");
	return 0;
}

/* Reads what stands between the brackets. */
static int read_bracketed(struct gni_reader *r, struct sockaddr_in6 *to)
{
	struct gni_reader digits = *r;
	uint8_t bytes[16];
	int code;

	digits.len = r->at + gni_reader_span(r, "%]");
	code = gni_ip6_read(&digits, bytes);
	if (code < 0)
		return code;
	memcpy(&to->sin6_addr, bytes, sizeof bytes);
	r->at = digits.len;
	return gni_reader_skip(r, "%") ? read_zone(r, &to->sin6_scope_id) : 0;
}

static int read_ip6(struct gni_reader *r, struct gni_target *target)
{
	struct sockaddr_in6 to = { .sin6_family = AF_INET6 };
	size_t begin = r->at;
	int code;

	gni_reader_skip(r, "[");
	if (r->at + gni_reader_span(r, "]") == r->len)
		return gni_reader_refuse(r, begin, "a bracket is not closed");
	code = read_bracketed(r, &to);
	if (code < 0)
		return code;
	gni_reader_skip(r, "]");
	gni_addr_set(&target->addr, target->kind, &to, sizeof to);
	target->host = GNI_HOST_NUMERIC;
	code = check_family(r, begin, target->family, AF_INET6);
	target->family = AF_INET6;
	return code;
}

/* Every address is a star or nothing at all. */
static int read_any(struct gni_reader *r, struct gni_target *target)
{
	gni_reader_skip(r, "*");
	target->host = GNI_HOST_ANY;
	return 0;
}

static bool is_letter_or_digit(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z');
}

/* One label of a name, len bytes: RFC 1123 section 2.1. */
static int check_label(const struct gni_reader *r, size_t begin, size_t len)
{
	const char *label = r->text + begin;

	for (size_t i = 0; i < len; i++)
		if (!is_letter_or_digit(label[i]) && label[i] != '-')
			return gni_reader_refuse(r, begin + i,
						 "a name has letters, digits, "
						 "hyphens and dots; others "
						 "have an xn-- form");
	if (len == 0 || len > LABEL_MAX)
		return gni_reader_refuse(r, begin,
					 "between the dots of a name stand 1 "
					 "to %d bytes", LABEL_MAX);
	if (label[0] == '-' || label[len - 1] == '-')
		return gni_reader_refuse(r, begin,
					 "a part of a name neither begins nor "
					 "ends with a hyphen");
	return 0;
}

static bool is_local(const char *name)
{
	static const char local[] = "localhost";
	size_t len = strlen(name), local_len = sizeof local - 1;

	if (len && name[len - 1] == '.')
		len--;
	if (len < local_len ||
	    strncasecmp(name + len - local_len, local, local_len) != 0)
		return false;
	return len == local_len || name[len - local_len - 1] == '.';
}

/* Whether a label would be taken for a number by inet_aton(3), and with it
 * the whole name for an address. */
static bool is_number(const char *label, size_t len)
{
	bool hex = len > 1 && label[0] == '0' && (label[1] | 0x20) == 'x';
	int base = hex ? 16 : 10;

	for (size_t i = hex ? 2 : 0; i < len; i++) {
		int digit = gni_reader_digit((unsigned char)label[i]);

		if (digit < 0 || digit >= base)
			return false;
	}
	return true;
}

/* Passes the labels up to end; *last is where the last one begins. */
static int read_labels(struct gni_reader *r, size_t end, size_t *last)
{
	int code = 0;

	while (code == 0 && r->at < end) {
		size_t len = gni_reader_span(r, "." HOST_STOPS);

		*last = r->at;
		code = check_label(r, r->at, len);
		r->at += len;
		/* A dot may end the name: it is then absolute. */
		gni_reader_skip(r, ".");
	}
	return code;
}

static int read_name(struct gni_reader *r, struct gni_target *target)
{
	size_t begin = r->at, len = gni_reader_span(r, HOST_STOPS);
	size_t end = begin + len, dot = 0, last = begin;
	int code = read_labels(r, end, &last);

	if (code < 0)
		return code;
	dot = r->text[end - 1] == '.';
	if (len - dot > NAME_MAX_BYTES)
		return gni_reader_refuse(r, begin,
					 "a name has at most %d bytes",
					 NAME_MAX_BYTES);
	if (is_number(r->text + last, end - dot - last))
		return gni_reader_refuse(r, last,
					 "a name does not end in a number");
	memcpy(target->name, r->text + begin, len);
	target->name[len] = '\0';
	target->host = is_local(target->name) ? GNI_HOST_LOCAL : GNI_HOST_NAME;
	return 0;
}

/* Whatever begins with a digit and ends in a number: inet_aton(3) would take
 * it, so it is a dotted quad or refused. */
static bool is_ip4(const struct gni_reader *r)
{
	const char *host = r->text + r->at;
	size_t len = gni_reader_span(r, HOST_STOPS), last;

	if (len == 0 || host[0] < '0' || host[0] > '9')
		return false;
	if (host[len - 1] == '.')
		len--;
	for (last = len; last > 0 && host[last - 1] != '.'; last--)
		continue;
	return is_number(host + last, len - last);
}

/* An IPv6 address whose brackets were forgotten: two colons and nothing but
 * hex digits before the second. */
static bool is_bare_ip6(const struct gni_reader *r)
{
	int colons = 0;

	for (size_t at = r->at; at < r->len && colons < 2; at++) {
		int byte = (unsigned char)r->text[at];

		if (byte != ':' && gni_reader_digit(byte) < 0)
			return false;
		colons += byte == ':';
	}
	return colons == 2;
}

int gni_host_read(struct gni_reader *r, struct gni_target *target)
{
	int first = gni_reader_peek(r);

	if (first == '[')
		return read_ip6(r, target);
	if (is_bare_ip6(r))
		return gni_reader_refuse(r, r->at,
					 "an IPv6 address stands in brackets");
	if (first == '*' || first == ':')
		return read_any(r, target);
	if (gni_reader_span(r, HOST_STOPS) == 0)
		return gni_reader_refuse(r, r->at, "a host is missing");
	return is_ip4(r) ? read_ip4(r, target) : read_name(r, target);
}
