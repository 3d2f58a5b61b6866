/*
 * backend_test.c: which backend carries a thread, and what is said when none
 * can be opened.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "loop/trial_test.h"

static void set(const char *name, const char *value)
{
	unsetenv("GNEZDO_BACKEND");
	unsetenv("GNEZDO_OFF");
	unsetenv("GNEZDO_FAULTS");
	if (name)
		WANT(setenv(name, value, 1) == 0);
}

static int say_nothing(void *arg)
{
	(void)arg;
	return 0;
}

/* Every way to a loop says what is wrong, and with the same words. */
static void want_refused(const char *name, const char *value, int code,
			 const char *words)
{
	char text[512];
	gn_sock *pair[2];

	set(name, value);
	WANT(!gn_backend());
	WANT_IS(gn_code(), code);
	gn_error_text(gn_error_last(), text, sizeof text);
	if (!strstr(text, words))
		trial_fail(__FILE__, __LINE__, "%s", text);
	WANT(!gn_group_open(NULL));
	WANT_IS(gn_code(), code);
	WANT_IS(gn_sleep(GN_NOW), code);
	WANT(!gn_connect("tcp://127.0.0.1:1", NULL, SOON));
	WANT_IS(gn_code(), code);
	WANT(!gn_listen("tcp://127.0.0.1:0", NULL));
	WANT_IS(gn_code(), code);
	WANT(!gn_thread_here());
	WANT_IS(gn_code(), code);
	WANT_IS(gn_wait_fd(0, 1, GN_NOW), code);
	if (gn_pair(GN_UNIX, pair) == 0) {
		WANT_IS(gn_recv(pair[0], text, 1, GN_NOW), code);
		gn_close(pair[0]);
		gn_close(pair[1]);
	} else {
		WANT_IS(gn_code(), code);
	}
}

static void want_backend(const char *wish, const char *is)
{
	set("GNEZDO_BACKEND", wish);
	WANT_TEXT(gn_backend(), is);
	WANT_IS(gn_sleep(gn_in(GN_USEC)), 0);
}

static void unknown_words(void)
{
	want_refused("GNEZDO_BACKEND", "nonsense", GN_EBACKEND,
		     "GNEZDO_BACKEND=nonsense: choose uring, epoll or poll");
	want_refused("GNEZDO_BACKEND", "epoll ", GN_EBACKEND,
		     "GNEZDO_BACKEND=epoll ");
	want_refused("GNEZDO_BACKEND", "io_uring", GN_EBACKEND,
		     "choose uring, epoll or poll");
	want_refused("GNEZDO_OFF", "nonsense", GN_EBACKEND,
		     "GNEZDO_OFF=nonsense: choose");
	want_refused("GNEZDO_OFF", "pbuf,nonsense", GN_EBACKEND,
		     "GNEZDO_OFF=nonsense");
	want_refused("GNEZDO_OFF", ",", GN_EBACKEND,
		     "GNEZDO_OFF=");
	/* What failed can be tried again. */
	want_backend("epoll", "epoll");
}

/* A library without faults refuses all of them. */
static bool has_faults(void)
{
	char text[512];

	set("GNEZDO_FAULTS", "nonsense");
	WANT(!gn_backend());
	gn_error_text(gn_error_last(), text, sizeof text);
	return !strstr(text, "built without (-Dfaults=false)");
}

static void unknown_faults(void)
{
	static const char *const refused[][2] = {
		{ "loss=5%, los",
		  "GNEZDO_FAULTS: character 10: no fault los; there are loss "
		  "dup corrupt reset reorder delay rate mtu cut stall short-io "
		  "eintr again enomem emfile abort descriptors fail crash "
		  "restart clock-jump" },
		{ "stall loss=200%",
		  "GNEZDO_FAULTS: character 12: loss is 0.0001% to 100%" },
		{ "loss@5s..3s",
		  "GNEZDO_FAULTS: character 10: a span ends after it began" },
		{ "server: loss",
		  "GNEZDO_FAULTS: server: hosts are for a simulation" },
		{ "crash", "GNEZDO_FAULTS: crash is for a simulation" },
	};

	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
		want_refused("GNEZDO_FAULTS", refused[i][0], GN_EBACKEND,
			     has_faults() ? refused[i][1] : "GNEZDO_FAULTS: ");
	want_backend("epoll", "epoll");
}

static void unknown_words_before_a_simulation(void)
{
	char text[256];

	set("GNEZDO_OFF", "nonsense");
	WANT(!gn_sim_open(NULL));
	WANT_IS(gn_code(), GN_EINVAL);
	gn_error_text(gn_error_last(), text, sizeof text);
	WANT(strstr(text, "GNEZDO_OFF=nonsense: choose"));
	set("GNEZDO_BACKEND", "nonsense");
	gn_sim_close(gn_sim_open(NULL));
}

static void epoll_is_forced(void)
{
	want_backend("epoll", "epoll");
	WANT(!gn_backend_refused());
	/* It is chosen once for a thread. */
	set("GNEZDO_BACKEND", "nonsense");
	WANT_TEXT(gn_backend(), "epoll");
}

