/*
 * parity_step_test.c: the steps of scripts, and the backends they are run on.
 */
#include "io/parity_test.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "addr/addr.h"
#include "clock/clock.h"
#include "io/sim/sim.h"

#define TINY_RING 4
#define BYTES_MAX 4096

/* How long the kernel may take for what it does at once unless it is busy. */
#define SECONDS_MAX 20

/* Long enough for all that is under way on a loopback, too short for what
 * waits longer than that: a retry, the end of a TIME_WAIT. */
#define SETTLED_NS (500 * GN_MSEC)

/* ---- backends */

static int open_sim(struct gni_io **io)
{
	static const struct gni_sim_options options = { .in_order = true };
	int result = gni_sim_open(io, &options);

	if (result < 0)
		return result;
	assert_int_equal(gni_sim_host(*io, "host"), 1);
	(*io)->backend->enter(*io, 1, NULL);
	gni_clock_virtual(gni_sim_clock(*io));
	return 0;
}

static int open_uring(struct gni_io **io)
{
	return gni_uring_open(io, 0, 0);
}

static int open_tiny(struct gni_io **io)
{
	return gni_uring_open(io, 0, TINY_RING);
}

const struct parity_backend parity_backends[] = {
	{ "sim", open_sim, true },	    { "epoll", gni_epoll_open, false },
	{ "poll", gni_poll_open, false },   { "uring", open_uring, false },
	{ "uring-tiny", open_tiny, false }, { 0 },
};

int parity_open(struct parity *p, const struct parity_backend *backend)
{
	int result;

	*p = (struct parity){ .seam.family = AF_INET, .sim = backend->sim };
	for (int i = 0; i < PARITY_NAMES; i++)
		p->socks[i].fd = p->socks[i].accepts = -1;
	result = backend->open(&p->seam.io);
	if (result < 0)
		return result;
	p->seam.backend = p->seam.io->backend;
	p->seam.calls = p->seam.backend->calls;
	return 0;
}

static int end_of(struct parity *p, struct heard *h)
{
	while (h->op.state != GNI_OP_IDLE) {
		p->seam.backend->wait(p->seam.io, GN_NEVER);
		if (p->seam.io->stuck)
			fail_msg("it would wait for ever");
	}
	return h->result;
}

/* Tried once, it gives what there is now, or ECANCELED. */
static int cancelled(struct parity *p, struct heard *h)
{
	cancel(&p->seam, h);
	return end_of(p, h);
}

static void take(struct parity *p, int name, int fd, int family)
{
	struct parity_sock *sock = &p->socks[name];

	assert_int_equal(sock->fd, -1);
	*sock = (struct parity_sock){ .fd = fd,
				      .family = family,
				      .accepts = -1 };
}

/* What a later accept gave has its name from then on. */
static void take_accepted(struct parity *p, struct parity_sock *sock)
{
	int name = sock->accepts;

	if (name < 0 || sock->later.op.state != GNI_OP_IDLE)
		return;
	sock->accepts = -1;
	if (sock->later.result >= 0)
		take(p, name, sock->later.result, sock->family);
}

void parity_close(struct parity *p)
{
	for (int i = 0; i < PARITY_NAMES; i++) {
		cancelled(p, &p->socks[i].later);
		take_accepted(p, &p->socks[i]);
	}
	for (int i = 0; i < PARITY_NAMES; i++)
		if (p->socks[i].fd >= 0)
			p->seam.calls->close(p->seam.io, p->socks[i].fd);
	p->seam.backend->close(p->seam.io);
	gni_clock_virtual(NULL);
}

/* ---- steps */

/* A step taken apart: "later sendto a l 5". */
struct step {
	bool later;
	char verb[12];
	int a, b; /* the sockets it names */
	char word[12];
	size_t number;
};

static const struct {
	const char *verb;
	int family, type;
} kinds[] = {
	{ "tcp", AF_UNSPEC, SOCK_STREAM },     { "udp", AF_UNSPEC, SOCK_DGRAM },
	{ "unix", AF_UNIX, SOCK_STREAM },      { "dgram", AF_UNIX, SOCK_DGRAM },
	{ "packet", AF_UNIX, SOCK_SEQPACKET },
};

