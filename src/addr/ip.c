/*
 * ip.c: IP addresses as digits.  Strict: the forms of inet_aton(3) that mean
 * something else elsewhere (127.1, 010.0.0.1, 0x7f.1) are refused.
 */
#include "addr/ip.h"

#include <string.h>

#define IP4_BYTES 4
#define IP6_BYTES 16

/* No byte stands here: there was no "::". */
#define NO_GAP (IP6_BYTES + 1)

static const char ip4_rule[] =
	"an IPv4 address is four numbers of 0 to 255 without leading zeros";
static const char ip6_rule[] =
	"an IPv6 address is eight groups of one to four hex digits";
static const char gap_rule[] = ":: stands once, for one group of zeros or more";

int gni_ip4_read(struct gni_reader *r, uint8_t bytes[4])
{
	uint64_t number;

	for (int i = 0; i < IP4_BYTES; i++) {
		if ((i > 0 && !gni_reader_skip(r, ".")) ||
		    !gni_reader_number(r, 10, UINT8_MAX, &number))
			return gni_reader_refuse(r, r->at, ip4_rule);
		bytes[i] = (uint8_t)number;
	}
	return 0;
}

struct ip6 {
	uint8_t *bytes;
	size_t count; /* bytes that were read */
	size_t gap;   /* how many of them stand before "::" */
};

/* Whether the next group is the first number of a dotted quad. */
static bool is_ip4_next(const struct gni_reader *r)
{
	size_t len = gni_reader_span(r, ".:");

	return r->at + len < r->len && r->text[r->at + len] == '.';
}

static int read_ip4_tail(struct gni_reader *r, struct ip6 *a)
{
	int code;

	if (a->count + IP4_BYTES > IP6_BYTES)
		return gni_reader_refuse(r, r->at, ip6_rule);
	code = gni_ip4_read(r, a->bytes + a->count);
	if (code < 0)
		return code;
	a->count += IP4_BYTES;
	if (!gni_reader_at_end(r))
		return gni_reader_refuse(r, r->at, ip4_rule);
	return 0;
}

static int read_group(struct gni_reader *r, struct ip6 *a)
{
	size_t begin = r->at;
	uint64_t number;

	if (is_ip4_next(r))
		return read_ip4_tail(r, a);
	if (a->count == IP6_BYTES ||
	    !gni_reader_number(r, 16, UINT16_MAX, &number) ||
	    r->at - begin > 4)
		return gni_reader_refuse(r, begin, ip6_rule);
	a->bytes[a->count++] = (uint8_t)(number >> 8);
	a->bytes[a->count++] = (uint8_t)number;
	return 0;
}

/* Passes what stands between two groups: a colon, or once the gap. */
static int read_joint(struct gni_reader *r, struct ip6 *a)
{
	size_t begin = r->at;

	if (gni_reader_skip(r, "::")) {
		if (a->gap != NO_GAP)
			return gni_reader_refuse(r, begin, gap_rule);
		a->gap = a->count;
		return 0;
	}
	if (!gni_reader_skip(r, ":") || gni_reader_at_end(r))
		return gni_reader_refuse(r, r->at, ip6_rule);
	return 0;
}

/* Moves what stands behind the gap to the end and fills it with zeros. */
static int fill_gap(const struct gni_reader *r, struct ip6 *a)
{
	size_t behind = a->count - a->gap;

	if (a->count == IP6_BYTES)
		return gni_reader_refuse(r, r->at, gap_rule);
	memmove(a->bytes + IP6_BYTES - behind, a->bytes + a->gap, behind);
	memset(a->bytes + a->gap, 0, IP6_BYTES - a->count);
	return 0;
}

int gni_ip6_read(struct gni_reader *r, uint8_t bytes[16])
{
	struct ip6 a = { .bytes = bytes, .gap = NO_GAP };
	int code = 0;

	if (gni_reader_skip(r, "::"))
		a.gap = 0;
	while (code == 0 && !gni_reader_at_end(r)) {
		code = read_group(r, &a);
		if (code == 0 && !gni_reader_at_end(r))
			code = read_joint(r, &a);
	}
	if (code < 0)
		return code;
	if (a.gap != NO_GAP)
		return fill_gap(r, &a);
	if (a.count < IP6_BYTES)
		return gni_reader_refuse(r, r->at, ip6_rule);
	return 0;
}
