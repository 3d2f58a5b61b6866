/*
 * place_test.c: the hosts of a simulation, their names and distances.
 */
#include "io/sim/probe.h"

#include <errno.h>
#include <string.h>

static void names_of_hosts(void **state)
{
	static const char *const good[] = { "x", "a-b", "www.example.com", "9a",
					    "3com", "1.2.c" };
	static const char *const bad[] = { "", ".", "a.", ".a", "a..b", "-a",
					   "a-", "a b", "a_b", "7", "10.0.0.1",
					   "a.1", "\xd0\xb0" };
	struct gni_io *io;
	char label[80] = { 0 }, name[300] = { 0 };

	(void)state;
	assert_int_equal(gni_sim_open(&io, &(struct gni_sim_options){ 0 }), 0);
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		int place = gni_sim_host(io, good[i]);

		assert_int_equal(place, (int)i + 1);
		assert_string_equal(gni_sim_name(io, (unsigned)place), good[i]);
		assert_int_equal(gni_sim_place(io, good[i]), place);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_int_equal(gni_sim_host(io, bad[i]), -EINVAL);
		assert_int_equal(gni_sim_place(io, bad[i]), -ENOENT);
	}
	assert_int_equal(gni_sim_host(io, "X"), -EEXIST);
	assert_int_equal(gni_sim_place(io, "WWW.Example.COM"), 3);
	assert_null(gni_sim_name(io, 0));
	assert_null(gni_sim_name(io, 7));
	memset(label, 'l', 63);
	assert_true(gni_sim_host(io, label) > 0);
	label[63] = 'l';
	assert_int_equal(gni_sim_host(io, label), -EINVAL);
	for (int i = 0; i < 253; i++)
		name[i] = i % 50 == 49 ? '.' : 'n';
	assert_true(gni_sim_host(io, name) > 0);
	name[253] = 'n';
	assert_int_equal(gni_sim_host(io, name), -EINVAL);
	probe_close(io);
}

static void as_many_as_there_are_addresses(void **state)
{
	struct gni_io *io;
	char name[8] = "h000";

	(void)state;
	assert_int_equal(gni_sim_open(&io, &(struct gni_sim_options){ 0 }), 0);
	for (int i = 0; i <= 250; i++) {
		name[1] = (char)('0' + i / 100);
		name[2] = (char)('0' + i / 10 % 10);
		name[3] = (char)('0' + i % 10);
		assert_int_equal(gni_sim_host(io, name),
				 i < 250 ? i + 1 : -ENOSPC);
	}
	probe_close(io);
}

static int lookup(struct gni_io *io, const char *name, enum gn_kind kind,
		  gn_addr found[2], int max)
{
	return io->backend->calls->host(io, name, 80, kind, found, max);
}

PROBE(a_name_has_both_addresses)
{
	gn_addr found[2], six = probe_inet("fd00::2", 80);
	gn_addr four = probe_inet("10.0.0.2", 80);

	assert_int_equal(lookup(io, "B", GN_TCP, found, 2), 2);
	assert_true(gn_addr_equal(&found[0], &six));
	assert_true(gn_addr_equal(&found[1], &four));
	assert_int_equal(lookup(io, "b", GN_TCP, found, 1), 1);
	assert_int_equal(lookup(io, "b", GN_UDP, found, 2), 2);
	assert_int_equal(gn_addr_kind(&found[1]), GN_UDP);
	assert_int_equal(lookup(io, "nobody", GN_TCP, found, 2), 0);
	assert_int_equal(lookup(io, "b", GN_UNIX, found, 2), 0);
}

/* How long a connection takes: twice the latency. */
static int64_t distance_ns(struct gni_io *io, unsigned from, const char *to)
{
	int c = probe_socket(io, from, AF_INET, SOCK_STREAM);
	int64_t begin = probe_now(io);

	assert_int_equal(probe_connect(io, c, probe_inet(to, 9)),
			 -ECONNREFUSED);
	probe_drop(io, c);
	return (probe_now(io) - begin) / 2;
}

static void links(void **state)
{
	struct gni_io *io = probe_open(&(struct gni_sim_options){
		.latency_ns = 7 * GN_MSEC, .in_order = true });

	(void)state;
	assert_int_equal(gni_sim_host(io, "c"), 3);
	assert_int_equal(distance_ns(io, HOST_A, "10.0.0.2"), LATENCY_NS);
	assert_int_equal(distance_ns(io, HOST_B, "10.0.0.1"), LATENCY_NS);
	assert_int_equal(distance_ns(io, 3, "10.0.0.1"), 7 * GN_MSEC);
	assert_int_equal(distance_ns(io, 3, "10.0.0.3"), 0);
	assert_int_equal(distance_ns(io, 3, "127.0.0.1"), 0);
	assert_int_equal(gni_sim_link(io, 3, 3, 5), 0);
	assert_int_equal(distance_ns(io, 3, "127.0.0.1"), 5);
	assert_int_equal(gni_sim_link(io, 3, 1, 9), 0);
	assert_int_equal(distance_ns(io, HOST_A, "10.0.0.3"), 9);
	assert_int_equal(gni_sim_link(io, 0, 1, 9), -EINVAL);
	assert_int_equal(gni_sim_link(io, 1, 4, 9), -EINVAL);
	assert_int_equal(gni_sim_link(io, 1, 2, -1), -EINVAL);
	assert_int_equal(gni_sim_descriptors(io, 4), 0);
	probe_close(io);
}

/* A link that becomes shorter lets nothing be overtaken. */
PROBE(nothing_overtakes)
{
	char got[8] = "";
	int fd[2];

	probe_tcp(io, HOST_B, fd);
	assert_int_equal(probe_try_send(io, fd[0], "a", 1, 0), 1);
	assert_int_equal(gni_sim_link(io, HOST_A, HOST_B, 5), 0);
	assert_int_equal(probe_try_send(io, fd[0], "b", 1, 0), 1);
	probe_pass(io, 5);
	assert_int_equal(probe_try_recv(io, fd[1], got, 8, 0), -EAGAIN);
	probe_expect(io, fd[1], "ab", 2);
	probe_drop(io, fd[0]);
	probe_drop(io, fd[1]);
}

static void a_latency_below_zero(void **state)
{
	struct gni_io *io;

	(void)state;
	assert_int_equal(gni_sim_open(&io, &(struct gni_sim_options){
					 .latency_ns = -1 }), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_of_hosts),
		cmocka_unit_test(as_many_as_there_are_addresses),
		cmocka_unit_test(a_name_has_both_addresses),
		cmocka_unit_test(links),
		cmocka_unit_test(nothing_overtakes),
		cmocka_unit_test(a_latency_below_zero),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("place", tests, NULL, NULL);
}