/* Without Nagle's delays, which are no part of what is compared. */
static int make(struct parity *p, const struct step *s, int family, int type)
{
	int on = 1, fd;

	if (family == AF_UNSPEC)
		family = p->seam.family;
	fd = p->seam.calls->socket(p->seam.io, family, type, 0);
	assert_true(fd >= 0);
	if (family != AF_UNIX && type == SOCK_STREAM)
		p->seam.calls->set(p->seam.io, fd, IPPROTO_TCP, TCP_NODELAY,
				   &on, sizeof on);
	take(p, s->a, fd, family);
	return 0;
}

static bool same(const gn_addr *a, const gn_addr *b)
{
	return a->kind && b->kind && a->len == b->len &&
	       memcmp(a->sockaddr, b->sockaddr, a->len) == 0;
}

/* A Unix name that nobody else has, nor ever had. */
static gn_addr fresh_name(void)
{
	static unsigned last;
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int len = snprintf(un.sun_path + 1, sizeof un.sun_path - 1,
			   "gnezdo-parity-%d-%u", (int)getpid(), ++last);
	gn_addr addr;

	gni_addr_set(&addr, GN_UNIX, &un,
		     sizeof un.sun_family + 1 + (socklen_t)len);
	return addr;
}

static int do_bind(struct parity *p, const struct step *s)
{
	struct parity_sock *sock = &p->socks[s->a];
	gn_addr any =
		sock->family == AF_UNIX ? fresh_name() : any_addr(sock->family);
	struct gni_file file;
	int result = p->seam.calls->bind(p->seam.io, sock->fd, &any, -1, &file);

	if (result == 0)
		sock->at = name_of(&p->seam, sock->fd, false);
	return result;
}

static int do_listen(struct parity *p, const struct step *s)
{
	return p->seam.calls->listen(p->seam.io, p->socks[s->a].fd,
				     (int)s->number);
}

static int do_shut(struct parity *p, const struct step *s)
{
	int how = s->word[0] == 'r'   ? SHUT_RD
		  : s->word[0] == 'w' ? SHUT_WR
				      : SHUT_RDWR;

	return p->seam.calls->shutdown(p->seam.io, p->socks[s->a].fd, how);
}

static int do_linger(struct parity *p, const struct step *s)
{
	static const struct linger none = { 1, 0 };

	return p->seam.calls->set(p->seam.io, p->socks[s->a].fd, SOL_SOCKET,
				  SO_LINGER, &none, sizeof none);
}

static int do_close(struct parity *p, const struct step *s)
{
	p->seam.calls->close(p->seam.io, p->socks[s->a].fd);
	p->socks[s->a].fd = -1;
	return 0;
}

static int do_reset(struct parity *p, const struct step *s)
{
	do_linger(p, s);
	return do_close(p, s);
}

static int do_error(struct parity *p, const struct step *s)
{
	int error = 0;
	socklen_t len = sizeof error;
	int result = p->seam.calls->get(p->seam.io, p->socks[s->a].fd,
					SOL_SOCKET, SO_ERROR, &error, &len);

	return result < 0 ? result : -error;
}

static const struct {
	const char *verb;
	int (*run)(struct parity *p, const struct step *s);
} calls[] = {
	{ "bind", do_bind },   { "listen", do_listen }, { "shut", do_shut },
	{ "close", do_close }, { "linger", do_linger }, { "reset", do_reset },
	{ "error", do_error },
};

static const struct {
	const char *verb;
	enum gni_op_kind kind;
	int flags;
	bool whole; /* until it is over */
} ops[] = {
	{ "send", GNI_OP_SEND, 0, false },
	{ "sendto", GNI_OP_SEND, 0, false },
	{ "recv", GNI_OP_RECV, 0, false },
	{ "peek", GNI_OP_RECV, MSG_PEEK, false },
	{ "trunc", GNI_OP_RECV, MSG_TRUNC, false },
	{ "accept", GNI_OP_ACCEPT, 0, false },
	{ "begin", GNI_OP_CONNECT, 0, false },
	{ "connect", GNI_OP_CONNECT, 0, true },
	{ "poll", GNI_OP_POLL, 0, false },
};

