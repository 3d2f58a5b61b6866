/*
 * ends.c: two ends of one connection, and what keeps them busy.
 */
#include "ends.h"

#include "kit.h"
#include "op.h"
#include "work.h"

/* Others may have been let in first, whom nobody waits for. */
#define ACCEPT_NS (3 * GN_SEC)

gn_sock *ends_knock(const gn_addr *at, gn_time until)
{
	char address[GN_ADDR_TEXT_MAX];

	return op_connect(gn_addr_text(at, address), NULL, until);
}

int ends_open(struct ends *e, gn_sock *listener)
{
	gn_sock *pair[2];
	gn_addr at;

	*e = (struct ends){ .in = flow_new() };
	e->out = flow_new();
	if (chance(2)) {
		if (op_pair(GN_UNIX, pair) < 0)
			return gn_code();
		e->near = pair[0];
		e->far = pair[1];
		return 0;
	}
	gn_sock_local(listener, &at);
	e->near = ends_knock(&at, work_idle());
	e->far = e->near ? op_accept(listener, gn_in(ACCEPT_NS)) : NULL;
	return e->far ? 0 : gn_code();
}

void ends_close(struct ends *e)
{
	if (e->near)
		flow_close(e->out, e->near);
	if (e->far)
		flow_close(e->in, e->far);
	e->near = e->far = NULL;
}

int ends_feed(void *arg)
{
	struct ends *e = arg;
	int result = 0;

	for (uint64_t n = draw_among(3, 25); n > 0 && result == 0; n--) {
		result = flow_send_some(e->in, e->far, work_idle());
		if (result == 0 && chance(3))
			result = kit_pause(5 * GN_MSEC);
	}
	return result < 0 ? result : flow_finish(e->in, e->far, work_idle());
}

int ends_eat(void *arg)
{
	struct ends *e = arg;
	ssize_t n;

	do {
		n = flow_recv_some(e->out, e->far, GN_NEVER);
		if (n > 0 && chance(4) && kit_pause(5 * GN_MSEC) < 0)
			return gn_code();
	} while (n > 0);
	return (int)n;
}
