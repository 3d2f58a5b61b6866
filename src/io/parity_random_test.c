/*
 * parity_random_test.c: scripts that nobody thought of.  Each is drawn and
 * done in the simulation first, all sockets looked at after every step; then
 * the kernel has to answer every step alike, through each backend.
 */
#include "io/parity_test.h"

#include <stdio.h>
#include <string.h>

#include "base/seed_test.h"

#define SCRIPTS 1000
#define STEPS_MAX 12
#define LINES_MAX 100
#define LINE_SIZE 32
#define NUMBER_MAX 9

/* The names of a script's sockets; a later accept gives one called d, so the
 * listener is looked at first. */
static const char names[] = "labcd";

#define NAMES 5
#define LATER ('d' - 'a')

/* How a script begins, and of what kind further sockets are. */
static const struct world {
	const char *kind;
	const char *steps[8];
} worlds[] = {
	{ "tcp",
	  { "tcp l", "bind l", "listen l 8", "tcp a", "connect a l",
	    "accept l b", "close l" } },
	{ "tcp", { "tcp l", "bind l", "listen l 8", "tcp a", "tcp b" } },
	{ "tcp", { "tcp a", "bind a", "tcp b" } },
	{ "udp", { "udp a", "bind a", "udp b", "bind b", "connect a b" } },
	{ "udp",
	  { "udp a", "bind a", "udp b", "bind b", "connect a b",
	    "connect b a" } },
	{ "unix",
	  { "unix l", "bind l", "listen l 8", "unix a", "connect a l",
	    "accept l b", "close l" } },
	{ "unix", { "unix l", "bind l", "listen l 8", "unix a", "unix b" } },
	{ "packet",
	  { "packet l", "bind l", "listen l 8", "packet a", "connect a l",
	    "accept l b", "close l" } },
	{ "packet",
	  { "packet l", "bind l", "listen l 8", "packet a", "packet b" } },
	{ "dgram",
	  { "dgram a", "bind a", "dgram b", "bind b", "connect a b" } },
	{ "dgram",
	  { "dgram a", "bind a", "dgram b", "bind b", "connect a b",
	    "connect b a" } },
};

#define WORLDS (sizeof worlds / sizeof *worlds)

/* When a step may be drawn. */
enum when {
	ALWAYS = 0,
	IDLE = 1 << 0,	    /* nothing of its own is in on it */
	BUSY = 1 << 1,	    /* something is */
	LISTENING = 1 << 2, /* only of a listener; the others of no listener */
	ANY_ROLE = 1 << 3,  /* of both */
	STREAM = 1 << 4,    /* of what is connected, not of datagrams */
};

/* X: an open socket, Y: another's address, Z: a name to give, N: a number, K:
 * the world's kind. */
static const struct draft {
	const char *text;
	unsigned when;
} drafts[] = {
	{ "send X N", IDLE },
	{ "send X N", IDLE },
	{ "sendto X Y N", IDLE },
	{ "recv X N", IDLE },
	{ "recv X N", IDLE },
	{ "peek X N", IDLE },
	{ "trunc X N", IDLE },
	{ "connect X Y", IDLE },
	{ "bind X", IDLE },
	{ "accept X Z", IDLE | LISTENING },
	{ "accept X Z", IDLE | LISTENING },
	{ "later accept X d", IDLE | LISTENING },
	{ "later recv X N", IDLE },
	{ "later send X N", IDLE },
	{ "later poll X", IDLE | ANY_ROLE },
	{ "heard X", BUSY | ANY_ROLE },
	{ "heard X", BUSY | ANY_ROLE },
	{ "cancel X", BUSY | ANY_ROLE },
	{ "shut X w", ANY_ROLE },
	{ "shut X r", STREAM },
	{ "shut X b", STREAM },
	{ "error X", ANY_ROLE },
	{ "peer X", ANY_ROLE },
	{ "linger X", ANY_ROLE },
	{ "close X", IDLE | ANY_ROLE },
	{ "reset X", IDLE | ANY_ROLE },
	{ "K Z", ALWAYS | ANY_ROLE },
};