/* Fills in the operation of a socket. */
static struct heard *prepare(struct parity *p, const struct step *s,
			     size_t which)
{
	static char bytes[BYTES_MAX];
	struct parity_sock *sock = &p->socks[s->a];
	struct heard *h = &sock->later;

	assert_true(s->number <= sizeof bytes);
	*h = heard(ops[which].kind, sock->fd);
	sock->vector = (struct iovec){ bytes, s->number };
	sock->message =
		(struct msghdr){ .msg_iov = &sock->vector, .msg_iovlen = 1 };
	sock->accepts = h->op.kind == GNI_OP_ACCEPT ? s->b : -1;
	if (h->op.kind == GNI_OP_POLL)
		h->op.events = POLLIN | POLLPRI | POLLOUT | POLLRDHUP;
	else
		h->op.flags = ops[which].flags;
	if (h->op.kind == GNI_OP_SEND || h->op.kind == GNI_OP_RECV)
		h->op.message = &sock->message;
	if (s->b < 0)
		return h;
	h->op.addr = &p->socks[s->b].at;
	sock->message.msg_name = p->socks[s->b].at.sockaddr;
	sock->message.msg_namelen = p->socks[s->b].at.len;
	return h;
}

/* ---- what comes of them */

static const struct {
	const char *word;
	short event;
} events[] = {
	{ "in", POLLIN },   { "pri", POLLPRI }, { "out", POLLOUT },
	{ "err", POLLERR }, { "hup", POLLHUP }, { "rdhup", POLLRDHUP },
};

static void say_events(int came, char result[PARITY_RESULT_SIZE])
{
	size_t at = 0;

	for (size_t i = 0; i < sizeof events / sizeof *events; i++)
		if (came & events[i].event)
			at += (size_t)snprintf(result + at,
					       PARITY_RESULT_SIZE - at, "%s%s",
					       at ? " " : "", events[i].word);
}

static void say_text(const char *text, char result[PARITY_RESULT_SIZE])
{
	snprintf(result, PARITY_RESULT_SIZE, "%s", text);
}

static void say(int number, char result[PARITY_RESULT_SIZE])
{
	if (number == -ECANCELED)
		say_text("waits", result);
	else if (number < 0)
		say_text(strerrorname_np(-number), result);
	else
		snprintf(result, PARITY_RESULT_SIZE, "%d", number);
}

static void say_heard(struct parity *p, int name,
		      char result[PARITY_RESULT_SIZE])
{
	struct parity_sock *sock = &p->socks[name];
	struct heard *h = &sock->later;

	take_accepted(p, sock);
	if (h->op.kind == GNI_OP_POLL && h->result > 0)
		say_events(h->result, result);
	else if (h->op.kind == GNI_OP_ACCEPT && h->result > 0)
		say(0, result);
	else
		say(h->result, result);
}

/* An Internet socket without a port, and a Unix one without a name. */
static bool is_none(const gn_addr *addr)
{
	return addr->len <= sizeof(sa_family_t) ||
	       (addr->kind != GN_UNIX && gn_addr_port(addr) == 0);
}

static void say_name(struct parity *p, const struct step *s, bool peer,
		     char result[PARITY_RESULT_SIZE])
{
	struct parity_sock *sock = &p->socks[s->a];
	struct sockaddr_storage name;
	socklen_t len = sizeof name;
	int error =
		p->seam.calls->name(p->seam.io, sock->fd, peer, &name, &len);
	gn_addr addr;

	say_text(error < 0 ? strerrorname_np(-error) : "other", result);
	if (error < 0)
		return;
	gni_addr_set(&addr, sock->family == AF_UNIX ? GN_UNIX : GN_TCP, &name,
		     len);
	if (is_none(&addr))
		say_text("none", result);
	for (int i = 0; i < PARITY_NAMES; i++)
		if (same(&p->socks[i].at, &addr))
			snprintf(result, PARITY_RESULT_SIZE, "%c", 'a' + i);
}

