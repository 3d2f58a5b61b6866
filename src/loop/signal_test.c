/*
 * signal_test.c: SIGTERM and SIGINT are taken for a while, only where the
 * program had left them alone, and given back.
 */
#include "loop/signal.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "loop/trial_test.h"

/* It knows no fork of a process that has threads. */
#if defined(__SANITIZE_THREAD__)
#define UNLESS_TSAN 0
#else
#define UNLESS_TSAN ON_REAL
#endif

struct watch {
	struct gni_signal signal;
	int came;
};

static void came(struct gni_signal *signal)
{
	GNI_OWNER(signal, struct watch, signal)->came++;
}

static void watch(struct watch *w)
{
	memset(w, 0, sizeof *w);
	gni_list_init(&w->signal.link);
	w->signal.came = came;
	gni_signal_take(gni_loop_here(), &w->signal);
}

static void unwatch(struct watch *w)
{
	gni_signal_give(gni_loop_here(), &w->signal);
}

static struct sigaction action_of(int number)
{
	struct sigaction a;

	WANT(sigaction(number, NULL, &a) == 0);
	return a;
}

static bool is_default(int number)
{
	return action_of(number).sa_handler == SIG_DFL;
}

static void set_action(int number, void (*handler)(int))
{
	struct sigaction a = { .sa_handler = handler };

	WANT(sigaction(number, &a, NULL) == 0);
}

static void turn(void)
{
	WANT_IS(gn_sleep(gn_in(GN_USEC)), 0);
}

/* ThreadSanitizer keeps a signal back until the next call that it knows, of
 * which kill is one. */
static void turn_until(const int *count, int wanted)
{
	while (*count < wanted) {
		WANT(kill(getpid(), 0) == 0);
		turn();
	}
	WANT_IS(*count, wanted);
}

static void taken_and_given_back(void)
{
	struct watch w;

	for (int round = 0; round < 3; round++) {
		WANT(is_default(SIGTERM) && is_default(SIGINT));
		watch(&w);
		WANT(!is_default(SIGTERM) && !is_default(SIGINT));
		WANT(is_default(SIGHUP) && is_default(SIGPIPE));
		turn();
		WANT_IS(w.came, 0);
		raise(SIGTERM);
		WANT_IS(w.came, 0);
		turn_until(&w.came, 1);
		raise(SIGINT);
		turn_until(&w.came, 2);
		unwatch(&w);
	}
	WANT(is_default(SIGTERM) && is_default(SIGINT));
}

static int seen;

static void own_handler(int number)
{
	seen = number;
}

static void own_handlers_are_left_alone(void)
{
	struct watch w;

	set_action(SIGTERM, own_handler);
	set_action(SIGINT, SIG_IGN);
	watch(&w);
	WANT(action_of(SIGTERM).sa_handler == own_handler);
	WANT(action_of(SIGINT).sa_handler == SIG_IGN);
	raise(SIGTERM);
	raise(SIGINT);
	turn();
	WANT_IS(w.came, 0);
	turn_until(&seen, SIGTERM);
	unwatch(&w);
	WANT(action_of(SIGTERM).sa_handler == own_handler);
	WANT(action_of(SIGINT).sa_handler == SIG_IGN);
}

static void each_signal_for_itself(void)
{
	struct watch w;

	set_action(SIGTERM, own_handler);
	watch(&w);
	raise(SIGINT);
	turn_until(&w.came, 1);
	unwatch(&w);
	WANT(is_default(SIGINT));
	WANT(action_of(SIGTERM).sa_handler == own_handler);
}

/* A handler that the program sets meanwhile stays. */
static void handler_set_meanwhile(void)
{
	struct watch w;

	watch(&w);
	set_action(SIGTERM, own_handler);
	unwatch(&w);
	WANT(action_of(SIGTERM).sa_handler == own_handler);
	WANT(is_default(SIGINT));
}

static void several_watch(void)
{
	struct watch w[3];

	for (int i = 0; i < 3; i++)
		watch(&w[i]);
	raise(SIGTERM);
	turn_until(&w[0].came, 1);
	WANT_IS(w[1].came, 1);
	WANT_IS(w[2].came, 1);
	unwatch(&w[1]);
	raise(SIGINT);
	turn_until(&w[0].came, 2);
	WANT_IS(w[1].came, 1);
	WANT_IS(w[2].came, 2);
	unwatch(&w[0]);
	WANT(!is_default(SIGTERM));
	raise(SIGTERM);
	turn_until(&w[2].came, 3);
	unwatch(&w[2]);
	WANT(is_default(SIGTERM) && is_default(SIGINT));
}

/* ---- a signal wakes a loop that sleeps, and every loop that watches */

struct sleeper {
	struct watch watch;
	gn_group *group;
};

static void wake_sleeper(struct gni_signal *signal)
{
	struct watch *w = GNI_OWNER(signal, struct watch, signal);
	struct sleeper *s = GNI_OWNER(w, struct sleeper, watch);

	w->came++;
	gn_group_cancel(s->group);
}

static int sleep_for_ever(void *arg)
{
	(void)arg;
	return gn_sleep(GN_NEVER);
}

static pthread_barrier_t barrier;

static void *sleep_till_signal(void *arg)
{
	struct sleeper s = { .group = gn_group_open(NULL) };

	(void)arg;
	WANT(s.group);
	WANT_IS(gn_go(s.group, sleep_for_ever, NULL), 0);
	watch(&s.watch);
	s.watch.signal.came = wake_sleeper;
	pthread_barrier_wait(&barrier);
	WANT_IS(gn_group_wait(s.group, GN_NEVER), 0);
	WANT_IS(s.watch.came, 1);
	unwatch(&s.watch);
	gn_group_close(s.group);
	return NULL;
}

