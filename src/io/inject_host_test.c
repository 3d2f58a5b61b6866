/*
 * inject_host_test.c: faults of a host: calls that fail for want of something,
 * or do less than they could.
 */
#include "io/inject_test.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#define BYTES 5000

static uint8_t sent[BYTES], came[BYTES];

static void fill_bytes(void)
{
	for (size_t i = 0; i < sizeof sent; i++)
		sent[i] = (uint8_t)(i * 7 + i / 256);
	memset(came, 0, sizeof came);
}

static bool is_one_of(int result, const int errors[], size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (result == -errors[i])
			return true;
	return false;
}

static void assert_no_memory(ssize_t result)
{
	static const int errors[] = { ENOMEM, ENOBUFS };

	assert_true(is_one_of((int)result, errors, 2));
}

static void assert_no_descriptor(int result)
{
	static const int errors[] = { EMFILE, ENFILE };

	assert_true(is_one_of(result, errors, 2));
}

/* ---- short-io */

/* Sends all by one way or the other, and receives it likewise. */
static void move(struct trial *t, const int fd[2], bool by_op)
{
	struct seam *s = &t->under;
	size_t out = 0, in = 0;

	fill_bytes();
	while (in < BYTES) {
		size_t ask = BYTES - out;
		ssize_t n = 0;

		if (ask > 0)
			n = by_op ? do_send(s, fd[0], sent + out, ask) :
				    send_now(s, fd[0], sent + out, ask);
		assert_true(ask == 0 || n > 0);
		assert_true(ask < 2 || n < (ssize_t)ask);
		out += (size_t)n;
		n = by_op ? do_recv(s, fd[1], came + in, BYTES - in) :
			    recv_now(s, fd[1], came + in, BYTES - in);
		assert_true(n > 0);
		in += (size_t)n;
	}
	assert_memory_equal(sent, came, BYTES);
	assert_true(struck(t, GNI_FAULT_SHORT_IO) > 0);
}

static void short_streams(struct trial *t)
{
	static const int families[] = { AF_INET, AF_UNIX };
	int fd[2];

	for (int i = 0; i < 4; i++) {
		cross_open(t, families[i / 2], fd);
		move(t, fd, i % 2);
		pair_close(&t->under, fd);
	}
}

/* Many pieces are cut as few are. */
static void short_vectors(struct trial *t)
{
	struct iovec pieces[40];
	struct msghdr m = { .msg_iov = pieces, .msg_iovlen = 40 };
	struct heard h;
	ssize_t n;
	int fd[2];

	fill_bytes();
	cross_open(t, AF_UNIX, fd);
	for (size_t i = 0; i < 40; i++)
		pieces[i] = (struct iovec){ sent + 100 * i, 100 };
	n = t->under.calls->send(t->under.io, fd[0], &m, 0);
	assert_in_range(n, 1, 3999);
	assert_int_equal(recv_now(&t->plain, fd[1], came, BYTES), n);
	assert_memory_equal(came, sent, (size_t)n);
	assert_int_equal(send_now(&t->plain, fd[1], sent, 4000), 4000);
	for (size_t i = 0; i < 40; i++)
		pieces[i].iov_base = came + 100 * i;
	h = heard(GNI_OP_RECV, fd[0]);
	h.op.message = &m;
	n = do_op(&t->under, &h);
	assert_in_range(n, 1, 3999);
	assert_memory_equal(came, sent, (size_t)n);
	cross_close(t, fd);
}

static void messages_stay_whole(struct trial *t)
{
	static const int types[] = { SOCK_DGRAM, SOCK_SEQPACKET };
	int fd[2];

	fill_bytes();
	for (int i = 0; i < 2; i++) {
		unix_pair(&t->under, types[i], fd);
		assert_int_equal(send_now(&t->under, fd[0], sent, 100), 100);
		assert_int_equal(do_send(&t->under, fd[0], sent, 200), 200);
		assert_int_equal(do_recv(&t->under, fd[1], came, BYTES), 100);
		assert_int_equal(recv_now(&t->under, fd[1], came, BYTES), 200);
		pair_close(&t->under, fd);
	}
	assert_int_equal(struck(t, GNI_FAULT_SHORT_IO), 0);
}

