/*
 * option.h: the options of a simulated socket.
 */
#ifndef GNI_IO_SIM_OPTION_H
#define GNI_IO_SIM_OPTION_H

#include <stdbool.h>
#include <sys/socket.h>

struct gni_node;

struct gni_socket_options {
	/* As getsockopt gives them: twice what was asked for, and the half of
	 * it holds a stream's bytes. */
	int send_bytes, recv_bytes;
	int reuse, keepalive, only_ipv6;
	int timestamp; /* messages, not streams, come with their instant */
	struct linger linger;
	int nodelay, keep_idle_s, keep_interval_s, keep_count;
	int user_timeout_ms;
};

/* gni_option_init sets what Linux sets for such a socket. */
void gni_option_init(struct gni_socket_options *options, bool tcp);

/* gni_option_get and gni_option_set are the backend's calls. */
int gni_option_get(struct gni_node *node, int level, int option, void *value,
		   socklen_t *len);
int gni_option_set(struct gni_node *node, int level, int option,
		   const void *value, socklen_t len);

#endif