#define LOOPS 6

static void every_loop_that_watches(void)
{
	pthread_t t[LOOPS];

	pthread_barrier_init(&barrier, NULL, LOOPS + 1);
	for (int i = 0; i < LOOPS; i++)
		WANT(pthread_create(&t[i], NULL, sleep_till_signal, NULL) ==
		     0);
	pthread_barrier_wait(&barrier);
	WANT(kill(getpid(), SIGTERM) == 0);
	for (int i = 0; i < LOOPS; i++)
		WANT(pthread_join(t[i], NULL) == 0);
	WANT(is_default(SIGTERM) && is_default(SIGINT));
	pthread_barrier_destroy(&barrier);
}

/* One loop lets go while signals come: it must not be touched after. */
static void *watch_shortly(void *arg)
{
	struct watch w;

	(void)arg;
	for (int i = 0; i < 200; i++) {
		watch(&w);
		if (i % 10 == 0)
			turn();
		unwatch(&w);
	}
	return NULL;
}

static void signals_meet_the_end(void)
{
	struct watch all;
	pthread_t t[2];

	watch(&all);
	for (int i = 0; i < 2; i++)
		WANT(pthread_create(&t[i], NULL, watch_shortly, NULL) == 0);
	for (int i = 0; i < 200; i++) {
		WANT(kill(getpid(), i % 2 ? SIGTERM : SIGINT) == 0);
		turn();
	}
	for (int i = 0; i < 2; i++)
		WANT(pthread_join(t[i], NULL) == 0);
	turn();
	WANT(all.came > 0);
	unwatch(&all);
}

/* ---- a child of fork serves nobody: the signal ends it as ever */

static void *watch_in_a_thread(void *arg)
{
	struct watch w;

	watch(&w);
	pthread_barrier_wait(arg);
	pthread_barrier_wait(arg);
	turn();
	WANT_IS(w.came, 0);
	unwatch(&w);
	return NULL;
}

static void child_of_fork(void)
{
	struct watch w;
	pthread_t t;
	pid_t child;
	int status;

	pthread_barrier_init(&barrier, NULL, 2);
	WANT(pthread_create(&t, NULL, watch_in_a_thread, &barrier) == 0);
	pthread_barrier_wait(&barrier);
	watch(&w);
	child = fork();
	if (child == 0) {
		raise(SIGTERM);
		_exit(0);
	}
	WANT(child > 0);
	WANT_IS(waitpid(child, &status, 0), child);
	WANT(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
	turn();
	WANT_IS(w.came, 0);
	pthread_barrier_wait(&barrier);
	WANT(pthread_join(t, NULL) == 0);
	unwatch(&w);
	pthread_barrier_destroy(&barrier);
}

/* It may serve by itself, and then the signal is its own. */
static void child_of_fork_watches(void)
{
	struct watch w;
	pid_t child;
	int status;

	watch(&w);
	child = fork();
	if (child == 0) {
		struct watch mine;

		watch(&mine);
		raise(SIGTERM);
		turn_until(&mine.came, 1);
		WANT_IS(w.came, 0);
		unwatch(&mine);
		WANT(is_default(SIGTERM) && is_default(SIGINT));
		_exit(0);
	}
	WANT(child > 0);
	WANT_IS(waitpid(child, &status, 0), child);
	WANT_IS(status, 0);
	turn();
	WANT_IS(w.came, 0);
	unwatch(&w);
}

/* ---- servers, by their public call */

static int serve_nothing(gn_sock *client, void *arg)
{
	(void)client;
	(void)arg;
	return 0;
}

struct servers {
	gn_group *group;
	int ready, ended;
};

static void one_more_ready(gn_sock *listener, void *arg)
{
	struct servers *s = arg;

	(void)listener;
	if (++s->ready == 3)
		raise(SIGTERM);
}

static int serve_one(void *arg)
{
	struct servers *s = arg;
	gn_serve_opts opts = { .ready = one_more_ready };

	WANT_IS(gn_serve("tcp://127.0.0.1:0", serve_nothing, s, &opts), 0);
	s->ended++;
	return 0;
}

static void several_servers(void)
{
	struct servers s = { .group = gn_group_open(NULL) };

	WANT(s.group);
	for (int i = 0; i < 3; i++)
		WANT_IS(gn_go(s.group, serve_one, &s), 0);
	WANT_IS(gn_group_wait(s.group, SOON), 0);
	WANT_IS(s.ended, 3);
	WANT(is_default(SIGTERM) && is_default(SIGINT));
	gn_group_close(s.group);
}

static const struct trial trials[] = {
	{ "taken and given back fault_61", taken_and_given_back, ON_REAL },
	{ "own handlers are left alone fault_61",
	  own_handlers_are_left_alone, ON_REAL },
	{ "each signal for itself fault_61", each_signal_for_itself,
	  ON_REAL },
	{ "handler set meanwhile fault_61", handler_set_meanwhile, ON_REAL },
	{ "several watch fault_61", several_watch, ON_REAL },
	{ "every loop that watches fault_61", every_loop_that_watches,
	  ON_ROOT },
	{ "signals meet the end fault_61", signals_meet_the_end, ON_ROOT },
	{ "child of fork fault_52", child_of_fork, UNLESS_TSAN },
	{ "child of fork watches fault_52", child_of_fork_watches, ON_REAL },
	{ "several servers fault_61", several_servers, ON_REAL },
};

int main(void)
{
	return TRIAL_MAIN(trials);
}
