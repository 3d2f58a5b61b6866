/*
 * tape_target.c: a small simulated world whose every choice the input makes:
 * what goes wrong, when and how strongly, who runs next, how bytes are cut.
 * Whatever it chooses, no wrong byte arrives, nobody waits for ever, and once
 * all is healed everybody gets through.  A run that was recorded goes again
 * as it went.
 *
 *	all bytes   the tape (base/tape.h)
 */
#include "target.h"

#include <stdbool.h>
#include <string.h>

#include <gnezdo.h>
#include <gnezdo/sim.h>

#include "base/tape.h"
#include "fault/word.h"
#include "sim/inside.h"

#include "../mishap.h"

#define ENTRIES_MAX 4096
#define CLIENTS 2
#define MESSAGE_MAX 600

/* Nothing goes wrong any more from here on, and within the second time all
 * must have got through: a connection that lost its packets for so long tries
 * again after at most two minutes. */
#define HEAL_NS (20 * GN_SEC)
#define THROUGH_NS (10 * GN_MIN)

struct world {
	gn_sim *sim;
	gn_time begin;
	int clients; /* which of them the next one is */
	bool spoils; /* a rule turns bits on the way */
};

/* ---- what goes wrong */

static int64_t draw_strength(gn_sim *sim, const struct gni_fault_word *w)
{
	static const int64_t shares[] = { 1000000, 100, 10, 4, 2, 1 };
	int64_t share = shares[gn_sim_draw(sim, 6)];
	int64_t value = w->min + (w->max - w->min) / share;

	if (!w->units)
		return 1;
	if (w->units == gni_fault_times && value > 10 * GN_SEC)
		value = 10 * GN_SEC;
	return value != 0 ? value : 1;
}

/* A crash takes what a client has under way, so it is the server's. */
static void draw_rule(gn_sim *sim, gn_fault_rule *r)
{
	static const char *const hosts[] = { "", "server", "client0" };
	uint64_t which = gn_sim_draw(sim, GNI_FAULT_COUNT);
	const struct gni_fault_word *w = &gni_fault_words[which];
	const char *host = w->once ? "server" : hosts[gn_sim_draw(sim, 3)];

	*r = (gn_fault_rule){ 0 };
	snprintf(r->from, sizeof r->from, "%s", host);
	gni_fault_set(&r->faults, w->field, draw_strength(sim, w));
	r->begin_ns = (int64_t)gn_sim_draw(sim, 10000) * GN_MSEC;
	if (!w->once && gn_sim_draw(sim, 2))
		r->end_ns = r->begin_ns +
			    ((int64_t)gn_sim_draw(sim, 5000) + 1) * GN_MSEC;
}

static void go_wrong(struct world *w)
{
	for (uint64_t n = gn_sim_draw(w->sim, 5); n > 0; n--) {
		gn_fault_rule rule;

		draw_rule(w->sim, &rule);
		w->spoils |= rule.faults.corrupt_ppm > 0;
		WANT(gn_sim_fault_rule(w->sim, &rule) == 0);
	}
	gn_sim_heal(w->sim, HEAL_NS);
}

static gn_time healed(const struct world *w)
{
	return gn_time_add(w->begin, HEAL_NS);
}

/* A server that begins anew finds its clients cancelled and its port taken. */
static void want_mishap(int code)
{
	if (is_mishap(code) || code == GN_ECANCELED || code == GN_EINUSE)
		return;
	gn_perror("# not by the world");
	WANT(false && "a failure that the world may cause");
}

/* ---- the server: what comes goes back */

static int echo(void *arg)
{
	gn_sock *s = arg;
	char buf[256];
	ssize_t n;

	while ((n = gn_recv(s, buf, sizeof buf, gn_in(10 * GN_SEC))) > 0) {
		n = gn_send(s, buf, (size_t)n, gn_in(10 * GN_SEC));
		if (n < 0)
			break;
	}
	if (n < 0)
		want_mishap((int)n);
	gn_close(s);
	return 0;
}

static gn_sock *listen_at_last(void)
{
	gn_sock *l;

	while (!(l = gn_listen("tcp://:7000", NULL))) {
		want_mishap(gn_code());
		if (gn_sleep(gn_in(GN_SEC)) < 0)
			return NULL;
	}
	return l;
}

static int server(void *arg)
{
	gn_group *g = gn_group_open(&(gn_group_opts){ .keep_going = true });
	gn_sock *l = listen_at_last(), *s;

	(void)arg;
	WANT(g);
	while (l && (s = gn_accept(l, GN_NEVER)))
		if (gn_go(g, echo, s) < 0)
			gn_close(s);
	if (l)
		want_mishap(gn_code());
	gn_close(l);
	gn_group_close(g);
	return 0;
}

/* ---- a client: what comes back is what it sent */

static uint8_t pattern(int client, size_t at)
{
	return (uint8_t)((size_t)client * 101 + at * 7 + (at >> 8));
}

