/*
 * simulated: tcp_server and tcp_client, unchanged, on a network that exists
 * only in this process.  Their files are compiled into this program with their
 * main functions renamed, and run as two hosts.
 *
 *	simulated [SEED [LATENCY_MS]]       1 200
 */
#include <gnezdo.h>
#include <stdio.h>
#include <stdlib.h>

int tcp_server_main(int argc, char **argv);
int tcp_client_main(int argc, char **argv);

static int server(void *arg)
{
	char *argv[] = { "tcp_server", "tcp://:12345", NULL };

	(void)arg;
	return tcp_server_main(2, argv) == 0 ? 0 : gn_code();
}

static int client(void *arg)
{
	char *argv[] = { "tcp_client", "tcp://server:12345", NULL };

	(void)arg;
	return tcp_client_main(2, argv) == 0 ? 0 : gn_code();
}

int main(int argc, char **argv)
{
	gn_sim_opts opts = {
		.seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1,
		.latency_ns = (argc > 2 ? atoi(argv[2]) : 200) * GN_MSEC,
	};
	gn_sim *sim = gn_sim_open(&opts);
	gn_time begin = gn_now();
	int code = sim ? gn_sim_service(sim, "server", server, NULL) :
			 gn_code();

	if (code == 0)
		code = gn_sim_host(sim, "client", client, NULL);
	if (code == 0)
		code = gn_sim_run(sim);
	if (code < 0)
		gn_perror("simulated");
	else
		printf("virtual %.3f s, real %.6f s, trace %016llx\n",
		       (double)gn_sim_elapsed(sim) / GN_SEC,
		       (double)gn_since(begin) / GN_SEC,
		       (unsigned long long)gn_sim_trace(sim));
	gn_sim_close(sim);
	return gn_exit_status(code);
}
