/*
 * handle_case.c: a handle that is misused stops the program with a sentence
 * or says which thread it belongs to; one that is handed over in time works.
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "child.h"
#include "place.h"

/* ---- use after close: in a child, which is to be stopped */

static int use_recv(const struct place *p)
{
	gn_sock *s[2];
	char c;

	TRY(two(p, s));
	gn_close(s[0]);
	return (int)gn_recv(s[0], &c, 1, SOON);
}

static int use_send(const struct place *p)
{
	gn_sock *s[2];

	TRY(two(p, s));
	gn_close(s[0]);
	return gn_send(s[0], "x", 1, SOON);
}

static int use_close(const struct place *p)
{
	gn_sock *s[2];

	TRY(two(p, s));
	gn_close(s[0]);
	gn_close(s[0]);
	return 0;
}

/* Others have come and gone since. */
static int use_late(const struct place *p)
{
	gn_sock *s[2], *others[2];

	TRY(two(p, s));
	gn_close(s[0]);
	for (int i = 0; i < 10; i++) {
		TRY(two(p, others));
		close_two(others);
	}
	return gn_flush(s[0], SOON);
}

static int use_null(const struct place *p)
{
	char c;

	(void)p;
	return (int)gn_recv(NULL, &c, 1, SOON);
}

static int used_after_close(const struct place *p)
{
	static const struct {
		int (*part)(const struct place *p);
		const char *words;
	} uses[] = {
		{ use_recv, "gn_recv on a socket that was closed (" },
		{ use_send, "gn_send on a socket that was closed (" },
		{ use_close, "gn_close on a socket that was closed (" },
		{ use_late, "gn_flush on a socket that was closed (" },
	};
	char named[64];

	for (size_t i = 0; i < sizeof uses / sizeof *uses; i++)
		TRY(want_stopped(uses[i].part, p, uses[i].words));
	snprintf(named, sizeof named, "closed (%s:", p->kind->scheme);
	if (p->kind->traits & K_PATH)
		TRY(want_stopped(use_recv, p, named));
	if (p->kind->traits & K_INET)
		TRY(want_stopped(use_recv, p,
				 p->kind->traits & K_TCP ? "(tcp://" :
							   "(udp://"));
	return want_stopped(use_null, p, "gn_recv was called without a socket");
}

/* ---- two at a time */

static int recv_one(void *arg)
{
	char c;

	return (int)gn_recv(arg, &c, 1, SOON);
}

/* More than TCP could find room for, should it move its bytes about. */
static int send_one(void *arg)
{
	static char bulk[(size_t)4 << 20];
	enum gn_kind kind = gn_sock_kind(arg);
	bool stream = kind == GN_TCP || kind == GN_UNIX;

	return gn_send(arg, bulk, stream ? sizeof bulk : 1, SOON);
}

static int second_reader(const struct place *p)
{
	struct one first, second;
	gn_sock *s[2];

	TRY(two(p, s));
	TRY(go_one(&first, recv_one, s[1]));
	TRY(go_one(&second, recv_one, s[1]));
	turns();
	return 0;
}

static int second_writer(const struct place *p)
{
	struct one first, second;
	gn_sock *s[2];

	TRY(two(p, s));
	if (fill(s[0]) < 0)
		return -1;
	TRY(go_one(&first, send_one, s[0]));
	TRY(go_one(&second, send_one, s[0]));
	turns();
	return 0;
}

static int recv_nine(void *arg)
{
	char buf[9];

	return (int)gn_recv_exact(arg, buf, sizeof buf, SOON);
}

/* The first waits for more than there is: the second could take that. */
static int second_reader_of_queue(const struct place *p)
{
	struct one first, second;
	gn_sock *s[2];

	TRY(two(p, s));
	WANT_IS(gn_send(s[0], "some", 4, SOON), 0);
	TRY(go_one(&first, recv_nine, s[1]));
	turns();
	TRY(go_one(&second, recv_one, s[1]));
	turns();
	return 0;
}

static int cork_and_send(void *arg)
{
	gn_cork(arg);
	return gn_send(arg, "x", 1, SOON);
}

/* The first waits for room: what the second sends could be gathered. */
static int second_writer_gathers(const struct place *p)
{
	struct one first, second;
	gn_sock *s[2];

	TRY(two(p, s));
	if (fill(s[0]) < 0)
		return -1;
	TRY(go_one(&first, send_one, s[0]));
	turns();
	TRY(go_one(&second, cork_and_send, s[0]));
	turns();
	return 0;
}

static int two_at_a_queue(const struct place *p)
{
	TRY(want_stopped(second_reader_of_queue, p,
			 "gn_recv: another fiber receives on this socket ("));
	return want_stopped(second_writer_gathers, p,
			    "gn_send: another fiber sends on this socket (");
}

static int two_at_a_time(const struct place *p)
{
	TRY(want_stopped(second_reader, p,
			 "gn_recv: another fiber receives on this socket ("));
	if (p->kind->traits & K_UDP)
		return 0;
	return want_stopped(second_writer, p,
			    "gn_send: another fiber sends on this socket (");
}