static void short_pipes(struct trial *t)
{
	struct seam *s = &t->under;
	int fd[2];
	ssize_t n;

	fill_bytes();
	assert_int_equal(pipe(fd), 0);
	n = s->calls->write(s->io, fd[1], sent, 1000);
	assert_in_range(n, 1, 999);
	assert_int_equal(write(fd[1], sent + n, 1000), 1000);
	n = s->calls->read(s->io, fd[0], came, 1000);
	assert_in_range(n, 1, 999);
	assert_memory_equal(sent, came, (size_t)n);
	assert_int_equal(struck(t, GNI_FAULT_SHORT_IO), 2);
	close(fd[0]);
	close(fd[1]);
}

/* ---- standing operations */

struct standing {
	struct gni_op op;
	size_t count; /* bytes or descriptors that came */
	int pieces, end;
};

static void stand_done(struct gni_op *op, int result, bool more)
{
	struct standing *h = GNI_OWNER(op, struct standing, op);

	if (!more)
		h->end = result;
	if (result <= 0)
		return;
	if (op->kind == GNI_OP_RECV_MULTI) {
		memcpy(came + h->count, op->arrived, (size_t)result);
		h->count += (size_t)result;
	} else {
		close(result);
		h->count++;
	}
	h->pieces++;
}

static struct standing stand(enum gni_op_kind kind, int fd)
{
	return (struct standing){ .op = { .done = stand_done, .fd = fd,
					  .kind = (uint8_t)kind } };
}

static void await_end(struct trial *t, struct standing *h)
{
	while (h->op.state != GNI_OP_IDLE)
		t->under.backend->wait(t->under.io, GN_NEVER);
}

static void short_standing(struct trial *t)
{
	struct standing h;
	int fd[2];

	if (!t->under.io->multishot)
		return;
	fill_bytes();
	cross_open(t, AF_INET, fd);
	h = stand(GNI_OP_RECV_MULTI, fd[0]);
	t->under.backend->submit(t->under.io, &h.op);
	for (size_t out = 0; out < BYTES; out += 1000) {
		assert_int_equal(send_now(&t->plain, fd[1], sent + out, 1000),
				 1000);
		while (h.count < out + 1000)
			t->under.backend->wait(t->under.io, GN_NEVER);
	}
	assert_true(h.pieces >= 10);
	assert_memory_equal(sent, came, BYTES);
	t->under.backend->cancel(t->under.io, &h.op);
	await_end(t, &h);
	assert_int_equal(h.end, -ECANCELED);
	cross_close(t, fd);
}

/* It is interrupted again and again, and nothing is lost of it. */
static void unquiet_standing(struct trial *t)
{
	struct standing h;
	int fd[2];

	if (!t->under.io->multishot)
		return;
	fill_bytes();
	cross_open(t, AF_UNIX, fd);
	h = stand(GNI_OP_RECV_MULTI, fd[0]);
	t->under.backend->submit(t->under.io, &h.op);
	for (size_t out = 0; out < BYTES; out += 100) {
		assert_int_equal(send_now(&t->plain, fd[1], sent + out, 100),
				 100);
		while (h.count < out + 100)
			t->under.backend->wait(t->under.io, GN_NEVER);
	}
	assert_memory_equal(sent, came, BYTES);
	assert_true(struck(t, GNI_FAULT_EINTR) >= 10);
	t->plain.calls->close(t->plain.io, fd[1]);
	await_end(t, &h);
	assert_int_equal(h.end, 0);
	t->under.calls->close(t->under.io, fd[0]);
}

/* ---- eintr, again */

static void waits_are_interrupted(struct trial *t)
{
	struct seam *s = &t->under;
	struct heard h;
	char c;
	int fd[2];

	cross_open(t, AF_INET, fd);
	h = heard_bytes(GNI_OP_RECV, fd[0], &c, 1);
	submit(s, &h);
	/* Of any two waits one is cut short, or this would never end. */
	for (int i = 0; i < 2; i++)
		if (!gni_inject_of(s->io)->interrupted)
			s->backend->wait(s->io, GN_NEVER);
	assert_int_equal(h.calls, 0);
	assert_true(struck(t, GNI_FAULT_EINTR) >= 2);
	assert_int_equal(send_now(&t->plain, fd[1], "x", 1), 1);
	assert_int_equal(await(s, &h), 1);
	cross_close(t, fd);
}

static void connects_are_interrupted(struct trial *t)
{
	int fd[2];

	for (int i = 0; i < 20; i++) {
		cross_open(t, i % 2 ? AF_INET : AF_UNIX, fd);
		assert_int_equal(do_send(&t->under, fd[0], "x", 1), 1);
		assert_int_equal(do_recv(&t->plain, fd[1], came, 9), 1);
		cross_close(t, fd);
	}
	assert_true(struck(t, GNI_FAULT_EINTR) >= 20);
}

