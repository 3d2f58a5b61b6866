/*
 * What the servers in C and C++ share: their options, their listening socket,
 * and the line by which a server says that it is ready. A server is ended by
 * SIGTERM's default action.
 */
#ifndef BENCH_SERVER_H
#define BENCH_SERVER_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct bench_options {
	/* 1 to BENCH_MESSAGE_LEN_MAX: whole messages of so many bytes are
	 * read and each is answered; 0: bytes return as they arrive. */
	size_t message_len;
	const char *path; /* of a Unix socket; NULL: TCP */
	bool buffered;    /* messages are read and written through buffers */
};

/*
 * bench_server_options reads the command line of a server: "--message LEN",
 * "--unix PATH", "--buffered", in any order. Anything else ends the process
 * with a sentence.
 */
struct bench_options bench_server_options(int argc, char **argv);

/*
 * bench_server_listen listens at a free port of 127.0.0.1, or at path. TCP
 * sockets accepted from it have TCP_NODELAY, which Linux inherits.
 *
 *   path        NULL: TCP
 *   type_flags  SOCK_NONBLOCK or 0, for the listening socket alone
 *   owns        the caller closes the returned descriptor
 */
int bench_server_listen(const char *path, int type_flags);

/*
 * bench_server_announce prints the port of listening socket fd on stdout, 0
 * for a Unix socket.
 */
void bench_server_announce(int fd);

#ifdef __cplusplus
}
#endif

#endif
