/*
 * kit.c: the clients, the servers and the auditor of a world.
 */
#include "kit.h"

#include <stdio.h>
#include <string.h>

#include "io/sim/net.h"
#include "io/sim/place.h"
#include "loop/loop.h"
#include "op.h"

#define ROLES_MAX 12

/* Servers are cancelled at once; what they say goodbye in is bounded. */
#define LEAVE_NS (30 * GN_SEC)

/* A close takes its linger time at most. */
#define GONE_NS (6 * GN_SEC)

struct role {
	const char *name;
	gn_fiber_fn *fn;
	void *arg;
	gn_group *group; /* a server's, while it serves */
	bool done;	 /* a client's work is */
};

static struct {
	gn_sim *sim;
	struct role roles[ROLES_MAX];
	unsigned role_count;
	unsigned left;	  /* clients with work to do */
	unsigned serving; /* servers that have not ended */
	gn_chan *news;	  /* something of these has changed */
	gn_time begun;
	int64_t live_ns;
	bool over, audited;
} kit;

void kit_begin(gn_sim *sim)
{
	memset(&kit, 0, sizeof kit);
	kit.sim = sim;
	kit.live_ns = KIT_LIVE_NS;
	kit.news = gn_chan_open(0, 1);
	WANT(kit.news);
	op_begin();
}

/* A clock that leaps takes all instants between with it. */
static int64_t leapt_ns(void)
{
	struct gni_loop *l = gni_loop_mine();

	return l ? gni_net_of(l->io)->leap_ns : 0;
}

int64_t kit_late(gn_time instant)
{
	int64_t late_ns = gn_since(instant), leap_ns = leapt_ns();

	if (late_ns > 0)
		late_ns = late_ns > leap_ns ? late_ns - leap_ns : 0;
	return late_ns;
}

bool kit_leapt(void)
{
	return leapt_ns() > 0;
}

bool kit_powerless(void)
{
	struct gni_loop *l = gni_loop_mine();

	return gni_net_of(l->io)->places[l->current->place]->down;
}

void kit_patience(int64_t live_ns)
{
	kit.live_ns = live_ns;
}

/* ---- chances */

uint64_t draw(uint64_t bound)
{
	return gn_sim_draw(kit.sim, bound);
}

uint64_t draw_among(uint64_t low, uint64_t high)
{
	return low + draw(high - low + 1);
}

size_t draw_length(size_t most)
{
	return most - (size_t)draw(most);
}

int64_t draw_ns(int64_t most)
{
	return most - (int64_t)draw((uint64_t)most);
}

bool chance(uint64_t once_in)
{
	return draw(once_in) == once_in - 1;
}

gn_time draw_until(void)
{
	static const int64_t ns[] = { 20 * GN_SEC,  20 * GN_SEC,
				      GN_SEC,	    100 * GN_MSEC,
				      10 * GN_MSEC, GN_MSEC,
				      GN_USEC,	    0 };

	return gn_in(ns[draw(sizeof ns / sizeof *ns)]);
}

int kit_pause(int64_t most_ns)
{
	return op_sleep(gn_in((int64_t)draw((uint64_t)most_ns)));
}

/* ---- the parts that hosts play */

static void tell(void)
{
	int result = gn_chan_send(kit.news, NULL, GN_NOW);

	WANT(result == 0 || result == GN_ETIMEOUT || result == GN_ECANCELED);
}

static int client_main(void *arg)
{
	struct role *r = arg;
	int result = 0;

	if (!r->done)
		result = r->fn(r->arg);
	gn_unshield();
	if (gn_cancelled())
		return GN_ECANCELED;
	if (result < 0)
		gn_perror(r->name);
	WANT_IS(result, 0);
	if (!r->done)
		kit.left--;
	r->done = true;
	tell();
	return 0;
}

static int server_main(void *arg)
{
	struct role *r = arg;
	gn_group *g;
	int result;

	if (kit.over)
		return 0;
	g = gn_group_open(NULL);
	WANT(g);
	r->group = g;
	kit.serving++;
	WANT_IS(gn_go_with(g, r->fn, r->arg, &(gn_go_opts){ .name = r->name }),
		0);
	result = gn_group_wait(g, GN_NEVER);
	r->group = NULL;
	gn_group_close(g);
	kit.serving--;
	tell();
	if (result == GN_ECANCELED && gn_cancelled())
		return result;
	if (result < 0)
		gn_perror(r->name);
	WANT_IS(result, 0);
	WANT(kit.over);
	return 0;
}

static void add(const char *name, gn_fiber_fn *fn, void *arg, gn_fiber_fn *main)
{
	struct role *r = &kit.roles[kit.role_count++];

	WANT(kit.role_count < ROLES_MAX);
	*r = (struct role){ .name = name, .fn = fn, .arg = arg };
	WANT_IS(gn_sim_host(kit.sim, name, main, r), 0);
}

void kit_client(const char *name, gn_fiber_fn *fn, void *arg)
{
	kit.left++;
	add(name, fn, arg, client_main);
}

void kit_clients(unsigned count, gn_fiber_fn *fn, void *elements, size_t size)
{
	static const char *const names[KIT_CLIENTS_MAX] = { "ann", "bob", "cat",
							    "dan" };
	char *element = elements;

	WANT(count <= KIT_CLIENTS_MAX);
	for (unsigned i = 0; i < count; i++)
		kit_client(names[i], fn, element + i * size);
}

