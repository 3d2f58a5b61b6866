/*
 * sim_test.c: the clock, the trace and the stream of the simulation.
 */
#include "io/sim/probe.h"

#include <errno.h>
#include <string.h>

static void connect_takes_a_round_trip(void **state)
{
	struct gni_io *io = probe_open(&(struct gni_sim_options){ .seed = 1 });
	int64_t begin = probe_now(io);
	int l = probe_listen(io, HOST_B, probe_inet("0.0.0.0", 7000));
	int c = probe_socket(io, HOST_A, AF_INET, SOCK_STREAM), s;
	char text[16];

	(void)state;
	assert_int_equal(probe_connect(io, c, probe_inet("10.0.0.2", 7000)), 0);
	assert_int_equal(probe_now(io) - begin, 2 * LATENCY_NS);
	probe_send_all(io, c, "x", 1);
	s = probe_accept(io, l);
	assert_int_equal(probe_now(io) - begin, 3 * LATENCY_NS);
	assert_int_equal(probe_recv(io, s, text, sizeof text), 1);
	assert_int_equal(probe_now(io) - begin, 3 * LATENCY_NS);
	probe_send_all(io, s, "y", 1);
	assert_int_equal(probe_recv(io, c, text, sizeof text), 1);
	assert_int_equal(probe_now(io) - begin, 4 * LATENCY_NS);
	probe_drop(io, c);
	assert_int_equal(probe_recv(io, s, text, sizeof text), 0);
	probe_drop(io, s);
	probe_drop(io, l);
	assert_int_equal(gni_sim_descriptors(io, HOST_A), 0);
	assert_int_equal(gni_sim_descriptors(io, HOST_B), 0);
	probe_close(io);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(connect_takes_a_round_trip),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("sim", tests, NULL, NULL);
}
