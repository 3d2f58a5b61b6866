/*
 * sim_test.c: the simulation as a backend: its clock, its wait, its trace and
 * its end.
 */
#include "io/sim/probe.h"

#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

PROBE(time_begins_and_stands)
{
	assert_string_equal(io->backend->name, "simulation");
	assert_int_equal(probe_now(io), GN_SEC);
	io->backend->wait(io, GN_NOW);
	assert_int_equal(probe_now(io), GN_SEC);
	assert_false(io->stuck);
}

PROBE(a_wait_ends_at_its_instant)
{
	gn_time until = gn_time_add(*gni_sim_clock(io), 5);

	io->backend->wait(io, until);
	assert_int_equal(probe_now(io), until.ns);
	io->backend->wait(io, gn_time_add(until, -3));
	assert_int_equal(probe_now(io), until.ns);
	assert_false(io->stuck);
}

/* An event ends no wait, a completion does; both at the deadline win. */
PROBE(a_wait_ends_with_a_completion)
{
	struct probe_op p = { 0 };
	gn_time begin;
	int fd[2];
	char buf[4];

	probe_tcp(io, HOST_B, fd);
	begin = *gni_sim_clock(io);
	p.op.buf = buf;
	p.op.len = 1;
	probe_begin(io, &p, fd[1], GNI_OP_RECV);
	assert_int_equal(probe_try_send(io, fd[0], "x", 1, 0), 1);
	io->backend->wait(io, gn_time_add(begin, LATENCY_NS - 1));
	assert_int_equal(p.count, 0);
	io->backend->wait(io, gn_time_add(begin, LATENCY_NS));
	assert_int_equal(p.count, 1);
	assert_int_equal(gn_time_between(begin, *gni_sim_clock(io)),
			 LATENCY_NS);
	probe_drop(io, fd[0]);
	probe_drop(io, fd[1]);
}

PROBE(a_wake_ends_one_wait)
{
	gn_time until = gn_time_add(*gni_sim_clock(io), GN_SEC);

	io->backend->wake(io);
	io->backend->wait(io, until);
	assert_int_equal(probe_now(io), GN_SEC);
	io->backend->wait(io, until);
	assert_int_equal(probe_now(io), until.ns);
	io->backend->wake(io);
	io->backend->wait(io, GN_NEVER);
	assert_false(io->stuck);
}

/* Nothing can come any more: that is known, and the loop clears it. */
PROBE(fault_57_stuck)
{
	struct probe_op p = { 0 };
	int l = probe_listen(io, HOST_A, probe_inet("127.0.0.1", 0));
	int64_t begin = probe_now(io);

	probe_begin(io, &p, l, GNI_OP_ACCEPT);
	io->backend->wait(io, GN_NEVER);
	assert_true(io->stuck);
	assert_int_equal(p.count, 0);
	assert_int_equal(probe_now(io), begin);
	io->stuck = false;
	io->backend->cancel(io, &p.op);
	assert_int_equal(probe_end(io, &p), -ECANCELED);
	io->backend->wait(io, GN_NEVER);
	assert_true(io->stuck);
	probe_drop(io, l);
}

static uint64_t trace_of_noting(const char *what, int64_t value)
{
	struct gni_io *io = probe_open(&(struct gni_sim_options){ .seed = 1 });
	uint64_t trace;

	gni_sim_note(io, what, value);
	trace = gni_sim_trace(io);
	probe_close(io);
	return trace;
}

static void notes_make_the_trace(void **state)
{
	(void)state;
	assert_true(trace_of_noting("a", 1) == trace_of_noting("a", 1));
	assert_true(trace_of_noting("a", 1) != trace_of_noting("a", 2));
	assert_true(trace_of_noting("a", 1) != trace_of_noting("b", 1));
}

static void the_order_is_drawn_or_not(void **state)
{
	struct gni_io *a = probe_open(&(struct gni_sim_options){ .seed = 1 });
	struct gni_io *b = probe_open(&(struct gni_sim_options){ .seed = 1 });
	struct gni_io *c = probe_open(
		&(struct gni_sim_options){ .in_order = true });
	uint64_t bound = UINT64_MAX;

	(void)state;
	assert_true(gni_tape_draw(gni_sim_tape(a), GNI_STREAM_ORDER, bound) ==
		    gni_tape_draw(gni_sim_tape(b), GNI_STREAM_ORDER, bound));
	assert_true(gni_tape_draw(gni_sim_tape(c), GNI_STREAM_ORDER, bound) ==
		    0);
	assert_true(a->multishot);
	probe_close(a);
	probe_close(b);
	probe_close(c);
}

