/*
 * waits.c: the calls that wait, and where they can be made to.
 */
#include "waits.h"

#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "place.h"

static gn_sock **of_quiet(struct stage *st)
{
	return &st->quiet[1];
}

static gn_sock **of_full(struct stage *st)
{
	return &st->full[0];
}

static gn_sock **of_listener(struct stage *st)
{
	return &st->listener;
}

static gn_sock **of_other(struct stage *st)
{
	return &st->other;
}

static int call_recv(struct stage *st, gn_time until)
{
	char c;

	return (int)gn_recv(st->quiet[1], &c, 1, until);
}

static int call_recvv(struct stage *st, gn_time until)
{
	char c[2];
	struct iovec v[2] = { { c, 1 }, { c + 1, 1 } };

	return (int)gn_recvv(st->quiet[1], v, 2, until);
}

static int call_recvfrom(struct stage *st, gn_time until)
{
	gn_addr from;
	char c;

	return (int)gn_recvfrom(st->quiet[1], &c, 1, &from, until);
}

static int call_exact(struct stage *st, gn_time until)
{
	char buf[5];

	return (int)gn_recv_exact(st->quiet[1], buf, sizeof buf, until);
}

static int call_line(struct stage *st, gn_time until)
{
	char buf[5];

	return (int)gn_recv_line(st->quiet[1], buf, sizeof buf, until);
}

static int call_until(struct stage *st, gn_time until)
{
	char buf[5];

	return (int)gn_recv_until(st->quiet[1], buf, sizeof buf, "ab", 2,
				  until);
}

static int call_text(struct stage *st, gn_time until)
{
	char buf[5];

	return (int)gn_recv_text(st->quiet[1], buf, sizeof buf, until);
}

static int call_wait(struct stage *st, gn_time until)
{
	return gn_wait(st->quiet[1], until);
}

static int call_listener_wait(struct stage *st, gn_time until)
{
	return gn_wait(st->listener, until);
}

static int call_accept(struct stage *st, gn_time until)
{
	return gn_accept(st->listener, until) ? 0 : gn_code();
}

/* More than TCP could find room for, should it move its bytes about: messages
 * are short. */
static char bulk[(size_t)4 << 20];

static size_t bulk_len(const struct stage *st)
{
	return st->p->kind->traits & K_STREAM ? sizeof bulk : 10;
}

static int call_send(struct stage *st, gn_time until)
{
	return gn_send(st->full[0], bulk, bulk_len(st), until);
}

static int call_sendv(struct stage *st, gn_time until)
{
	struct iovec v[2] = { { bulk, 1 }, { bulk, bulk_len(st) } };

	return gn_sendv(st->full[0], v, 2, until);
}

static int call_sendto(struct stage *st, gn_time until)
{
	return gn_sendto(st->other, "x", 1, &st->to, until);
}

static int call_wait_fd(struct stage *st, gn_time until)
{
	return gn_wait_fd(st->fd[0], POLLIN, until);
}

const struct wait waits[] = {
	{ "recv", 0, 0, call_recv, of_quiet, false },
	{ "recv", 0, 0, call_recvv, of_quiet, false },
	{ "recvfrom", K_BOUND, 0, call_recvfrom, of_quiet, false },
	{ "recv_exact", K_STREAM, 0, call_exact, of_quiet, false },
	{ "recv_line", K_STREAM, 0, call_line, of_quiet, false },
	{ "recv_until", K_STREAM, 0, call_until, of_quiet, false },
	{ "recv_text", 0, 0, call_text, of_quiet, false },
	{ "wait", 0, 0, call_wait, of_quiet, false },
	{ "wait", K_SERVED, 0, call_listener_wait, of_listener, false },
	{ "accept", K_SERVED, 0, call_accept, of_listener, false },
	{ "send", 0, K_UDP, call_send, of_full, false },
	{ "send", 0, K_UDP, call_sendv, of_full, false },
	{ "sendto", K_BOUND, K_UDP, call_sendto, of_other, false },
	{ "wait_fd", 0, 0, call_wait_fd, NULL, true },
	{ 0 },
};

bool waits_here(const struct place *p, const struct wait *w)
{
	unsigned traits = p->kind->traits;

	return (traits & w->on) == w->on && !(traits & w->never) &&
	       !(w->real && p->sim);
}

static int open_full(struct stage *st)
{
	char address[ADDRESS_MAX];

	TRY(two(st->p, st->full));
	if (fill(st->full[0]) < 0)
		return -1;
	if (!(st->p->kind->traits & K_BOUND))
		return 0;
	gn_sock_local(st->full[1], &st->to);
	st->other = listen_somewhere(st->p, address);
	return st->other ? 0 : -1;
}

int stage_open(const struct place *p, struct stage *st)
{
	char address[ADDRESS_MAX];

	*st = (struct stage){ .p = p, .fd = { -1, -1 } };
	TRY(two(p, st->quiet));
	if (!(p->kind->traits & K_UDP))
		TRY(open_full(st));
	if (p->kind->traits & K_SERVED) {
		st->listener = listen_somewhere(p, address);
		WANT(st->listener);
	}
	if (!p->sim)
		WANT(pipe(st->fd) == 0);
	return 0;
}

static int visit(struct stage *st)
{
	char address[ADDRESS_MAX];
	gn_sock *s, *accepted;

	address_of(st->listener, address);
	s = gn_connect(address, NULL, SOON);
	WANT(s);
	WANT_IS(gn_wait(st->listener, SOON), 0);
	accepted = gn_accept(st->listener, SOON);
	WANT(accepted);
	gn_close(s);
	gn_close(accepted);
	return 0;
}

int stage_alive(struct stage *st)
{
	if (st->quiet[1]) {
		TRY(send_pattern(st->quiet[0], 10, 0));
		TRY(recv_pattern(st->quiet[1], 10, 0));
	}
	if (st->listener)
		TRY(visit(st));
	if (st->fd[0] >= 0) {
		WANT(write(st->fd[1], "", 1) == 1);
		WANT_IS(gn_wait_fd(st->fd[0], POLLIN, SOON), POLLIN);
		WANT_IS(gn_wait_fd(st->fd[0], POLLIN, GN_NOW), POLLIN);
		WANT(read(st->fd[0], &(char){ 0 }, 1) == 1);
	}
	return 0;
}

void stage_close(struct stage *st)
{
	gn_close(st->quiet[0]);
	gn_close(st->quiet[1]);
	gn_close(st->full[0]); /* first: the other has unread bytes */
	gn_close(st->full[1]);
	gn_close(st->listener);
	gn_close(st->other);
	if (st->fd[0] >= 0) {
		close(st->fd[0]);
		close(st->fd[1]);
	}
}