/* ---- threads */

struct errand {
	gn_sock *s;
	int (*run)(gn_sock *s);
	int result;
};

static void *errand(void *arg)
{
	struct errand *e = arg;

	e->result = e->run(e->s);
	return NULL;
}

/* Runs on a thread of its own. */
static int elsewhere(gn_sock *s, int (*run)(gn_sock *s))
{
	struct errand e = { s, run, 0 };
	pthread_t thread;

	WANT(pthread_create(&thread, NULL, errand, &e) == 0);
	pthread_join(thread, NULL);
	return e.result;
}

static int foreign_calls(gn_sock *s)
{
	enum gn_kind kind = gn_sock_kind(s);
	gn_addr addr;
	size_t len;
	char c;

	WANT_IS(gn_recv(s, &c, 1, SOON), GN_ETHREAD);
	WANT_IS(gn_recv(s, &c, 1, GN_NOW), GN_ETHREAD);
	WANT_IS(gn_wait(s, SOON), GN_ETHREAD);
	WANT_IS(gn_flush(s, SOON), GN_ETHREAD);
	WANT_IS(gn_release(s, &c, 1, &len), GN_ETHREAD);
	if (kind == GN_TCP || kind == GN_UNIX)
		WANT_IS(gn_shutdown(s, SOON), GN_ETHREAD);
	gn_cork(s);
	/* What does not wait may be asked by anybody. */
	gn_sock_peer(s, &addr);
	gn_sock_local(s, &addr);
	return 0;
}

static int recv_hello(gn_sock *s)
{
	char buf[8];
	ssize_t n = 1, sum = 0;

	/* A stream's may come in pieces. */
	for (; sum < 5 && n > 0; sum += n)
		n = gn_recv(s, buf, sizeof buf, SOON);
	WANT_IS(sum, 5);
	return 0;
}

static int close_here(gn_sock *s)
{
	gn_close(s);
	return 0;
}

/* It belongs to the thread that first waited on it. */
static int wrong_thread(const struct place *p)
{
	gn_sock *s[2];
	char c;

	TRY(two(p, s));
	WANT_IS(gn_recv(s[1], &c, 1, GN_NOW), GN_ETIMEOUT);
	TRY(elsewhere(s[1], foreign_calls));
	WANT_IS(gn_send(s[0], "hello", 5, SOON), 0);
	TRY(recv_hello(s[1]));
	close_two(s);
	return 0;
}

/* Before that it may be handed over, though it was asked this and that. */
static int handed_over(const struct place *p)
{
	gn_sock *s[2];
	gn_addr addr;

	for (int i = 0; i < 10; i++) {
		TRY(two(p, s));
		gn_sock_local(s[1], &addr);
		WANT_IS(gn_sock_set_buffers(s[1], 0, 65536), 0);
		WANT_IS(gn_send(s[0], "hello", 5, SOON), 0);
		TRY(elsewhere(s[1], recv_hello));
		/* Its thread has ended: it is free again. */
		WANT_IS(gn_send(s[0], "hello", 5, SOON), 0);
		TRY(elsewhere(s[1], recv_hello));
		WANT_IS(gn_send(s[0], "hello", 5, SOON), 0);
		TRY(recv_hello(s[1]));
		close_two(s);
		TRY(two(p, s));
		TRY(elsewhere(s[1], close_here));
		gn_close(s[0]);
	}
	return 0;
}

static int accept_here(gn_sock *l)
{
	gn_sock *s = gn_accept(l, SOON);
	int result;

	WANT(s);
	result = recv_hello(s);
	gn_close(s);
	return result;
}

static int listener_handed_over(const struct place *p)
{
	char address[ADDRESS_MAX];
	gn_sock *l = listen_somewhere(p, address), *s;

	WANT(l);
	for (int i = 0; i < 3; i++) {
		s = gn_connect(address, NULL, SOON);
		WANT(s);
		WANT_IS(gn_send(s, "hello", 5, SOON), 0);
		TRY(i == 2 ? accept_here(l) : elsewhere(l, accept_here));
		gn_close(s);
	}
	gn_close(l);
	return 0;
}

static int close_elsewhere(const struct place *p)
{
	gn_sock *s[2];
	char c;

	TRY(two(p, s));
	WANT_IS(gn_recv(s[1], &c, 1, GN_NOW), GN_ETIMEOUT);
	return elsewhere(s[1], close_here);
}

static int closed_on_another_thread(const struct place *p)
{
	if (!CHILDREN_HAVE_THREADS)
		return skip(p, "the sanitizer does not bear it");
	return want_stopped(close_elsewhere, p,
			    "gn_close on another thread than the socket's (");
}

/* ---- the way of the textbooks: a thread a client */

#define CLIENTS 20

