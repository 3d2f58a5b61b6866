/*
 * address_target.c: addresses.  Of whatever is read, what is written must be
 * read as the same again; of whatever is refused, the record must say where.
 *
 *	byte 0      even: a text follows; odd: a kind and a struct sockaddr
 */
#include "target.h"

#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include <gnezdo.h>

#include "addr/addr.h"
#include "addr/path.h"
#include "addr/target.h"

/* Its parts come from outside, but it may be printed as it is. */
static void check_sentence(void)
{
	char text[1024], printable[sizeof text];

	gn_error_text(gn_error_last(), text, sizeof text);
	memcpy(printable, text, strlen(text) + 1);
	WANT(strcmp(gn_printable(printable), text) == 0);
}

/* "character N: rule", where N is a character of the text or the end. */
static void check_refusal(const char *text)
{
	const char *why = gn_error_why(gn_error_last());
	unsigned long most = 1, character;
	char *end;

	for (const char *c = text; *c; c++)
		most += (*c & 0xc0) != 0x80;
	WANT(gn_code() == GN_EADDR);
	WANT(strncmp(why, "character ", 10) == 0);
	character = strtoul(why + 10, &end, 10);
	WANT(character >= 1 && character <= most);
	WANT(strncmp(end, ": ", 2) == 0 && end[2]);
	check_sentence();
}

/* Linux has two names that no text can say: a path that fills its field, and
 * an abstract name of no bytes. */
static bool has_text(const gn_addr *a)
{
	struct gni_path path = gni_path_of(a);

	if (gni_addr_family(a) != AF_UNIX)
		return true;
	return path.len > 0 && path.len < sizeof((struct sockaddr_un){ 0 }
							 .sun_path);
}

/* What is written is read as the same, and then written as the same. */
static void check_text(const gn_addr *a)
{
	char text[GN_ADDR_TEXT_MAX], again[GN_ADDR_TEXT_MAX];
	gn_addr b;

	gn_addr_text(a, text);
	WANT(strlen(text) < sizeof text - 1);
	WANT(gn_utf8_whole(text, strlen(text), NULL) == strlen(text));
	if (!has_text(a))
		return;
	WANT(gn_addr_parse(&b, text) == 0);
	WANT(gn_addr_equal(a, &b) && gn_addr_equal(&b, a));
	WANT(gn_addr_kind(a) == gn_addr_kind(&b));
	WANT(gn_addr_port(a) == gn_addr_port(&b));
	WANT(gn_addr_is_ipv6(a) == gn_addr_is_ipv6(&b));
	gn_addr_text(&b, again);
	WANT(strcmp(text, again) == 0);
}

/* The struct sockaddr in an address makes the same address. */
static void check_bytes(const gn_addr *a)
{
	gn_addr b;

	WANT(gn_addr_from(&b, gn_addr_kind(a), a->sockaddr, a->len) == 0);
	WANT(memcmp(a, &b, sizeof b) == 0);
}

/* A string that a socket can be opened with names whatever it names whole. */
static int check_target(const char *text, struct gni_target *t)
{
	int code = gni_target_parse(t, text, "fuzz");

	if (code < 0) {
		check_refusal(text);
		return code;
	}
	WANT(gni_kind_type(t->kind) != 0);
	WANT((t->host == GNI_HOST_NUMERIC) ==
	     (gn_addr_kind(&t->addr) == t->kind));
	WANT((t->host >= GNI_HOST_LOCAL) == (t->name[0] != '\0'));
	return 0;
}

static void try_text(struct input *in)
{
	char text[TARGET_INPUT_MAX + 1];
	struct gni_target t;
	gn_addr a;

	memcpy(text, in->at, in->left);
	text[in->left] = '\0';
	if (gn_addr_parse(&a, text) < 0) {
		WANT(gn_addr_kind(&a) == GN_KIND_NONE);
		check_refusal(text);
		check_target(text, &t);
		return;
	}
	WANT(check_target(text, &t) == 0);
	WANT(t.host == GNI_HOST_NUMERIC && t.port == gn_addr_port(&a));
	WANT(gn_addr_equal(&a, &t.addr));
	check_bytes(&a);
	check_text(&a);
}

static void try_bytes(struct input *in)
{
	enum gn_kind kind = input_byte(in) % (GN_PIPE + 2);
	gn_addr a;

	if (gn_addr_from(&a, kind, in->at, in->left) < 0) {
		WANT(gn_code() == GN_EINVAL);
		WANT(gn_addr_kind(&a) == GN_KIND_NONE);
		check_sentence();
		return;
	}
	WANT(gn_addr_kind(&a) == kind);
	check_text(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct input in = { data, len };

	if (len > TARGET_INPUT_MAX)
		return 0;
	if (input_byte(&in) % 2)
		try_bytes(&in);
	else
		try_text(&in);
	return 0;
}
