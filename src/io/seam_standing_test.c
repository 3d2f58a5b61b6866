/*
 * seam_standing_test.c: operations that complete many times, where a backend
 * has them, and their refusal where it has not.
 */
#include "io/seam_test.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define PIECES 200
#define PIECE_LEN 1000
#define CLIENTS 6

static void refused_where_missing(struct seam *s)
{
	struct heard h;
	int fd[2];

	pair_open(s, fd);
	h = heard(GNI_OP_RECV_MULTI, fd[0]);
	assert_true(do_op(s, &h) < 0);
	h = heard(GNI_OP_ACCEPT_MULTI, fd[0]);
	assert_true(do_op(s, &h) < 0);
	pair_close(s, fd);
}

/* What a standing receive brought, one after the other. */
struct brought {
	struct seam *s;
	struct gni_op op;
	uint8_t bytes[PIECES * PIECE_LEN];
	size_t len;
	bool ended;
	int result; /* of the completion without more */
};

static void bring(struct gni_op *op, int result, bool more)
{
	struct brought *b = GNI_OWNER(op, struct brought, op);

	if (result > 0) {
		assert_true(b->len + (size_t)result <= sizeof b->bytes);
		memcpy(b->bytes + b->len, op->arrived, (size_t)result);
		b->len += (size_t)result;
	}
	if (more)
		return;
	b->result = result;
	/* The ring's buffers may run out, which ends nothing. */
	if (result > 0 || result == -ENOBUFS)
		b->s->backend->submit(b->s->io, op);
	else
		b->ended = true;
}

static struct brought *brought_new(struct seam *s, int fd)
{
	static struct brought b;

	memset(&b, 0, sizeof b);
	b.s = s;
	b.op = (struct gni_op){ .kind = GNI_OP_RECV_MULTI, .fd = fd,
				.done = bring };
	s->backend->submit(s->io, &b.op);
	return &b;
}

static void receive_until_the_end(struct seam *s)
{
	uint8_t piece[PIECE_LEN];
	struct brought *b;
	int fd[2];

	pair_open(s, fd);
	b = brought_new(s, fd[1]);
	for (int i = 0; i < PIECES; i++) {
		memset(piece, i, sizeof piece);
		assert_int_equal(do_send(s, fd[0], piece, PIECE_LEN),
				 PIECE_LEN);
		if (i % 16 == 0)
			turns(s);
	}
	assert_int_equal(s->calls->shutdown(s->io, fd[0], SHUT_WR), 0);
	while (!b->ended)
		s->backend->wait(s->io, GN_NEVER);
	assert_int_equal(b->result, 0);
	assert_int_equal(b->len, PIECES * PIECE_LEN);
	for (size_t i = 0; i < b->len; i++)
		assert_int_equal(b->bytes[i], i / PIECE_LEN);
	pair_close(s, fd);
}

static void receive_canceled(struct seam *s)
{
	struct brought *b;
	char buf[8];
	size_t sum;
	int fd[2];

	pair_open(s, fd);
	b = brought_new(s, fd[1]);
	turns(s);
	assert_int_equal(send_now(s, fd[0], "one", 3), 3);
	while (b->len < 3)
		s->backend->wait(s->io, GN_NEVER);
	assert_int_equal(send_now(s, fd[0], "two", 3), 3);
	s->backend->cancel(s->io, &b->op);
	while (!b->ended)
		s->backend->wait(s->io, GN_NEVER);
	assert_int_equal(b->result, -ECANCELED);
	sum = b->len;
	if (sum == 3)
		sum += (size_t)do_recv(s, fd[1], buf, sizeof buf);
	assert_int_equal(sum, 6);
	pair_close(s, fd);
}

struct taken {
	struct seam *s;
	struct gni_op op;
	int count;
	bool ended;
};

static void take(struct gni_op *op, int result, bool more)
{
	struct taken *t = GNI_OWNER(op, struct taken, op);

	if (result >= 0) {
		assert_true(result > STDERR_FILENO);
		t->count++;
		t->s->calls->close(t->s->io, result);
	} else {
		assert_int_equal(result, -ECANCELED);
	}
	if (more)
		return;
	t->ended = result < 0;
	if (!t->ended)
		t->s->backend->submit(t->s->io, op);
}

static void accept_many(struct seam *s)
{
	struct taken t = { .s = s };
	gn_addr addr;
	int listener = listener_open(s, CLIENTS, &addr), fd[CLIENTS];

	t.op = (struct gni_op){ .kind = GNI_OP_ACCEPT_MULTI, .fd = listener,
				.done = take };
	s->backend->submit(s->io, &t.op);
	for (int i = 0; i < CLIENTS; i++) {
		fd[i] = socket_open(s, s->family, SOCK_STREAM);
		assert_int_equal(do_connect(s, fd[i], &addr), 0);
	}
	while (t.count < CLIENTS)
		s->backend->wait(s->io, GN_NEVER);
	s->backend->cancel(s->io, &t.op);
	while (!t.ended)
		s->backend->wait(s->io, GN_NEVER);
	for (int i = 0; i < CLIENTS; i++)
		s->calls->close(s->io, fd[i]);
	s->calls->close(s->io, listener);
}

#define STANDING (RUN_FAMILIES | RUN_STANDING)

const struct seam_case seam_standing_cases[] = {
	{ "standing-refused", refused_where_missing, RUN_NOT_STANDING },
	{ "standing-receive", receive_until_the_end, STANDING },
	{ "standing-receive-canceled", receive_canceled, STANDING },
	{ "standing-accept", accept_many, STANDING },
	{ 0 },
};