static void nothing_is_forced(void)
{
	const char *is;

	set("GNEZDO_BACKEND", "");
	is = gn_backend();
	WANT(is);
	WANT(gn_backend_refused() ? strcmp(is, "epoll") == 0 :
				    strcmp(is, "io_uring") == 0);
}

static int look(void *arg)
{
	(void)arg;
	WANT_TEXT(gn_backend(), "simulation");
	return 0;
}

static void simulation_says_so(void)
{
	gn_sim *sim = gn_sim_open(NULL);

	WANT(sim);
	WANT_IS(gn_sim_host(sim, "a", look, NULL), 0);
	WANT_IS(gn_sim_run(sim), 0);
	gn_sim_close(sim);
	want_backend("epoll", "epoll");
}

/* ---- fault 50: a filter refuses the ring */

static void refuse_rings(int error)
{
	struct sock_filter program[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_io_uring_setup, 0, 1),
		BPF_STMT(BPF_RET | BPF_K,
			 SECCOMP_RET_ERRNO | (unsigned)error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = {
		.len = sizeof program / sizeof *program, .filter = program };

	WANT(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	WANT(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0);
}

static void refused(int error, int code, const char *words)
{
	refuse_rings(error);
	want_refused("GNEZDO_BACKEND", "uring", code, words);
	WANT_IS(gn_error_errno(gn_error_last()), error);
	set(NULL, NULL);
	WANT_TEXT(gn_backend(), "epoll");
	WANT_TEXT(gn_backend_refused(), words);
	WANT_IS(gn_sleep(gn_in(GN_USEC)), 0);
}

static void refused_with_eperm(void)
{
	refused(EPERM, GN_EBACKEND,
		"io_uring_setup: Operation not permitted");
}

static void refused_with_enosys(void)
{
	refused(ENOSYS, GN_EBACKEND,
		"io_uring_setup: Function not implemented");
}

static void refused_with_enomem(void)
{
	refused(ENOMEM, GN_ENOMEM,
		"io_uring_setup: Cannot allocate memory");
}

/* Neither can be had: no descriptor is left. */
static void out_of_descriptors(void)
{
	struct rlimit before, none;
	char text[256];

	set(NULL, NULL);
	WANT(getrlimit(RLIMIT_NOFILE, &before) == 0);
	none = before;
	none.rlim_cur = 3;
	WANT(setrlimit(RLIMIT_NOFILE, &none) == 0);
	WANT(!gn_backend());
	WANT_IS(gn_code(), GN_ELIMIT);
	WANT_IS(gn_error_errno(gn_error_last()), EMFILE);
	WANT(strstr(gn_error_text(gn_error_last(), text, sizeof text),
		    "Too many open files"));
	WANT(!gn_group_open(NULL));
	WANT(setrlimit(RLIMIT_NOFILE, &before) == 0);
	WANT(gn_backend());
	WANT_IS(gn_sleep(gn_in(GN_USEC)), 0);
}

/* ---- features switched off leave the rest as it is */

static void exchange(void)
{
	gn_group *g = gn_group_open(NULL);
	gn_sock *pair[2];
	char text[5];

	WANT(g);
	WANT_IS(gn_pair(GN_UNIX, pair), 0);
	for (int i = 0; i < 5; i++) {
		WANT_IS(gn_send(pair[0], "hello", 5, SOON), 0);
		WANT_IS(gn_recv_exact(pair[1], text, 5, SOON), 5);
		WANT_IS(gn_recv(pair[1], text, 5, gn_in(GN_USEC)),
			GN_ETIMEOUT);
		WANT_IS(gn_go(g, say_nothing, NULL), 0);
		WANT_IS(gn_group_wait(g, SOON), 0);
	}
	gn_group_close(g);
	gn_close(pair[0]);
	gn_close(pair[1]);
}

static void without_multishot(void)
{
	set("GNEZDO_OFF", "multishot");
	exchange();
}

static void without_buffers(void)
{
	set("GNEZDO_OFF", "pbuf,defer");
	exchange();
}

static void without_anything(void)
{
	set("GNEZDO_OFF",
	    "multishot,pbuf,pbuf_inc,defer,guard,overflow");
	exchange();
}

static const struct trial trials[] = {
	{ "unknown words", unknown_words, ALONE },
	{ "unknown faults", unknown_faults, ALONE },
	{ "unknown words before a simulation",
	  unknown_words_before_a_simulation, ALONE },
	{ "epoll is forced", epoll_is_forced, ALONE },
	{ "nothing is forced", nothing_is_forced, ALONE },
	{ "simulation says so", simulation_says_so, ALONE },
	{ "refused with EPERM fault_50", refused_with_eperm, ALONE },
	{ "refused with ENOSYS fault_50", refused_with_enosys, ALONE },
	{ "refused with ENOMEM fault_50", refused_with_enomem, ALONE },
	{ "out of descriptors fault_50", out_of_descriptors, ALONE },
	{ "without multishot", without_multishot, ALONE },
	{ "without buffers", without_buffers, ALONE },
	{ "without anything", without_anything, ALONE },
};

int main(void)
{
	return TRIAL_MAIN(trials);
}
