/*
 * planted.c: programs with a bug each, of the sorts that networks bring out.
 * A sweep finds it, and shrinking leaves hardly more than its cause.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "loop/trial_test.h"
#include "told.h"

#define EVENTS_MAX 20

static gn_sock *connected(gn_time until)
{
	gn_sock *s = NULL;

	while (!s && gn_time_before(gn_now(), until)) {
		s = gn_connect("tcp://server:7", NULL, until);
		if (!s && gn_sleep(gn_in(10 * GN_MSEC)) < 0)
			break;
	}
	return s;
}

/* A server whose handler is given, and one client. */
static int run_two(gn_sim *sim, gn_fiber_fn *server, gn_fiber_fn *client,
		   void *arg)
{
	if (gn_sim_service(sim, "server", server, arg) < 0 ||
	    gn_sim_host(sim, "client", client, arg) < 0)
		return gn_code();
	return gn_sim_run(sim);
}

/* ---- a short read: one receive is taken for the whole message */

#define MESSAGE "a message of twenty-eight ch"

static int reads_once(gn_sock *s, void *arg)
{
	char text[100];
	ssize_t n = gn_recv(s, text, sizeof text, gn_in(GN_MIN));

	if (n > 0 && n < (ssize_t)strlen(MESSAGE))
		*(int *)arg = GN_ESHORT;
	return 0;
}

static int serves_readers(void *arg)
{
	return gn_serve("tcp://:7", reads_once, arg, NULL);
}

static int sends_one(void *arg)
{
	gn_auto gn_sock *s = connected(gn_in(GN_MIN));
	int result = s ? gn_send(s, MESSAGE, strlen(MESSAGE), gn_in(GN_MIN)) :
			 gn_code();
	char c;

	(void)arg;
	/* Until the server has closed. */
	return result == 0 ? (int)gn_recv(s, &c, 1, gn_in(GN_MIN)) : 0;
}

/* The same, found by a check that ends the process. */
static int asserts(gn_sock *s, void *arg)
{
	char text[100];
	ssize_t n = gn_recv(s, text, sizeof text, gn_in(GN_MIN));

	(void)arg;
	if (n > 0 && n < (ssize_t)strlen(MESSAGE)) {
		fprintf(stderr, "it is whole, not %d bytes\n", (int)n);
		abort();
	}
	return 0;
}

static int serves_asserters(void *arg)
{
	return gn_serve("tcp://:7", asserts, arg, NULL);
}

static int assertion(gn_sim *sim, void *arg)
{
	return run_two(sim, serves_asserters, sends_one, arg);
}

static int short_read(gn_sim *sim, void *arg)
{
	int wrong = 0, result = run_two(sim, serves_readers, sends_one, &wrong);

	(void)arg;
	return wrong ? wrong : result;
}

/* ---- a race: what is true before a wait is taken for true after it */

struct till {
	gn_sim *sim;
	int balance;
};

static int pause_up_to(gn_sim *sim, uint64_t most_ms)
{
	return gn_sleep(gn_in((int64_t)gn_sim_draw(sim, most_ms) * GN_MSEC));
}

static int takes(void *arg)
{
	struct till *t = arg;

	for (int i = 0; i < 3; i++) {
		if (pause_up_to(t->sim, 8) < 0 || t->balance < 10)
			break;
		if (gn_sleep(gn_in(GN_MSEC)) < 0)
			break;
		t->balance -= 10;
	}
	return 0;
}

static int pays(void *arg)
{
	struct till *t = arg;

	for (int i = 0; i < 10; i++) {
		t->balance += 3;
		if (gn_sleep(gn_in(2 * GN_MSEC)) < 0)
			break;
	}
	return 0;
}

static int race(gn_sim *sim, void *arg)
{
	struct till t = { .sim = sim, .balance = 20 };
	int result;

	(void)arg;
	if (gn_sim_host(sim, "payer", pays, &t) < 0 ||
	    gn_sim_host(sim, "one", takes, &t) < 0 ||
	    gn_sim_host(sim, "other", takes, &t) < 0)
		return gn_code();
	result = gn_sim_run(sim);
	return t.balance < 0 ? GN_EPROTO : result;
}

/* ---- a missed deadline: each try has all the time there is */

#define PATIENCE (5 * GN_SEC)

struct answer {
	int64_t took_ns; /* 0: none came */
};

static int answers(gn_sock *s, void *arg)
{
	char c;

	(void)arg;
	while (gn_recv(s, &c, 1, gn_in(GN_MIN)) == 1)
		if (gn_send(s, &c, 1, gn_in(GN_MIN)) < 0)
			break;
	return 0;
}