static int exchange(struct world *w, int client, gn_sock *s)
{
	uint8_t buf[MESSAGE_MAX], got[MESSAGE_MAX];
	bool spoilt = w->spoils && gn_time_before(gn_now(), healed(w));
	size_t len = gn_sim_draw(w->sim, MESSAGE_MAX) + 1;
	gn_time until = gn_in((int64_t)(gn_sim_draw(w->sim, 8) + 1) * GN_SEC);
	ssize_t n;

	for (size_t i = 0; i < len; i++)
		buf[i] = pattern(client, i);
	n = gn_send(s, buf, len, until);
	if (n < 0)
		return (int)n;
	if (gn_sim_draw(w->sim, 4) == 1 && gn_shutdown(s, until) < 0)
		return gn_code();
	n = gn_recv_exact(s, got, len, until);
	if (n == GN_ESHORT)
		len = gn_error_done(gn_error_last());
	if (n == GN_ESHORT || n > 0)
		WANT(spoilt || memcmp(got, buf, len) == 0);
	return n > 0 ? 0 : n < 0 ? (int)n : GN_EEND;
}

static int get_through(struct world *w, int client)
{
	gn_sock *s = gn_connect("tcp://server:7000", NULL, gn_in(5 * GN_SEC));
	int result = s ? exchange(w, client, s) : gn_code();

	gn_close(s);
	if (result < 0)
		want_mishap(result);
	return result;
}

static int client(void *arg)
{
	struct world *w = arg;
	int number = w->clients++;
	gn_time late = gn_time_add(healed(w), THROUGH_NS);

	for (uint64_t n = gn_sim_draw(w->sim, 4); n > 0; n--) {
		get_through(w, number);
		WANT(gn_sleep(gn_in(GN_SEC)) == 0);
	}
	WANT(gn_sleep(healed(w)) == 0);
	while (get_through(w, number) < 0) {
		WANT(gn_time_before(gn_now(), late));
		WANT(gn_sleep(gn_in(GN_SEC)) == 0);
	}
	return 0;
}

/* ---- the run */

static void add_hosts(struct world *w)
{
	WANT(gn_sim_service(w->sim, "server", server, w) == 0);
	for (int i = 0; i < CLIENTS; i++) {
		char name[16];

		snprintf(name, sizeof name, "client%d", i);
		WANT(gn_sim_host(w->sim, name, client, w) == 0);
	}
}

/* Plays a tape, recording what it chose; gives the trace. */
static uint64_t play(const uint8_t *bytes, size_t len,
		     struct gni_tape_log *log)
{
	struct world w = { .sim = gn_sim_open(
				   &(gn_sim_opts){ .in_order = true }) };
	uint64_t trace;

	WANT(w.sim);
	gni_tape_replay(&w.sim->tape, bytes, len);
	log->count = 0;
	gni_tape_record(&w.sim->tape, log);
	add_hosts(&w);
	/* The clock of a simulation begins at a second. */
	w.begin = (gn_time){ GN_SEC };
	go_wrong(&w);
	WANT(gn_sim_run(w.sim) == 0);
	trace = gn_sim_trace(w.sim);
	gn_sim_close(w.sim);
	return trace;
}

/* What is saved of any bytes says the same, and once saved stays as it is. */
static void check_bytes(const uint8_t *bytes, size_t len)
{
	static struct gni_tape_entry entries[TARGET_INPUT_MAX];
	static uint8_t saved[16 * TARGET_INPUT_MAX], again[sizeof saved];
	size_t count = gni_tape_load(bytes, len, entries, TARGET_INPUT_MAX);
	size_t size = gni_tape_save(entries, count, saved, sizeof saved), more;
	struct gni_tape was, is;

	WANT(count <= len && size <= sizeof saved);
	gni_tape_replay(&was, bytes, len);
	gni_tape_replay(&is, saved, size);
	for (size_t i = 0; i < count + GNI_STREAMS; i++) {
		enum gni_stream s = i % GNI_STREAMS;

		WANT(gni_tape_draw(&was, s, UINT64_MAX) ==
		     gni_tape_draw(&is, s, UINT64_MAX));
	}
	count = gni_tape_load(saved, size, entries, TARGET_INPUT_MAX);
	more = gni_tape_save(entries, count, again, sizeof again);
	WANT(more == size && memcmp(saved, again, size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static uint8_t saved[16 * ENTRIES_MAX];
	static struct gni_tape_log *log;
	uint64_t trace;
	size_t size;

	if (len > TARGET_INPUT_MAX)
		return 0;
	if (!log)
		log = calloc(1, sizeof *log +
				     ENTRIES_MAX * sizeof *log->entries);
	WANT(log);
	log->max = ENTRIES_MAX;
	check_bytes(data, len);
	trace = play(data, len, log);
	if (log->count > log->max)
		return 0;
	size = gni_tape_save(log->entries, log->count, saved, sizeof saved);
	WANT(size <= sizeof saved);
	WANT(play(saved, size, log) == trace);
	return 0;
}