void kit_server(const char *name, gn_fiber_fn *fn, void *arg)
{
	add(name, fn, arg, server_main);
}

/* ---- what goes wrong besides what the seed draws */

/* A fault of the first so many, in half of the runs. */
static void add_trouble(size_t count)
{
	static const char *const plans[] = {
		"short-io=20%", "eintr=10%", "again=10%",   "enomem=1%",
		"loss=2%",	"dup=5%",    "reorder=5ms", "delay=2ms±1ms",
	};
	const char *plan = plans[draw(count)];

	WANT(count <= sizeof plans / sizeof *plans);
	if (chance(2))
		WANT_IS(gn_sim_fault(kit.sim, plan), 0);
}

void kit_trouble(void)
{
	add_trouble(8);
}

void kit_trouble_inside(void)
{
	add_trouble(4);
}

void kit_power_cut(void)
{
	char plan[80];
	unsigned begin_us = (unsigned)draw(1000);
	unsigned end_us = begin_us + 1 + (unsigned)draw(100000);

	snprintf(plan, sizeof plan, "%s: crash@%uus restart@%uus",
		 kit.roles[draw(kit.role_count)].name, begin_us, end_us);
	if (!chance(4))
		WANT_IS(gn_sim_fault(kit.sim, plan), 0);
}

/* ---- the audit */

static void name_unfinished(void)
{
	for (unsigned i = 0; i < kit.role_count; i++)
		if (!kit.roles[i].done)
			printf("# not done: %s\n", kit.roles[i].name);
}

/* Waits for a number to become 0; negative when the auditor was cancelled. */
static int await_none(const unsigned *number, gn_time limit)
{
	while (*number > 0) {
		gn_time until = gn_time_add(limit, leapt_ns());
		int result = gn_chan_recv(kit.news, NULL, until);

		if (result == GN_ECANCELED)
			return result;
		if (result == GN_ETIMEOUT &&
		    gn_time_before(gn_now(), gn_time_add(limit, leapt_ns())))
			continue; /* it leapt over */
		if (result < 0)
			name_unfinished();
		WANT_IS(result, 0);
	}
	return 0;
}

static void end_servers(void)
{
	kit.over = true;
	for (unsigned i = 0; i < kit.role_count; i++)
		if (kit.roles[i].group)
			gn_group_cancel(kit.roles[i].group);
}

static size_t open_descriptors(void)
{
	struct gni_loop *l = gni_loop_mine();
	size_t open = 0;

	for (unsigned i = 1; i <= kit.role_count; i++)
		open += gni_sim_descriptors(l->io, i);
	return open;
}

/* What was closed is gone when its linger time is over, at the latest. */
static int await_closed(gn_time until)
{
	while (open_descriptors() > 0 && gn_time_before(gn_now(), until)) {
		int result = gn_sleep(gn_in(100 * GN_MSEC));

		if (result < 0)
			return result;
	}
	for (unsigned i = 1; i <= kit.role_count; i++)
		if (gni_sim_descriptors(gni_loop_mine()->io, i) > 0)
			printf("# open descriptors: %s\n",
			       kit.roles[i - 1].name);
	WANT_IS((long long)open_descriptors(), 0);
	return 0;
}

/* Hosts are fibers too, until they return: one, this one, is left. */
static void want_nothing_left(void)
{
	struct gni_loop *l = gni_loop_mine();

	WANT_IS((long long)l->task_count, 1);
	WANT_IS((long long)l->lingering, 0);
	WANT(gni_list_empty(&l->gathered));
}

/* Who has no power has it again then.  The network's own clock never leaps. */
static int await_heal(void)
{
	gn_time healed = gn_time_add(kit.begun, KIT_HEAL_NS + GN_SEC);
	int result = 0;

	while (result == 0 &&
	       gn_time_before(gn_now(), gn_time_add(healed, leapt_ns())))
		result = gn_sleep(gn_time_add(healed, leapt_ns()));
	return result;
}

static int audit(void *arg)
{
	gn_time limit = gn_time_add(kit.begun, KIT_HEAL_NS + kit.live_ns);
	int result;

	(void)arg;
	if (kit.audited)
		return 0;
	result = await_heal();
	if (result == 0)
		result = await_none(&kit.left, limit);
	if (result == 0)
		end_servers();
	if (result == 0)
		result = await_none(&kit.serving, gn_in(LEAVE_NS));
	if (result == 0)
		result = await_closed(gn_in(GONE_NS));
	if (result < 0)
		return result;
	want_nothing_left();
	kit.audited = true;
	return 0;
}

int kit_run(void)
{
	int result;

	WANT_IS(gn_sim_host(kit.sim, "auditor", audit, NULL), 0);

	kit.begun = (gn_time){ GN_SEC }; /* when every simulation begins */
	result = gn_sim_run(kit.sim);
	if (result < 0)
		gn_perror("run");
	WANT_IS(result, 0);
	WANT(kit.audited);
	gn_chan_close(kit.news);
	op_end();
	WANT(op_fibers() + kit.role_count >= KIT_FIBERS);
	WANT(op_count() >= KIT_OPERATIONS);
	return 0;
}
