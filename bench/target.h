/*
 * Where a load connects to: a port of 127.0.0.1 or the path of a Unix socket.
 */
#ifndef BENCH_TARGET_H
#define BENCH_TARGET_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

struct bench_target {
	socklen_t len;
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_un un;
	};
};

/* bench_target_port names a TCP server. */
struct bench_target bench_target_port(uint16_t port);

/* bench_target_path names a Unix server, or ends the process. */
struct bench_target bench_target_path(const char *path);

/*
 * bench_target_connect connects and waits for that. The socket does not block
 * afterwards, and TCP has TCP_NODELAY.
 *
 *   owns  the caller closes the returned descriptor
 */
int bench_target_connect(const struct bench_target *target);

/*
 * bench_target_begin begins to connect and does not wait: sending fails with
 * EAGAIN until the connection stands.
 *
 *   number  chooses one of many addresses of this machine to come from: ports
 *           of one address would run out, for each rests a minute after use
 *   owns    the caller closes the returned descriptor
 */
int bench_target_begin(const struct bench_target *target, size_t number);

#endif