#define DRAFTS (sizeof drafts / sizeof *drafts)

static struct gni_rng rng;

struct line {
	char step[LINE_SIZE];
	char result[PARITY_RESULT_SIZE];
};

struct script {
	const struct world *world;
	struct line lines[LINES_MAX];
	int count;
	unsigned spoilt; /* sockets of which nothing more is asked */
};

static int below(int bound)
{
	return (int)gni_rng_below(&rng, (uint64_t)bound);
}

static bool is_open(const struct parity *p, int name)
{
	return p->socks[name].fd >= 0;
}

static bool is_listening(const struct parity *p, const struct script *s,
			 int name)
{
	return name == 'l' - 'a' && is_open(p, name) &&
	       strcmp(s->world->steps[2], "listen l 8") == 0;
}

/* A socket that is open; -1: none. */
static int draw_open(const struct parity *p)
{
	int first = below(NAMES);

	for (int i = 0; i < NAMES; i++) {
		int name = names[(first + i) % NAMES] - 'a';

		if (is_open(p, name))
			return name;
	}
	return -1;
}

/* A name that is free, not counting that of a later accept; -1: none. */
static int draw_free(const struct parity *p)
{
	for (int name = 0; name < LATER; name++)
		if (!is_open(p, name))
			return name;
	return -1;
}

static int draw_address(const struct parity *p, int not )
{
	int first = below(NAMES);

	for (int i = 0; i < NAMES; i++) {
		int name = names[(first + i) % NAMES] - 'a';

		if (name != not &&p->socks[name].at.kind)
			return name;
	}
	return -1;
}

/* An empty packet that nobody took is no reset to some kernels. */
static int draw_number(const struct script *s)
{
	bool packet = strcmp(s->world->kind, "packet") == 0;

	return packet ? 1 + below(NUMBER_MAX) : below(NUMBER_MAX + 1);
}

static bool is_datagram(const struct world *w)
{
	return strcmp(w->kind, "udp") == 0 || strcmp(w->kind, "dgram") == 0;
}

/* Whether a draft is one for a socket as it is. */
static bool suits(const struct parity *p, const struct script *s,
		  const struct draft *d, int x)
{
	bool busy = p->socks[x].later.op.state != GNI_OP_IDLE;

	if ((d->when & IDLE && busy) || (d->when & BUSY && !busy))
		return false;
	if (d->when & STREAM && is_datagram(s->world))
		return false;
	if (s->spoilt >> x & 1)
		return d->when == (IDLE | ANY_ROLE) && d->text[0] != 'l';
	return d->when & ANY_ROLE ||
	       !(d->when & LISTENING) == !is_listening(p, s, x);
}

/* Fills in a draft; false if what it needs does not exist. */
static bool complete(const struct parity *p, const struct script *s,
		     const struct draft *d, int x, char *step)
{
	int y = draw_address(p, x), z = draw_free(p);
	size_t at = 0;

	for (const char *c = d->text; *c; c++) {
		if ((*c == 'Y' && y < 0) || (*c == 'Z' && z < 0) ||
		    (strcmp(c, "d") == 0 && is_open(p, LATER)))
			return false;
		if (*c == 'K')
			at += (size_t)snprintf(step + at, LINE_SIZE - at, "%s",
					       s->world->kind);
		else
			step[at++] = (char)(*c == 'X'	? 'a' + x
					    : *c == 'Y' ? 'a' + y
					    : *c == 'Z' ? 'a' + z
					    : *c == 'N' ? '0' + draw_number(s)
							: *c);
	}
	step[at] = '\0';
	return true;
}

/* Does a step in the simulation and notes what it gave. */
static void add(struct parity *p, struct script *s, const char *step)
{
	struct line *line = &s->lines[s->count++];

	assert_true(s->count <= LINES_MAX);
	snprintf(line->step, sizeof line->step, "%s", step);
	parity_step(p, line->step, NULL, line->result);
}

