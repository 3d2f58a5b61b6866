/*
 * The echo server on libuv: what is sent is first tried at once, and only the
 * rest that a full socket refuses becomes a write request with a copy. While
 * one is on its way its connection is not read.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <uv.h>

#include "frames.h"
#include "process.h"
#include "server.h"

#define INPUT_LEN_MAX (64 * 1024)
#define BACKLOG_MAX 65535

struct conn {
	union { /* first: handles are cast back to it */
		uv_stream_t stream;
		uv_tcp_t tcp;
		uv_pipe_t pipe;
	};
	struct bench_frames frames;
};

struct rest {
	uv_write_t request; /* first: requests are cast back to it */
	uint8_t bytes[];
};

static struct bench_options options;
static char input[INPUT_LEN_MAX];
static uint8_t answers[INPUT_LEN_MAX + BENCH_MESSAGE_LEN_MAX];

static void check(int result, const char *what)
{
	if (result >= 0)
		return;
	errno = -result;
	bench_fail(what);
}

static void *claim(size_t len)
{
	void *bytes = malloc(len);

	if (!bytes)
		bench_fail("malloc");
	return bytes;
}

static void on_close(uv_handle_t *handle)
{
	free(handle);
}

static void drop(uv_stream_t *stream)
{
	if (!uv_is_closing((uv_handle_t *)stream))
		uv_close((uv_handle_t *)stream, on_close);
}

/* One buffer for all: it is read and answered before the callback returns. */
static void on_alloc(uv_handle_t *handle, size_t wanted_len, uv_buf_t *buf)
{
	(void)handle;
	(void)wanted_len;
	*buf = uv_buf_init(input, sizeof input);
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buf);

static void on_rest_sent(uv_write_t *request, int status)
{
	uv_stream_t *stream = request->handle;

	free(request);
	if (status < 0 || uv_read_start(stream, on_alloc, on_read) < 0)
		drop(stream);
}

static void send_rest(uv_stream_t *stream, const uint8_t *bytes, size_t len)
{
	struct rest *rest = claim(sizeof *rest + len);
	uv_buf_t buf = uv_buf_init((char *)rest->bytes, (unsigned)len);

	memcpy(rest->bytes, bytes, len);
	uv_read_stop(stream);
	if (uv_write(&rest->request, stream, &buf, 1, on_rest_sent) < 0) {
		free(rest);
		drop(stream);
	}
}

static void answer(uv_stream_t *stream, uint8_t *bytes, size_t len)
{
	uv_buf_t buf = uv_buf_init((char *)bytes, (unsigned)len);
	int sent = uv_try_write(stream, &buf, 1);

	if (sent == UV_EAGAIN)
		sent = 0;
	if (sent < 0)
		drop(stream);
	else if ((size_t)sent < len)
		send_rest(stream, bytes + sent, len - (size_t)sent);
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buf)
{
	struct conn *conn = (struct conn *)stream;
	uint8_t *bytes = (uint8_t *)buf->base;
	size_t made;

	if (got < 0) {
		drop(stream);
		return;
	}
	if (options.message_len == 0) {
		answer(stream, bytes, (size_t)got);
		return;
	}
	made = bench_frames_answer(&conn->frames, options.message_len, bytes,
				   (size_t)got, answers);
	if (made > 0)
		answer(stream, answers, made);
}

static void init(uv_loop_t *loop, struct conn *conn)
{
	if (options.path)
		check(uv_pipe_init(loop, &conn->pipe, 0), "uv_pipe_init");
	else
		check(uv_tcp_init(loop, &conn->tcp), "uv_tcp_init");
}

static void on_connection(uv_stream_t *listener, int status)
{
	struct conn *conn = claim(sizeof *conn);

	check(status, "accept");
	memset(conn, 0, sizeof *conn);
	init(listener->loop, conn);
	check(uv_accept(listener, &conn->stream), "uv_accept");
	if (uv_read_start(&conn->stream, on_alloc, on_read) < 0)
		drop(&conn->stream);
}

int main(int argc, char **argv)
{
	uv_loop_t *loop = uv_default_loop();
	struct conn listener;
	int fd;

	options = bench_server_options(argc, argv);
	bench_files_raise();
	fd = bench_server_listen(options.path, SOCK_NONBLOCK);
	init(loop, &listener);
	if (options.path)
		check(uv_pipe_open(&listener.pipe, fd), "uv_pipe_open");
	else
		check(uv_tcp_open(&listener.tcp, fd), "uv_tcp_open");
	check(uv_listen(&listener.stream, BACKLOG_MAX, on_connection),
	      "uv_listen");
	bench_server_announce(fd);
	return uv_run(loop, UV_RUN_DEFAULT);
}
