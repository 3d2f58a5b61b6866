/*
 * The echo server on libevent's bufferevents: bytes move from the buffer of
 * what came to the buffer of what goes out, without a copy where they are
 * echoed as they are. A peer that does not read is not read from either.
 */
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include "frames.h"
#include "process.h"
#include "server.h"

#define READ_LEN_MAX (64 * 1024)
/* Unsent bytes of one connection above which it is not read. */
#define UNSENT_LEN_MAX (256 * 1024)

static size_t message_len;
static struct event_base *base;

static void answer_messages(struct evbuffer *in, struct evbuffer *out)
{
	uint8_t message[BENCH_MESSAGE_LEN_MAX];

	while (evbuffer_get_length(in) >= message_len) {
		evbuffer_remove(in, message, message_len);
		evbuffer_add(out, message, message_len);
	}
}

static void on_read(struct bufferevent *conn, void *arg)
{
	struct evbuffer *in = bufferevent_get_input(conn);
	struct evbuffer *out = bufferevent_get_output(conn);

	(void)arg;
	if (message_len > 0)
		answer_messages(in, out);
	else
		evbuffer_add_buffer(out, in);
	if (evbuffer_get_length(out) > UNSENT_LEN_MAX)
		bufferevent_disable(conn, EV_READ);
}

/* Everything is sent. */
static void on_written(struct bufferevent *conn, void *arg)
{
	(void)arg;
	if (!(bufferevent_get_enabled(conn) & EV_READ))
		bufferevent_enable(conn, EV_READ);
}

static void on_end(struct bufferevent *conn, short events, void *arg)
{
	(void)events;
	(void)arg;
	bufferevent_free(conn);
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd,
		      struct sockaddr *from, int from_len, void *arg)
{
	struct bufferevent *conn =
		bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);

	(void)listener;
	(void)from;
	(void)from_len;
	(void)arg;
	if (!conn)
		bench_fail("bufferevent_socket_new");
	bufferevent_setcb(conn, on_read, on_written, on_end, NULL);
	bufferevent_set_max_single_read(conn, READ_LEN_MAX);
	bufferevent_set_max_single_write(conn, READ_LEN_MAX);
	bufferevent_enable(conn, EV_READ | EV_WRITE);
}

static struct event_base *make_base(void)
{
	struct event_config *config = event_config_new();
	struct event_base *made;

	if (!config)
		bench_fail("event_config_new");
	/* A change of a descriptor's events that is taken back before the next
	 * wait costs no system call: nothing is ever closed behind its back. */
	event_config_set_flag(config, EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST);
	event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
	made = event_base_new_with_config(config);
	event_config_free(config);
	if (!made)
		bench_fail("event_base_new_with_config");
	return made;
}

int main(int argc, char **argv)
{
	struct bench_options options = bench_server_options(argc, argv);
	int fd = bench_server_listen(options.path, SOCK_NONBLOCK);

	message_len = options.message_len;
	bench_files_raise();
	base = make_base();
	/* 0: it listens already. */
	if (!evconnlistener_new(base, on_accept, NULL, LEV_OPT_CLOSE_ON_EXEC, 0,
				fd))
		bench_fail("evconnlistener_new");
	bench_server_announce(fd);
	return event_base_dispatch(base);
}