/* ---- scripts */

static int letter(const char *word)
{
	return word[0] >= 'a' && word[0] <= 'z' && !word[1] ? word[0] - 'a'
							    : -1;
}

static struct step parse(const char *text)
{
	static const char later[] = "later ";
	char words[3][12] = { "", "", "" };
	struct step s = { .a = -1, .b = -1 };

	s.later = strncmp(text, later, strlen(later)) == 0;
	if (s.later)
		text += strlen(later);
	assert_true(sscanf(text, "%11s %11s %11s %11s", s.verb, words[0],
			   words[1], words[2]) >= 2);
	s.a = letter(words[0]);
	assert_true(s.a >= 0);
	if (strcmp(s.verb, "shut") != 0)
		s.b = letter(words[1]);
	memcpy(s.word, words[1], sizeof s.word);
	s.number = (size_t)atoi(words[s.b >= 0 ? 2 : 1]);
	return s;
}

static bool is(const struct step *s, const char *verb)
{
	return strcmp(s->verb, verb) == 0;
}

static bool step_op(struct parity *p, const struct step *s,
		    char result[PARITY_RESULT_SIZE])
{
	for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
		struct heard *h;

		if (!is(s, ops[i].verb))
			continue;
		if (p->socks[s->a].later.op.state != GNI_OP_IDLE) {
			say_text("busy", result);
			return true;
		}
		h = prepare(p, s, i);
		submit(&p->seam, h);
		if (s->later)
			p->seam.backend->wait(p->seam.io, GN_NOW);
		else if (ops[i].whole)
			end_of(p, h);
		else
			cancelled(p, h);
		if (s->later)
			say_text("0", result);
		else
			say_heard(p, s->a, result);
		return true;
	}
	return false;
}

static bool step_heard(struct parity *p, const struct step *s,
		       char result[PARITY_RESULT_SIZE])
{
	struct heard *h = &p->socks[s->a].later;

	if (!is(s, "heard") && !is(s, "cancel"))
		return false;
	if (is(s, "cancel") && h->op.state != GNI_OP_IDLE)
		cancelled(p, h);
	p->seam.backend->wait(p->seam.io, GN_NOW);
	if (h->op.state == GNI_OP_IDLE)
		say_heard(p, s->a, result);
	else
		say_text("waits", result);
	return true;
}

static void step_once(struct parity *p, const struct step *s,
		      char result[PARITY_RESULT_SIZE])
{
	if (step_op(p, s, result) || step_heard(p, s, result))
		return;
	if (is(s, "name") || is(s, "peer")) {
		say_name(p, s, is(s, "peer"), result);
		return;
	}
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (is(s, kinds[i].verb)) {
			say(make(p, s, kinds[i].family, kinds[i].type), result);
			return;
		}
	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
		if (is(s, calls[i].verb)) {
			say(calls[i].run(p, s), result);
			return;
		}
	fail_msg("no such step: %s", s->verb);
}

/* Lets all that is under way arrive. */
static void settle(struct parity *p)
{
	gn_time until = gn_in(SETTLED_NS);

	while (p->sim && gn_time_before(gn_now(), until))
		p->seam.backend->wait(p->seam.io, until);
}

/* What travels by the kernel may take a moment. */
static bool may_repeat(const struct step *s, const char *result)
{
	return is(s, "poll") || is(s, "peer") || strcmp(result, "waits") == 0 ||
	       (is(s, "error") && strcmp(result, "0") == 0);
}

void parity_step(struct parity *p, const char *step, const char *expected,
		 char result[PARITY_RESULT_SIZE])
{
	gn_time until = gn_in(SECONDS_MAX * GN_SEC);
	struct step s = parse(step);

	settle(p);
	for (int i = 0; i < PARITY_NAMES; i++)
		take_accepted(p, &p->socks[i]);
	step_once(p, &s, result);
	while (expected && strcmp(result, expected) != 0 &&
	       may_repeat(&s, result) && gn_time_before(gn_now(), until)) {
		p->seam.backend->wait(p->seam.io, gn_in(GN_MSEC));
		step_once(p, &s, result);
	}
}
