/*
 * parity_test.h: small scripts of what a program does with sockets, run the
 * same way on the kernel and in the simulator, so that the two can be compared
 * step by step.
 *
 *	tcp l, udp l, unix l, dgram l, packet l   a socket named l; tcp and udp
 *	                 are of IPv4, or of IPv6 if the script is run so
 *	bind l           to a free address, which stays known as l's
 *	listen l 8       with a backlog
 *	connect a l      until it is over; begin a l: tried once
 *	accept l b       as a socket named b
 *	send a 5         so many bytes; sendto a l 5: to l's address
 *	recv a 9         up to so many; peek a 9, trunc a 9: with that flag
 *	shut a r|w|b     one way or both
 *	linger a         SO_LINGER of 0 s;  close a;  reset a: both
 *	poll a           which of in, pri, out, err, hup, rdhup there are
 *	error a          SO_ERROR
 *	name a, peer a   whose address it is: the letter, "none" or "other"
 *	later recv a 9   the same of recv, accept, connect, send or poll, but it
 *	                 stays in; one a socket
 *	heard a          what came of it; cancel a: after a cancel
 *
 * A step's result is a number, an errno's name, or "waits".
 */
#ifndef GNI_IO_PARITY_TEST_H
#define GNI_IO_PARITY_TEST_H

#include "io/seam_test.h"

#define PARITY_NAMES 26
#define PARITY_RESULT_SIZE 48

struct parity_sock {
	int fd; /* -1: none */
	int family;
	gn_addr at; /* where it is bound; kind 0: nowhere */

	/* The operation that is to be heard of later. */
	struct heard later;
	struct msghdr message;
	struct iovec vector;
	int accepts; /* what an accept that is in will be called; -1 */
};

struct parity {
	struct seam seam; /* its family: of tcp and udp */
	bool sim;
	struct parity_sock socks[PARITY_NAMES];
};

/* A backend of one machine, or of one simulated host. */
struct parity_backend {
	const char *name;
	int (*open)(struct gni_io **io);
	bool sim;
};

/* Ends with a NULL name; the first is the simulator. */
extern const struct parity_backend parity_backends[];

/* parity_open gives 0 or a negative errno: the machine refuses it. */
int parity_open(struct parity *p, const struct parity_backend *backend);

/* parity_close closes what is open too. */
void parity_close(struct parity *p);

/*
 * parity_step does a step and gives its result.  What travels by the kernel
 * may take a moment: if something is expected, what changes nothing (a poll,
 * a step that waits) is done again until it is as expected, for some
 * seconds at most; NULL: nothing is.
 */
void parity_step(struct parity *p, const char *step, const char *expected,
		 char result[PARITY_RESULT_SIZE]);

#endif