static void readiness_misleads(struct trial *t)
{
	struct seam *s = &t->under;
	struct heard h;
	int fd[2];

	cross_open(t, AF_INET, fd);
	h = heard_bytes(GNI_OP_RECV, fd[0], came, 9);
	submit(s, &h);
	assert_in(s, &h);
	assert_true(struck(t, GNI_FAULT_AGAIN) >= 1);
	assert_int_equal(send_now(&t->plain, fd[1], "x", 1), 1);
	assert_int_equal(await(s, &h), 1);
	/* Whoever gives up is given what is there. */
	assert_int_equal(send_now(&t->plain, fd[1], "y", 1), 1);
	submit(s, &h);
	cancel(s, &h);
	assert_int_equal(await(s, &h), 1);
	assert_int_equal(do_send(s, fd[0], "z", 1), 1);
	cross_close(t, fd);
}

/* ---- enomem, emfile, descriptors */

static void no_memory(struct trial *t)
{
	struct seam *s = &t->under;
	struct gni_file file;
	gn_addr addr;
	int listener = listener_open(&t->plain, 8, &addr), fd[2];
	struct heard h;

	assert_no_memory(s->calls->socket(s->io, AF_INET, SOCK_STREAM, 0));
	assert_no_memory(s->calls->pair(s->io, SOCK_STREAM, fd));
	addr = any_addr(AF_INET);
	assert_no_memory(s->calls->bind(s->io, listener, &addr, -1, &file));
	assert_no_memory(s->calls->listen(s->io, listener, 8));
	assert_no_memory(do_accept(s, listener));
	unix_pair(&t->plain, SOCK_STREAM, fd);
	assert_no_memory(send_now(s, fd[0], "x", 1));
	assert_no_memory(do_send(s, fd[0], "x", 1));
	assert_int_equal(recv_now(&t->plain, fd[1], came, 9), -EAGAIN);
	assert_int_equal(send_now(&t->plain, fd[1], "x", 1), 1);
	assert_no_memory(recv_now(s, fd[0], came, 9));
	assert_no_memory(do_recv(s, fd[0], came, 9));
	h = heard_connect(fd[0], &addr);
	assert_no_memory(do_op(s, &h));
	/* Nothing was taken. */
	assert_int_equal(recv_now(&t->plain, fd[0], came, 9), 1);
	assert_int_equal(struck(t, GNI_FAULT_ENOMEM), 10);
	pair_close(&t->plain, fd);
	cross_drop(t, listener);
}

static void no_descriptors(struct trial *t)
{
	struct seam *s = &t->under;
	gn_addr addr;
	int listener = listener_open(&t->plain, 8, &addr), fd[2], client;

	assert_no_descriptor(s->calls->socket(s->io, AF_INET, SOCK_DGRAM, 0));
	assert_no_descriptor(s->calls->pair(s->io, SOCK_STREAM, fd));
	client = socket_open(&t->plain, AF_INET, SOCK_STREAM);
	assert_int_equal(do_connect(&t->plain, client, &addr), 0);
	assert_no_descriptor(do_accept(s, listener));
	/* The connection is still there. */
	fd[0] = do_accept(&t->plain, listener);
	assert_true(fd[0] >= 0);
	fd[1] = client;
	pair_close(&t->plain, fd);
	cross_drop(t, listener);
	assert_int_equal(struck(t, GNI_FAULT_EMFILE), 3);
}

/* Opens sockets until no more may be; the last one. */
static int open_all(struct seam *s)
{
	int fd, last = -1;

	while ((fd = s->calls->socket(s->io, AF_INET, SOCK_DGRAM, 0)) >= 0)
		last = fd;
	assert_int_equal(fd, -EMFILE);
	return last;
}

