/*
 * nomem_test.c: each allocation of a small scenario fails once, for every one
 * of them: the call says so or the network makes up for it, nothing leaks, and
 * bytes that were taken are not lost.
 */
#include "io/sim/probe.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#define FDS_MAX 16

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);

/* How many allocations go well before one fails; below 0: all do. */
static int left;
static bool struck;

static bool refused(void)
{
	if (left < 0 || left-- > 0)
		return false;
	return struck = true;
}

void *__wrap_malloc(size_t size)
{
	return refused() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return refused() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
	return refused() ? NULL : __real_realloc(memory, size);
}

struct scene {
	struct gni_io *io;
	int fd[FDS_MAX], count;
};

static bool is_failure(int result)
{
	assert_true(result >= 0 || result == -ENOMEM || result == -ENOBUFS);
	return result < 0;
}

/* A socket that is closed at the end. */
static int keep(struct scene *s, int fd)
{
	if (!is_failure(fd))
		s->fd[s->count++] = fd;
	return fd;
}

static int open_socket(struct scene *s, unsigned place, int domain, int type)
{
	return keep(s, probe_socket(s->io, place, domain, type));
}

/* Bytes go through, or a send says that there was no memory. */
static void exchange(struct scene *s, int from, int to)
{
	static const char text[4000] = "hello";
	int n = probe_send(s->io, from, text, sizeof text);

	if (!is_failure(n))
		probe_expect(s->io, to, text, (size_t)n);
}

static void standing(struct scene *s, int from, int to)
{
	struct probe_op p = { 0 };

	if (is_failure((int)probe_try_send(s->io, from, "x", 1, 0)))
		return;
	probe_begin(s->io, &p, to, GNI_OP_RECV_MULTI);
	while (p.count == 0)
		s->io->backend->wait(s->io, GN_NEVER);
	assert_true(p.result == 1 || p.result == -ENOBUFS);
	s->io->backend->cancel(s->io, &p.op);
	while (p.op.state)
		s->io->backend->wait(s->io, GN_NEVER);
}

static void connection(struct scene *s, unsigned place, int domain, gn_addr at)
{
	struct probe_op p = { 0 };
	int l = open_socket(s, place, domain, SOCK_STREAM);
	int c = open_socket(s, HOST_A, domain, SOCK_STREAM);

	if (l < 0 || c < 0 || is_failure(probe_bind(s->io, l, at)) ||
	    is_failure(s->io->backend->calls->listen(s->io, l, 1)))
		return;
	probe_begin(s->io, &p, l, GNI_OP_ACCEPT);
	if (is_failure(probe_connect(s->io, c, at)))
		s->io->backend->cancel(s->io, &p.op);
	if (probe_end(s->io, &p) == -ECANCELED || keep(s, p.result) < 0)
		return;
	exchange(s, c, p.result);
	exchange(s, p.result, c);
	standing(s, c, p.result);
}

static void datagrams(struct scene *s, unsigned place, int domain, gn_addr at)
{
	int to = open_socket(s, place, domain, SOCK_DGRAM);
	int from = open_socket(s, HOST_A, domain, SOCK_DGRAM);

	if (to < 0 || from < 0 || is_failure(probe_bind(s->io, to, at)) ||
	    is_failure(probe_connect(s->io, from, at)))
		return;
	exchange(s, from, to);
}

static void pairs(struct scene *s)
{
	int fd[2];

	if (is_failure(s->io->backend->calls->pair(s->io, SOCK_STREAM, fd)))
		return;
	keep(s, fd[0]);
	keep(s, fd[1]);
	exchange(s, fd[0], fd[1]);
}

static bool build(struct scene *s, const gn_fault_rule *rule)
{
	struct gni_sim_options options = { .in_order = true };

	if (is_failure(gni_sim_open(&s->io, &options)))
		return false;
	return !is_failure(gni_sim_host(s->io, "a")) &&
	       !is_failure(gni_sim_host(s->io, "b")) &&
	       !is_failure(gni_sim_fault(s->io, rule, rule ? 1 : 0));
}

static void play(const gn_fault_rule *rule)
{
	struct scene s = { 0 };

	if (build(&s, rule)) {
		connection(&s, HOST_B, AF_INET, probe_inet("10.0.0.2", 7000));
		connection(&s, HOST_A, AF_UNIX, probe_unix("/run/stream"));
		datagrams(&s, HOST_B, AF_INET, probe_inet("10.0.0.2", 7000));
		datagrams(&s, HOST_A, AF_UNIX, probe_unix("@datagrams"));
		pairs(&s);
	}
	while (s.count > 0)
		probe_drop(s.io, s.fd[--s.count]);
	if (s.io)
		probe_close(s.io);
}

static void fail_each(const gn_fault_rule *rule)
{
	int n = 0;

	do {
		left = n++;
		struck = false;
		play(rule);
	} while (struck);
	left = -1;
	assert_in_range(n, 30, 1000);
}

static void fault_12_each_allocation_fails(void **state)
{
	(void)state;
	fail_each(NULL);
}

/* Streams in pieces, and datagrams that come twice. */
static void fault_12_each_allocation_fails_among_faults(void **state)
{
	static const gn_fault_rule rule = {
		.faults = { .dup_ppm = 1000000, .delay_ns = 1 },
	};

	(void)state;
	fail_each(&rule);
}

/* As a ring does: the buffer is missed when there is something to put in. */
static void fault_12_a_buffer_is_missed_when_bytes_come(void **state)
{
	struct probe_op p = { 0 };
	struct scene s;
	int fd[2];

	(void)state;
	assert_true(build(&s, NULL));
	s.io->backend->enter(s.io, HOST_A, NULL);
	assert_int_equal(s.io->backend->calls->pair(s.io, SOCK_STREAM, fd), 0);
	left = 0;
	struck = false;
	probe_begin(s.io, &p, fd[0], GNI_OP_RECV_MULTI);
	probe_pass(s.io, GN_SEC);
	assert_true(struck);
	assert_int_equal(p.count, 0);
	assert_int_equal(probe_try_send(s.io, fd[1], "x", 1, 0), 1);
	left = 0;
	assert_int_equal(probe_end(s.io, &p), -ENOBUFS);
	assert_false(p.more);
	left = -1;
	probe_expect(s.io, fd[0], "x", 1);
	probe_drop(s.io, fd[0]);
	probe_drop(s.io, fd[1]);
	probe_close(s.io);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fault_12_each_allocation_fails),
		cmocka_unit_test(fault_12_each_allocation_fails_among_faults),
		cmocka_unit_test(fault_12_a_buffer_is_missed_when_bytes_come),
	};

	left = -1;
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("nomem", tests, NULL, NULL);
}
