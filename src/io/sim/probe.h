/*
 * probe.h: for the tests of this room: a simulation driven directly through
 * io.h, one step at a time.
 */
#ifndef GNI_IO_SIM_PROBE_H
#define GNI_IO_SIM_PROBE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "io/sim/sim.h"

/* Hosts of every probe: a is 10.0.0.1, b is 10.0.0.2. */
#define HOST_A 1
#define HOST_B 2

/* One way between them. */
#define LATENCY_NS (200 * GN_MSEC)

/* An operation and what came of it. */
struct probe_op {
	struct gni_op op;
	int result;
	bool more;
	unsigned count; /* completions */
};

/* probe_open makes a simulation of two hosts and enters a. */
struct gni_io *probe_open(const struct gni_sim_options *options);
void probe_close(struct gni_io *io);

/* probe_each runs a test in order and from some seeds, with and without the
 * standing operations; each must leave no descriptor behind. */
void probe_each(void (*test)(struct gni_io *io));

/* PROBE defines a cmocka test that probe_each runs. */
#define PROBE(name)                               \
	static void name##_once(struct gni_io *io); \
	static void name(void **state)            \
	{                                         \
		(void)state;                      \
		probe_each(name##_once);          \
	}                                         \
	static void name##_once(struct gni_io *io)

int64_t probe_now(struct gni_io *io);

/* Adds a rule that begins so many ns from now and lasts so many (0: for ever):
 * for "a>b", "a<>b", "a" or "" (everything). */
void probe_fault(struct gni_io *io, const char *scope, int64_t in_ns,
		 int64_t for_ns, gn_faults faults);

/* How often a fault struck, and how often it was dealt with. */
struct gni_sim_count probe_count(struct gni_io *io, enum gni_fault fault);

/* An address of the host's own kind: "10.0.0.1", "::1". */
gn_addr probe_inet(const char *ip, uint16_t port);

/* A Unix address; a name that begins with @ is abstract, "" has no bytes. */
gn_addr probe_unix(const char *name);

/* The address a socket has, or its peer's. */
gn_addr probe_name(struct gni_io *io, int fd, bool peer);
uint16_t probe_port(const gn_addr *addr);

/* A socket of a host, which is entered. */
int probe_socket(struct gni_io *io, unsigned place, int domain, int type);
int probe_bind(struct gni_io *io, int fd, gn_addr addr);

/* A listener of a host at an address, with room for 16. */
int probe_listen(struct gni_io *io, unsigned place, gn_addr addr);

/* Submits; the fields that the kind needs are set before. */
void probe_begin(struct gni_io *io, struct probe_op *p, int fd, int kind);

/* Waits until it has ended, and gives its result. */
int probe_end(struct gni_io *io, struct probe_op *p);

/* Lets everything happen until the instant of so many ns from now. */
void probe_pass(struct gni_io *io, int64_t ns);

/* Operations from begin to end. */
int probe_connect(struct gni_io *io, int fd, gn_addr addr);
int probe_accept(struct gni_io *io, int fd);
int probe_recv(struct gni_io *io, int fd, void *buf, size_t len);
int probe_send(struct gni_io *io, int fd, const void *buf, size_t len);

/* Sends all of it, a page at a time. */
void probe_send_all(struct gni_io *io, int fd, const void *buf, size_t len);

/* Receives just these bytes of a stream. */
void probe_expect(struct gni_io *io, int fd, const void *bytes, size_t len);

/* Calls that do not wait. */
ssize_t probe_try_recv(struct gni_io *io, int fd, void *buf, size_t len,
		       int flags);
ssize_t probe_try_send(struct gni_io *io, int fd, const void *buf, size_t len,
		       int flags);
ssize_t probe_try_sendto(struct gni_io *io, int fd, const void *buf, size_t len,
			 gn_addr to);

/* The events of now; 0 when there are none. */
int probe_poll(struct gni_io *io, int fd, unsigned events);

int probe_shutdown(struct gni_io *io, int fd, int how);
int probe_get(struct gni_io *io, int fd, int level, int option);
int probe_set(struct gni_io *io, int fd, int level, int option, int value);
void probe_abort(struct gni_io *io, int fd); /* SO_LINGER {1, 0} and close */
void probe_drop(struct gni_io *io, int fd);  /* close */

/* A connection: fd[0] is of host a, fd[1] of the other; the listener is
 * closed, and nothing is under way. */
void probe_tcp(struct gni_io *io, unsigned other, int fd[2]);

#endif
