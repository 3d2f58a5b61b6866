/*
 * What the hand-written servers share: their one option, their listening
 * socket, and the line by which a server says that it is ready. A server is
 * ended by SIGTERM's default action.
 */
#ifndef BENCH_SERVER_H
#define BENCH_SERVER_H

#include <stddef.h>

/*
 * bench_server_message_len reads the command line of a server.
 *
 * Returns the bytes of a message (1 to BENCH_MESSAGE_LEN_MAX) after
 * "--message LEN": the server then reads whole messages and answers each;
 * 0 without the option: the server returns bytes as they arrive. Anything
 * else on the command line ends the process with a sentence.
 */
size_t bench_server_message_len(int argc, char **argv);

/*
 * bench_server_listen listens on 127.0.0.1 at a free port. Sockets accepted
 * from it have TCP_NODELAY, which Linux inherits.
 *
 *   type_flags  SOCK_NONBLOCK or 0, for the listening socket alone
 *   owns        the caller closes the returned descriptor
 */
int bench_server_listen(int type_flags);

/* bench_server_announce prints the port of listening socket fd on stdout. */
void bench_server_announce(int fd);

#endif