/* What a refused connect of TCP leaves behind differs between a ring and the
 * rest, and a socket that is shut down before it is connected is nobody's. */
static bool spoils(const struct script *s)
{
	const struct line *last = &s->lines[s->count - 1];

	if (strcmp(s->world->kind, "tcp") != 0)
		return false;
	return strcmp(last->result, "ECONNREFUSED") == 0 ||
	       (strncmp(last->step, "shut", 4) == 0 &&
		strcmp(last->result, "ENOTCONN") == 0);
}

/* After every step all is looked at. */
static void add_looks(struct parity *p, struct script *s)
{
	char step[LINE_SIZE];

	for (int i = 0; i < NAMES; i++) {
		const struct parity_sock *sock = &p->socks[names[i] - 'a'];
		bool busy = sock->later.op.state != GNI_OP_IDLE;

		if (sock->fd < 0) {
			s->spoilt &= ~(1u << (names[i] - 'a'));
			continue;
		}
		if (s->spoilt >> (names[i] - 'a') & 1)
			continue;
		snprintf(step, sizeof step, "%s %c", busy ? "heard" : "poll",
			 names[i]);
		add(p, s, step);
	}
}

static void add_drawn(struct parity *p, struct script *s)
{
	const struct draft *d = &drafts[below(DRAFTS)];
	int x = draw_open(p);
	char step[LINE_SIZE];

	if (x < 0)
		d = &drafts[DRAFTS - 1];
	else if (!suits(p, s, d, x))
		return;
	if (!complete(p, s, d, x, step))
		return;
	add(p, s, step);
	if (spoils(s))
		s->spoilt |= 1u << x;
	add_looks(p, s);
}

static void draw_script(struct script *s)
{
	struct parity p;

	*s = (struct script){ .world = &worlds[below(WORLDS)] };
	assert_int_equal(parity_open(&p, &parity_backends[0]), 0);
	for (int i = 0; i < 8 && s->world->steps[i]; i++)
		add(&p, s, s->world->steps[i]);
	for (int i = 0; i < STEPS_MAX && s->count < LINES_MAX - 8; i++)
		add_drawn(&p, s);
	parity_close(&p);
}

/* As parity_test.c would have it, up to the line that differed. */
static void print_script(const struct script *s, int last)
{
	print_message("# ");
	for (int i = 0; i <= last; i++)
		if (strncmp(s->lines[i].step, "poll", 4) != 0 || i == last)
			print_message("%s = %s; ", s->lines[i].step,
				      s->lines[i].result);
	print_message("\n");
}

static void replay(const struct script *s, const struct parity_backend *b)
{
	char result[PARITY_RESULT_SIZE];
	struct parity p;

	assert_int_equal(parity_open(&p, b), 0);
	for (int i = 0; i < s->count; i++) {
		const struct line *line = &s->lines[i];

		parity_step(&p, line->step, line->result, result);
		if (strcmp(result, line->result) != 0) {
			print_script(s, i);
			fail_msg("%s: %s", b->name, result);
		}
	}
	parity_close(&p);
}

/* The state is a real backend. */
static void as_in_the_simulation(void **state)
{
	const struct parity_backend *b = *state;
	struct parity p;

	if (parity_open(&p, b) < 0)
		skip();
	parity_close(&p);
	rng = test_rng(b->name);
	for (int i = 0; i < SCRIPTS; i++) {
		struct script s;

		draw_script(&s);
		replay(&s, b);
	}
}

#define TEST(i) \
	{ \
		"as_in_the_simulation/" #i, as_in_the_simulation, NULL, NULL, \
			(void *)(uintptr_t)&parity_backends[i] \
	}

int main(void)
{
	const struct CMUnitTest tests[] = { TEST(1), TEST(2), TEST(3),
					    TEST(4) };

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("parity_random", tests, NULL, NULL);
}
