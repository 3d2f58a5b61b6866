/*
 * meet.c: how the two sides of the wire find each other, and what an error
 * must tell.
 */
#include <stdio.h>
#include <string.h>

#include "row.h"

/* In a simulation the port is fixed: each host has all of its own. */
#define SIM_PORT 7000

static void where_to_serve(const struct world *w, const char *scheme,
			   const char *options, char address[ADDRESS_MAX])
{
	const char *mark = *options ? "?" : "";

	if (w->sim)
		snprintf(address, ADDRESS_MAX, "%s://:%d%s%s", scheme, SIM_PORT,
			 mark, options);
	else
		snprintf(address, ADDRESS_MAX, "%s://%s:0%s%s", scheme, w->host,
			 mark, options);
}

gn_sock *serve_at(struct world *w, const char *scheme, const char *options)
{
	char address[ADDRESS_MAX];
	gn_sock *s;

	where_to_serve(w, scheme, options, address);
	if (strncmp(scheme, "udp", 3) == 0)
		s = gn_bind(address, NULL);
	else
		s = gn_listen(address, NULL);
	if (!s) {
		broken(__FILE__, __LINE__, address);
		return NULL;
	}
	if (w->sim)
		snprintf(w->address, ADDRESS_MAX, "%s://%s:%d", scheme, w->host,
			 SIM_PORT);
	else
		address_of(s, w->address);
	return ring_them(&w->place) < 0 ? NULL : s;
}

int where_they_are(struct world *w)
{
	return hear_them(&w->place);
}

gn_sock *meet(struct world *w, const gn_sock_opts *opts)
{
	gn_sock *s = NULL;

	if (where_they_are(w) == 0)
		s = gn_connect(w->address, opts, SOON);
	if (!s)
		broken(__FILE__, __LINE__, "the other side is met");
	return s;
}

gn_sock *admit(struct world *w, const char *scheme, const char *options)
{
	gn_sock *l = serve_at(w, scheme, options);
	gn_sock *s = l ? gn_accept(l, SOON) : NULL;

	if (!s)
		broken(__FILE__, __LINE__, "the other side is admitted");
	gn_close(l);
	return s;
}

int want_told(const char *file, int line, const char *operation, int code,
	      int sys, const char *where)
{
	const gn_error *e = gn_error_last();
	char text[1024], peer[ADDRESS_MAX] = "";

	gn_error_text(e, text, sizeof text);
	if (gn_error_peer(e))
		gn_addr_text(gn_error_peer(e), peer);
	if (gn_error_code(e) != code || gn_error_errno(e) != sys) {
		note("# %s:%d: wanted %s with errno %d: %s with errno %d\n"
		     "#     \"%s\"\n",
		     file, line, gn_code_name(code), sys,
		     gn_code_name(gn_error_code(e)), gn_error_errno(e), text);
		return -1;
	}
	if (strcmp(gn_error_operation(e), operation) != 0)
		return unlike(file, line, "the operation told", operation,
			      gn_error_operation(e));
	if (where && (!strstr(peer, where) || !strstr(text, where)))
		return unlike(file, line, "the peer told", where, text);
	return 0;
}