static void few_descriptors(struct trial *t)
{
	struct seam *s = &t->under;
	gn_addr addr;
	int listener = listener_open(&t->plain, 8, &addr), fd[2], none[2], last;

	fd[0] = socket_open(&t->plain, AF_INET, SOCK_STREAM);
	assert_int_equal(do_connect(&t->plain, fd[0], &addr), 0);
	last = open_all(s);
	assert_int_equal(last, 49);
	assert_int_equal(s->calls->pair(s->io, SOCK_STREAM, none), -EMFILE);
	assert_int_equal(do_accept(s, listener), -EMFILE);
	s->calls->close(s->io, last);
	fd[1] = do_accept(s, listener);
	assert_int_equal(fd[1], last);
	assert_true(struck(t, GNI_FAULT_DESCRIPTORS) >= 3);
	t->plain.calls->close(t->plain.io, fd[0]);
	t->under.calls->close(t->under.io, fd[1]);
	cross_drop(t, listener);
	for (fd[0] = last - 1; fd[0] > listener + 1; fd[0]--)
		s->calls->close(s->io, fd[0]);
}

/* ---- abort, fail */

static void assert_gone(int result)
{
	static const int errors[] = { ECONNABORTED, EPROTO, ENETDOWN, EPERM };

	assert_true(is_one_of(result, errors, 4));
}

static void aborted(struct trial *t)
{
	gn_addr addr;
	int listener = listener_open(&t->plain, 8, &addr), client;

	for (int i = 0; i < 5; i++) {
		client = socket_open(&t->plain, AF_INET, SOCK_STREAM);
		assert_int_equal(do_connect(&t->plain, client, &addr), 0);
		assert_gone(do_accept(&t->under, listener));
		assert_int_equal(do_recv(&t->plain, client, came, 9),
				 -ECONNRESET);
		t->plain.calls->close(t->plain.io, client);
	}
	assert_int_equal(struck(t, GNI_FAULT_ABORT), 5);
	cross_drop(t, listener);
}

/* An error ends it, as the kernel ends its own. */
static void aborted_standing(struct trial *t)
{
	struct standing h;
	gn_addr addr;
	int listener = listener_open(&t->plain, 8, &addr), client;

	if (t->under.io->multishot) {
		h = stand(GNI_OP_ACCEPT_MULTI, listener);
		t->under.backend->submit(t->under.io, &h.op);
		client = socket_open(&t->plain, AF_INET, SOCK_STREAM);
		assert_int_equal(do_connect(&t->plain, client, &addr), 0);
		await_end(t, &h);
		assert_gone(h.end);
		assert_int_equal(h.count, 0);
		t->plain.calls->close(t->plain.io, client);
	}
	cross_drop(t, listener);
}

static void one_fails(struct trial *t)
{
	struct seam *s = &t->under;
	int fd[2], value, result[4];
	socklen_t len = sizeof value;

	unix_pair(s, SOCK_STREAM, fd);
	for (int i = 0; i < 4; i++)
		result[i] = s->calls->get(s->io, fd[0], SOL_SOCKET, SO_TYPE,
					  &value, &len);
	assert_int_equal(result[0], 0);
	assert_int_equal(result[1], 0);
	assert_int_equal(result[2], -ENOBUFS);
	assert_int_equal(result[3], 0);
	pair_close(s, fd);
	now_under(t, "fail=2");
	unix_pair(s, SOCK_STREAM, fd);
	assert_int_equal(do_send(s, fd[0], "x", 1), -ENOBUFS);
	assert_int_equal(do_send(s, fd[0], "x", 1), 1);
	assert_int_equal(do_recv(s, fd[1], came, 9), 1);
	assert_int_equal(struck(t, GNI_FAULT_FAIL), 1);
	pair_close(s, fd);
}

const struct inject_case inject_host_cases[] = {
	{ "fault_05-short-streams", "short-io", short_streams },
	{ "fault_05-short-vectors", "short-io", short_vectors },
	{ "messages-stay-whole", "short-io", messages_stay_whole },
	{ "fault_05-short-pipes", "short-io", short_pipes },
	{ "fault_06-short-standing", "short-io", short_standing },
	{ "fault_07-unquiet-standing", "eintr=100%", unquiet_standing },
	{ "fault_07-waits-interrupted", "eintr=100%", waits_are_interrupted },
	{ "fault_07-connects-interrupted", "eintr=100%",
	  connects_are_interrupted },
	{ "fault_08-readiness-misleads", "again=100%", readiness_misleads },
	{ "fault_11-no-memory", "enomem=100%", no_memory },
	{ "fault_09-no-descriptors", "emfile=100%", no_descriptors },
	{ "fault_09-few-descriptors", "descriptors=50", few_descriptors },
	{ "fault_10-aborted", "abort=100%", aborted },
	{ "fault_10-aborted-standing", "abort=100%", aborted_standing },
	{ "one-fails", "fail=4", one_fails },
	{ 0 },
};
