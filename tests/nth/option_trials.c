/*
 * option_trials.c: what is set on a socket.
 */
#include "nth.h"

static int with_tcp(int (*set)(gn_sock *s))
{
	gn_sock *s[2];
	int result = nth_tcp(s);

	if (result < 0)
		return result;
	result = set(s[0]);
	gn_close(s[0]);
	gn_close(s[1]);
	return result;
}

static int set_nodelay(gn_sock *s)
{
	STEP(gn_sock_set_nodelay(s, false));
	STEP(gn_sock_set_nodelay(s, true));
	return 0;
}

static int nodelay(void)
{
	return with_tcp(set_nodelay);
}

static int set_buffers(gn_sock *s)
{
	STEP(gn_sock_set_buffers(s, 65536, 65536));
	return 0;
}

static int buffers(void)
{
	return with_tcp(set_buffers);
}

static int set_alive(gn_sock *s)
{
	STEP(gn_sock_set_alive(s, 30 * GN_SEC));
	STEP(gn_sock_set_alive(s, 0));
	return 0;
}

static int alive(void)
{
	return with_tcp(set_alive);
}

const struct nth_trial option_trials[] = {
	{ "gn_sock_set_nodelay", nodelay, 0 },
	{ "gn_sock_set_buffers", buffers, 0 },
	{ "gn_sock_set_alive", alive, 0 },
	{ 0 },
};
