/*
 * work.c: trying again, several at once, and connections.
 */
#include "work.h"

#include "kit.h"
#include "op.h"

/* How long one rests before it tries again. */
#define RETRY_NS (50 * GN_MSEC)

gn_time work_idle(void)
{
	return gn_in(30 * GN_SEC);
}

/* ---- over and over */

bool work_lost(int code)
{
	static const int lost[] = { GN_ERESET,	 GN_EDEAD,    GN_ESHORT,
				    GN_EEND,	 GN_ETIMEOUT, GN_ENOMEM,
				    GN_ELIMIT,	 GN_EREFUSED, GN_ENOENT,
				    GN_EUNREACH, GN_EINUSE };

	for (size_t i = 0; i < sizeof lost / sizeof *lost; i++)
		if (code == lost[i])
			return true;
	return false;
}

int work_after(int result)
{
	if (result < 0 && !gn_cancelled() && !work_lost(result))
		trial_fail(__FILE__, __LINE__, "an attempt failed: %s",
			   gn_code_name(result));
	return result < 0 ? op_sleep(gn_in(RETRY_NS)) : op_sleep(GN_NOW);
}

int work_until(bool (*done)(const void *arg), int (*attempt)(void *arg),
	       void *arg)
{
	while (!done(arg))
		if (work_after(attempt(arg)) < 0)
			return gn_code();
	return 0;
}

int work_repeat(unsigned *left, int (*attempt)(void))
{
	while (*left > 0) {
		int result = attempt();

		*left -= result >= 0;
		if (work_after(result) < 0)
			return gn_code();
	}
	return 0;
}

int work_sessions(unsigned *left, const char *address, const gn_sock_opts *opts,
		  int (*session)(gn_sock *s))
{
	while (*left > 0) {
		gn_sock *s = work_connect(address, opts);
		int result = s ? session(s) : gn_code();

		*left -= result >= 0;
		if (work_after(result) < 0)
			return gn_code();
	}
	return 0;
}

/* ---- several at once */

int work_join(gn_group *g, int result)
{
	if (result == 0 || (result == GN_ECANCELED && !gn_cancelled()))
		return op_group_wait(g, GN_NEVER);
	return result;
}

int work_both(gn_fiber_fn *one, gn_fiber_fn *other, void *arg)
{
	gn_group *g = gn_group_open(NULL);
	int result;

	WANT(g);
	result = op_go(g, one, arg);
	if (result == 0)
		result = op_go(g, other, arg);
	result = work_join(g, result);
	gn_group_close(g);
	return result;
}

int work_crowd(gn_fiber_fn *fn, unsigned count, void *elements, size_t size)
{
	gn_group *g = gn_group_open(NULL);
	char *element = elements;
	int result = 0;

	WANT(g);
	for (; count > 0 && result == 0; count--, element += size)
		result = op_go(g, fn, element);
	result = work_join(g, result);
	gn_group_close(g);
	return result;
}

/* ---- connections */

static gn_sock *listen_somehow(const char *address, const gn_sock_opts *opts)
{
	gn_sock *l = NULL;

	while (!l && !gn_cancelled()) {
		l = op_listen(address, opts);
		if (!l && op_sleep(gn_in(100 * GN_MSEC)) < 0)
			break;
	}
	return l;
}

int work_accept(const char *address, const gn_sock_opts *opts,
		gn_fiber_fn *handler)
{
	gn_group *g = gn_group_open(&(gn_group_opts){ .keep_going = true });
	gn_sock *l = listen_somehow(address, opts), *s;

	WANT(g);
	while (l && (s = op_accept(l, GN_NEVER)))
		if (op_go(g, handler, s) < 0)
			op_close(s);
	op_close(l);
	gn_group_close(g);
	WANT(gn_cancelled());
	return GN_ECANCELED;
}

gn_sock *work_connect(const char *address, const gn_sock_opts *opts)
{
	int64_t rest_ns = 10 * GN_MSEC;
	gn_sock *s;

	while (!(s = op_connect(address, opts, gn_in(10 * GN_SEC)))) {
		if (op_sleep(gn_in(rest_ns)) < 0)
			return NULL;
		rest_ns = rest_ns < GN_SEC ? rest_ns * 2 : rest_ns;
	}
	return s;
}

int work_send(gn_sock *s, const void *buf, size_t len)
{
	gn_time end = work_idle();
	const uint8_t *at = buf;

	while (len > 0) {
		int result =
			op_send(s, at, len, gn_time_earlier(end, draw_until()));
		size_t done = op_sent();

		if (result < 0 && result != GN_ETIMEOUT)
			return result;
		if (result < 0 && !gn_time_before(gn_now(), end))
			return result;
		at += done;
		len -= done;
	}
	return 0;
}
