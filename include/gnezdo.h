/*
 * gnezdo.h: sockets for C.  This header includes them all.
 *
 *	error.h    what failed, between whom, why
 *	time.h     instants, durations, gn_sleep
 *	addr.h     addresses, one grammar
 *	fault.h    what goes wrong on a network, one grammar
 *	text.h     text that came from outside
 *	socket.h   listen, accept, connect, send, receive, close
 *	task.h     fibers in groups, channels
 *	serve.h    a server in one call
 *	sim.h      the same program on a simulated network
 *	sweep.h    a scenario on it, for many seeds
 *	version.h  which gnezdo this is, and what it stands on
 *
 *	#include <gnezdo.h>
 *	#include <stdio.h>
 *
 *	int main(void)
 *	{
 *		gn_auto gn_sock *l = gn_listen("tcp://127.0.0.1:0", NULL);
 *
 *		if (!l)
 *			gn_perror("server");
 *		return l ? 0 : gn_exit_status(gn_code());
 *	}
 */
#ifndef GNEZDO_H
#define GNEZDO_H

#include <gnezdo/error.h>
#include <gnezdo/time.h>
#include <gnezdo/addr.h>
#include <gnezdo/fault.h>
#include <gnezdo/text.h>
#include <gnezdo/socket.h>
#include <gnezdo/task.h>
#include <gnezdo/serve.h>
#include <gnezdo/sim.h>
#include <gnezdo/sweep.h>
#include <gnezdo/version.h>

#endif