/* Whatever a program leaves behind, close frees: sockets, connections in
 * every state, datagrams under way. */
static void closed_amid_everything(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 50; seed++) {
		struct gni_io *io = probe_open(
			&(struct gni_sim_options){ .seed = seed });
		gn_addr at = probe_inet("10.0.0.2", 7000);
		struct probe_op p = { .op.addr = &at };
		int u, c, fd[2];

		probe_listen(io, HOST_B, at);
		probe_tcp(io, HOST_B, fd);
		assert_true(probe_try_send(io, fd[0], "unread", 6, 0) > 0);
		c = probe_socket(io, HOST_A, AF_INET, SOCK_STREAM);
		probe_begin(io, &p, c, GNI_OP_CONNECT);
		probe_pass(io, (int64_t)(seed % 5) * LATENCY_NS / 2);
		io->backend->cancel(io, &p.op);
		probe_end(io, &p);
		u = probe_socket(io, HOST_A, AF_INET, SOCK_DGRAM);
		probe_try_sendto(io, u, "x", 1, at);
		io->backend->calls->pair(io, SOCK_STREAM, fd);
		assert_true(probe_try_send(io, fd[0], "unread", 6, 0) > 0);
		u = probe_socket(io, HOST_A, AF_UNIX, SOCK_DGRAM);
		assert_int_equal(probe_bind(io, u, probe_unix("/p")), 0);
		assert_int_equal(
			probe_try_sendto(io, u, "me", 2, probe_unix("/p")), 2);
		assert_int_equal(gni_sim_descriptors(io, HOST_A), 6);
		probe_close(io);
	}
}

/* What a part does must stop the program: in a child, whose words go
 * nowhere. */
static void assert_stops(void (*part)(struct gni_io *io))
{
	struct rlimit none = { 0, 0 };
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		struct gni_io *io;

		close(STDERR_FILENO);
		setrlimit(RLIMIT_CORE, &none);
		io = probe_open(&(struct gni_sim_options){ 0 });
		part(io);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
}

static struct probe_op armed;

static int begin_to_accept(struct gni_io *io)
{
	int l = probe_listen(io, HOST_A, probe_inet("127.0.0.1", 0));

	probe_begin(io, &armed, l, GNI_OP_ACCEPT);
	return l;
}

static void close_the_descriptor(struct gni_io *io)
{
	probe_drop(io, begin_to_accept(io));
}

static void forget_the_descriptor(struct gni_io *io)
{
	io->backend->calls->forget(io, begin_to_accept(io));
}

static void close_the_backend(struct gni_io *io)
{
	begin_to_accept(io);
	io->backend->close(io);
}

static void submit_again(struct gni_io *io)
{
	begin_to_accept(io);
	io->backend->submit(io, &armed.op);
}

static void close_nothing(struct gni_io *io)
{
	probe_drop(io, 7);
}

static void enter_nowhere(struct gni_io *io)
{
	io->backend->enter(io, 3, NULL);
}

static void mistakes_stop_the_program(void **state)
{
	(void)state;
	assert_stops(close_the_descriptor);
	assert_stops(forget_the_descriptor);
	assert_stops(close_the_backend);
	assert_stops(submit_again);
	assert_stops(close_nothing);
	assert_stops(enter_nowhere);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(time_begins_and_stands),
		cmocka_unit_test(a_wait_ends_at_its_instant),
		cmocka_unit_test(a_wait_ends_with_a_completion),
		cmocka_unit_test(a_wake_ends_one_wait),
		cmocka_unit_test(fault_57_stuck),
		cmocka_unit_test(notes_make_the_trace),
		cmocka_unit_test(the_order_is_drawn_or_not),
		cmocka_unit_test(closed_amid_everything),
		cmocka_unit_test(mistakes_stop_the_program),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("sim", tests, NULL, NULL);
}