static int serves_answers(void *arg)
{
	return gn_serve("tcp://:7", answers, arg, NULL);
}

static int asks(void *arg)
{
	struct answer *a = arg;
	gn_time begin = gn_now();

	for (int tries = 0; tries < 10; tries++) {
		gn_time until = gn_in(PATIENCE);
		gn_auto gn_sock *s = connected(until);
		char c;

		if (s && gn_send(s, "?", 1, until) == 0 &&
		    gn_recv(s, &c, 1, until) == 1) {
			a->took_ns = gn_since(begin);
			break;
		}
		if (gn_code() == GN_ECANCELED)
			break;
	}
	return 0;
}

static int late(gn_sim *sim, void *arg)
{
	struct answer a = { 0 };
	int result = run_two(sim, serves_answers, asks, &a);

	(void)arg;
	return a.took_ns > PATIENCE ? GN_ETIMEOUT : result;
}

/* ---- a lost byte: a broken connection is taken for one that ended */

#define PIECES 12

static int collects(gn_sock *s, void *arg)
{
	int *wrong = arg;
	char text[100];
	ssize_t all = 0, n;

	while ((n = gn_recv(s, text, sizeof text, gn_in(GN_MIN))) > 0)
		all += n;
	if (n == GN_ERESET)
		n = 0;
	if (n == 0 && all < 10 * PIECES)
		*wrong = GN_ESHORT;
	return 0;
}

static int serves_collectors(void *arg)
{
	return gn_serve("tcp://:7", collects, arg, NULL);
}

static int sends_pieces(void *arg)
{
	gn_auto gn_sock *s = connected(gn_in(GN_MIN));

	(void)arg;
	for (int i = 0; s && i < PIECES; i++)
		if (gn_send(s, "0123456789", 10, gn_in(GN_MIN)) < 0 ||
		    gn_sleep(gn_in(GN_MSEC)) < 0)
			break;
	return 0;
}

static int lost_byte(gn_sim *sim, void *arg)
{
	int wrong = 0;
	int result = run_two(sim, serves_collectors, sends_pieces, &wrong);

	(void)arg;
	return wrong ? wrong : result;
}

/* ---- a forgetful host: what it promised is only in its memory */

static int counts(void *arg)
{
	gn_auto gn_sock *s = gn_bind("udp://:7", NULL);
	unsigned char next = 1, c;
	gn_addr from;

	(void)arg;
	while (s && gn_recvfrom(s, &c, 1, &from, GN_NEVER) >= 0)
		if (gn_sendto(s, &next, 1, &from, GN_NEVER) == 0)
			next++;
	return 0;
}

static int draws_numbers(void *arg)
{
	int *wrong = arg;
	unsigned char last = 0, c;

	for (int i = 0; i < 40; i++) {
		gn_auto gn_sock *s = gn_connect("udp://server:7", NULL,
						gn_in(GN_SEC));

		if (gn_sleep(gn_in(20 * GN_MSEC)) < 0)
			break;
		if (!s || gn_send(s, "?", 1, gn_in(GN_SEC)) < 0 ||
		    gn_recv(s, &c, 1, gn_in(GN_SEC)) != 1)
			continue;
		if (c <= last)
			*wrong = GN_EPROTO;
		last = c;
	}
	return 0;
}

static int forgets(gn_sim *sim, void *arg)
{
	int wrong = 0, result = run_two(sim, counts, draws_numbers, &wrong);

	(void)arg;
	return wrong ? wrong : result;
}

/* ---- a false alarm: three beats that do not come are a death */

static int beats(void *arg)
{
	gn_auto gn_sock *s = gn_connect("udp://client:7", NULL,
					gn_in(GN_SEC));

	(void)arg;
	while (s && gn_sleep(gn_in(100 * GN_MSEC)) == 0)
		if (gn_send(s, "!", 1, gn_in(GN_SEC)) < 0)
			continue;
	return 0;
}

static int listens_to_beats(void *arg)
{
	gn_auto gn_sock *s = gn_bind("udp://:7", NULL);
	int missed = 0;
	char c;

	for (int i = 0; s && i < 60; i++) {
		ssize_t n = gn_recv(s, &c, 1, gn_in(150 * GN_MSEC));

		if (n == GN_ECANCELED)
			break;
		missed = n < 0 ? missed + 1 : 0;
		if (missed == 3)
			*(int *)arg = GN_EDEAD;
	}
	return 0;
}