static void *serve_client(void *arg)
{
	static char failed;
	gn_sock *s = arg;
	int result = recv_pattern(s, 5000, 0);

	if (result == 0)
		result = send_pattern(s, 5000, 7);
	gn_close(s);
	return result < 0 ? &failed : NULL;
}

static void *be_client(void *arg)
{
	static char failed;
	gn_sock *s = gn_connect(arg, NULL, SOON);
	int result = s ? send_pattern(s, 5000, 0) : -1;

	if (result == 0)
		result = recv_pattern(s, 5000, 7);
	if (result == 0)
		result = recv_end(s);
	gn_close(s);
	return result < 0 ? &failed : NULL;
}

static int thread_per_client(const struct place *p)
{
	char address[ADDRESS_MAX];
	gn_sock *l = listen_somewhere(p, address);
	pthread_t threads[2 * CLIENTS];
	void *failed;

	WANT(l);
	for (int i = 0; i < CLIENTS; i++)
		WANT(!pthread_create(&threads[i], NULL, be_client, address));
	for (int i = 0; i < CLIENTS; i++) {
		gn_sock *s = gn_accept(l, SOON);

		WANT(s);
		WANT(!pthread_create(&threads[CLIENTS + i], NULL, serve_client,
				     s));
	}
	for (int i = 0; i < 2 * CLIENTS; i++) {
		WANT(pthread_join(threads[i], &failed) == 0);
		WANT(!failed);
	}
	gn_close(l);
	return 0;
}

/* ---- a cork where there is nothing to cork */

static int cork_here(gn_sock *s)
{
	gn_cork(s);
	WANT_IS(gn_code(), GN_OK);
	return 0;
}

static int send_and_release(void *arg)
{
	char unread[8];
	size_t len;
	int fd;

	WANT_IS(gn_send(arg, "x", 1, SOON), 0);
	fd = gn_release(arg, unread, sizeof unread, &len);
	WANT(fd >= 0);
	close(fd);
	return 0;
}

/* It says nothing, and nothing is gathered after it. */
static int cork_in_vain(const struct place *p)
{
	struct one sender;
	gn_sock *s[2];
	char c;

	TRY(two(p, s));
	WANT_IS(gn_recv(s[0], &c, 1, GN_NOW), GN_ETIMEOUT);
	TRY(elsewhere(s[0], cork_here));
	TRY(go_one(&sender, send_and_release, s[0]));
	WANT_IS(join_one(&sender), 0);
	WANT_IS(gn_recv(s[1], &c, 1, SOON), 1);
	gn_close(s[1]);
	return 0;
}

static int cork_listener(const struct place *p)
{
	char address[ADDRESS_MAX];
	gn_sock *l = listen_somewhere(p, address);

	WANT(l);
	gn_cork(l);
	WANT_IS(gn_code(), GN_OK);
	gn_close(l);
	return 0;
}

static int use_cork(const struct place *p)
{
	gn_sock *s[2];

	TRY(two(p, s));
	gn_close(s[0]);
	gn_cork(s[0]);
	return 0;
}

static int corked_after_close(const struct place *p)
{
	return want_stopped(use_cork, p,
			    "gn_cork was called without a socket that is open");
}

/* ---- nothing to close */

static int nothing_to_close(const struct place *p)
{
	(void)p;
	gn_close(NULL);
	gn_group_close(NULL);
	gn_chan_close(NULL);
	gn_sim_close(NULL);
	gn_thread_free(NULL);
	return 0;
}

const struct conform_case handle_cases[] = {
	{ "used_after_close (fault_20)", K_NAMED, 0, used_after_close, NULL,
	  NULL, ON_THREADS | LEAVES },
	{ "two_at_a_time (fault_20)", 0, 0, two_at_a_time, NULL, NULL,
	  ON_THREADS | LEAVES },
	{ "two_at_a_queue (fault_20)", K_STREAM, 0, two_at_a_queue, NULL, NULL,
	  ON_THREADS | LEAVES },
	{ "wrong_thread", 0, 0, wrong_thread, NULL, NULL, ON_THREADS },
	{ "handed_over", 0, 0, handed_over, NULL, NULL, ON_THREADS },
	{ "listener_handed_over", K_SERVED, 0, listener_handed_over, NULL, NULL,
	  ON_THREADS },
	{ "thread_per_client", K_STREAM | K_SERVED, 0, thread_per_client, NULL,
	  NULL, ON_THREADS },
	{ "cork_in_vain", K_STREAM, 0, cork_in_vain, NULL, NULL, ON_THREADS },
	{ "cork_listener", K_SERVED, 0, cork_listener, NULL, NULL, 0 },
	{ "corked_after_close (fault_20)", K_STREAM, 0, corked_after_close,
	  NULL, NULL, ON_THREADS | LEAVES },
	{ "nothing_to_close", K_NONE, 0, nothing_to_close, NULL, NULL, 0 },
	{ "closed_on_another_thread", 0, 0, closed_on_another_thread, NULL,
	  NULL, ON_THREADS | LEAVES },
	{ 0 },
};