static int false_alarm(gn_sim *sim, void *arg)
{
	int wrong = 0, result = run_two(sim, beats, listens_to_beats, &wrong);

	(void)arg;
	return wrong ? wrong : result;
}

/* ---- found, shrunk, seen again */

static const struct plant {
	const char *name;
	gn_scenario_fn *fn;
	int code;
	const char *faults; /* NULL: drawn */
	const char *without; /* so it never fails; NULL: it may always */
} plants[] = {
	{ "short read", short_read, GN_ESHORT, "", NULL },
	{ "assertion", assertion, GN_ESYS, NULL, NULL },
	{ "race", race, GN_EPROTO, "", NULL },
	{ "late", late, GN_ETIMEOUT, NULL, "" },
	{ "lost byte", lost_byte, GN_ESHORT, NULL, "" },
	{ "forgets", forgets, GN_EPROTO, NULL,
	  "loss=5% delay=10ms+-10ms cut@300ms..400ms short-io" },
	{ "false alarm", false_alarm, GN_EDEAD, NULL, "" },
};

static char tape[32]; /* a file without a name: nothing is left behind */

static uint64_t number_behind(const char *line, const char *word)
{
	const char *at = strstr(line, word);

	WANT(at);
	return strtoull(at + strlen(word), NULL, 10);
}

static void set_number(const char *name, uint64_t number)
{
	char text[32];

	snprintf(text, sizeof text, "%" PRIu64, number);
	setenv(name, text, 1);
}

static int sweep(const struct plant *p, struct told *told, const char *faults)
{
	*told = (struct told){ 0 };
	return gn_sweep(p->name, p->fn, NULL,
			told_opts(told, &(gn_sweep_opts){ .count = 300,
							  .faults = faults }));
}

static void find(const struct plant *p)
{
	struct told told;

	if (p->without)
		WANT_IS(sweep(p, &told, p->without), 0);
	WANT_IS(sweep(p, &told, p->faults), p->code);
	set_number("GNEZDO_SEED",
		   number_behind(told_line(&told, "again (gnezdo"),
				 "GNEZDO_SEED="));
	if (p->code != GN_ESYS)
		WANT_IS(sweep(p, &told, p->faults), p->code);
}

static void shrink(const struct plant *p)
{
	struct told told;
	const char *line;

	setenv("GNEZDO_SHRINK", tape, 1);
	setenv("GNEZDO_TRACE", "/dev/null", 1);
	WANT_IS(sweep(p, &told, p->faults), p->code);
	line = told_line(&told, "events are left");
	WANT(number_behind(line, ": ") <= EVENTS_MAX);
	WANT(number_behind(line, ": ") < number_behind(line, " of "));
	line = told_line(&told, "fails: ");
	WANT(strstr(line, p->code == GN_ESYS ? "it is whole, not" :
					       gn_code_name(p->code)));
	unsetenv("GNEZDO_SHRINK");
	unsetenv("GNEZDO_TRACE");
}

static void see_again(const struct plant *p)
{
	struct told told;

	unsetenv("GNEZDO_SEED");
	setenv("GNEZDO_TAPE", tape, 1);
	if (p->code != GN_ESYS)
		WANT_IS(sweep(p, &told, p->faults), p->code);
	unsetenv("GNEZDO_TAPE");
}

static void found_and_shrunk(const struct plant *p)
{
	int fd = memfd_create("tape", 0);

	WANT(fd >= 0);
	snprintf(tape, sizeof tape, "/proc/self/fd/%d", fd);
	find(p);
	shrink(p);
	see_again(p);
	close(fd);
}

#define PLANT(n)                                 \
	static void plant_##n(void)              \
	{                                        \
		found_and_shrunk(&plants[n]);    \
	}
PLANT(0)
PLANT(1)
PLANT(2)
PLANT(3)
PLANT(4)
PLANT(5)
PLANT(6)

static const struct trial trials[] = {
	{ "fault_06 a short read", plant_0, ALONE },
	{ "fault_06 a short read that aborts", plant_1, ALONE },
	{ "a race", plant_2, ALONE },
	{ "fault_24 a missed deadline", plant_3, ALONE },
	{ "fault_01 a lost byte", plant_4, ALONE },
	{ "fault_19 a host that forgets", plant_5, ALONE },
	{ "fault_24 a false alarm", plant_6, ALONE },
};

int main(void)
{
	return TRIAL_MAIN(trials);
}
