/*
 * op.c: the library's calls, counted and held against their contracts.
 */
#include "op.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "kit.h"

enum verb {
	LISTEN,
	BIND,
	CONNECT,
	ACCEPT,
	PAIR,
	SEND,
	SENDTO,
	RECV,
	RECVV,
	RECVFROM,
	RECV_EXACT,
	RECV_LINE,
	RECV_UNTIL,
	RECV_TEXT,
	WAIT,
	FLUSH,
	SHUTDOWN,
	CLOSE,
	SLEEP,
	GO,
	GROUP_WAIT,
	CHAN_SEND,
	CHAN_RECV,
	CHAN_SELECT,
	VERBS
};

/* What a scenario sends in one call has no more pieces. */
#define PIECES_MAX 4

/* How long a call rests that found no memory. */
#define REST_NS (10 * GN_MSEC)

#define CODES (GN_ETIMEOUT - GN_ESYS + 1)
#define BIT(code) (UINT32_C(1) << (GN_ETIMEOUT - (code)))

#define ENDS (BIT(GN_ETIMEOUT) | BIT(GN_ECANCELED))
#define HELD (ENDS | BIT(GN_ECLOSED))
#define BROKEN (HELD | BIT(GN_ERESET) | BIT(GN_EDEAD))
#define SHORTAGE (BIT(GN_ENOMEM) | BIT(GN_ELIMIT))
#define OPENING (SHORTAGE | BIT(GN_EINUSE) | BIT(GN_ENOADDR))
#define SENDING (BROKEN | SHORTAGE | BIT(GN_EREFUSED) | BIT(GN_ETOOLONG))
#define RECEIVING \
	(BROKEN | SHORTAGE | BIT(GN_EREFUSED) | BIT(GN_ETRUNC) | BIT(GN_EEND))
#define FRAME (BROKEN | SHORTAGE | BIT(GN_ESHORT))
#define LINE (FRAME | BIT(GN_EEND) | BIT(GN_ETOOLONG))

/* What a call may fail with, of what its header lists and no scenario
 * provokes by mistake. */
static const struct contract {
	const char *word;
	uint32_t fails;
} contracts[VERBS] = {
	[LISTEN] = { "listen", OPENING },
	[BIND] = { "bind", OPENING },
	[CONNECT] = { "connect", ENDS | SHORTAGE | BIT(GN_EREFUSED) |
					 BIT(GN_EUNREACH) | BIT(GN_ERESET) |
					 BIT(GN_EDEAD) | BIT(GN_ENOENT) },
	[ACCEPT] = { "accept", HELD },
	[PAIR] = { "pair", SHORTAGE },
	[SEND] = { "send", SENDING },
	[SENDTO] = { "sendto", SENDING | BIT(GN_EUNREACH) | BIT(GN_ENOENT) },
	[RECV] = { "recv", RECEIVING },
	[RECVV] = { "recv", RECEIVING },
	[RECVFROM] = { "recvfrom", RECEIVING },
	[RECV_EXACT] = { "recv_exact", FRAME },
	[RECV_LINE] = { "recv_line", LINE },
	[RECV_UNTIL] = { "recv_until", LINE },
	[RECV_TEXT] = { "recv_text", RECEIVING | FRAME },
	[WAIT] = { "wait", HELD | SHORTAGE },
	[FLUSH] = { "flush", SENDING },
	[SHUTDOWN] = { "shutdown", SENDING },
	[CLOSE] = { "close", 0 },
	[SLEEP] = { "sleep", BIT(GN_ECANCELED) },
	[GO] = { "go", BIT(GN_ENOMEM) | BIT(GN_ECANCELED) },
	[GROUP_WAIT] = { "group_wait", UINT32_MAX },
	[CHAN_SEND] = { "chan_send", ENDS | BIT(GN_EEND) },
	[CHAN_RECV] = { "chan_recv", ENDS | BIT(GN_EEND) },
	[CHAN_SELECT] = { "chan_select", ENDS | BIT(GN_EEND) },
};

struct counts {
	uint64_t calls[VERBS];
	uint64_t fails[VERBS][CODES];
};

struct op_totals {
	atomic_uint_fast64_t calls[VERBS];
	atomic_uint_fast64_t fails[VERBS][CODES];
	atomic_uint_fast64_t fewest; /* calls of a run */
};

static struct counts counts;
static bool rests; /* and tries again when the system is short of memory */
static struct op_totals *totals;

/* ---- counting */

void op_totals_share(void)
{
	totals = mmap(NULL, sizeof *totals, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (totals == MAP_FAILED)
		totals = NULL;
	if (totals)
		atomic_store(&totals->fewest, UINT64_MAX);
}

uint64_t op_fibers(void)
{
	return counts.calls[GO];
}

uint64_t op_count(void)
{
	uint64_t sum = 0;

	for (int v = 0; v < VERBS; v++)
		sum += counts.calls[v];
	return sum;
}

void op_begin(void)
{
	rests = true;
	memset(&counts, 0, sizeof counts);
}

static void add_verb(int v)
{
	atomic_fetch_add(&totals->calls[v], counts.calls[v]);
	for (int c = 0; c < CODES; c++)
		if (counts.fails[v][c])
			atomic_fetch_add(&totals->fails[v][c],
					 counts.fails[v][c]);
}

static void lower(atomic_uint_fast64_t *least, uint64_t n)
{
	uint64_t before = atomic_load(least);

	while (n < before && !atomic_compare_exchange_weak(least, &before, n))
		;
}

void op_end(void)
{
	if (!totals)
		return;
	lower(&totals->fewest, op_count());
	for (int v = 0; v < VERBS; v++)
		if (counts.calls[v])
			add_verb(v);
}

uint64_t op_totals_sum(void)
{
	uint64_t sum = 0;

	for (int v = 0; totals && v < VERBS; v++)
		sum += atomic_load(&totals->calls[v]);
	return sum;
}

uint64_t op_totals_fewest(void)
{
	return totals ? atomic_load(&totals->fewest) : 0;
}

static void print_verb(int v)
{
	printf("# %-12s %12" PRIu64, contracts[v].word,
	       atomic_load(&totals->calls[v]));
	for (int c = 0; c < CODES; c++) {
		uint64_t fails = atomic_load(&totals->fails[v][c]);

		if (fails)
			printf("  %s %" PRIu64, gn_code_name(GN_ETIMEOUT - c),
			       fails);
	}
	printf("\n");
}

void op_totals_print(void)
{
	for (int v = 0; totals && v < VERBS; v++)
		print_verb(v);
}

/* ---- holding against the contract */

struct call {
	enum verb verb;
	const gn_sock *s;
	gn_time begun, until;
	size_t len; /* the most that gn_error_done may tell */
	bool cancelled;
};

static struct call begin(enum verb verb, const gn_sock *s, size_t len,
			 gn_time until)
{
	counts.calls[verb]++;
	return (struct call){ .verb = verb,
			      .s = s,
			      .begun = gn_now(),
			      .until = until,
			      .len = len,
			      .cancelled = gn_cancelled() };
}

static void check_time(const struct call *c, int result)
{
	gn_time last = gn_time_before(c->until, c->begun) ? c->begun : c->until;

	WANT(kit_late(last) <= 0);
	if (result == GN_ETIMEOUT)
		WANT_IS(kit_late(last), 0);
}

static void check_cancel(const struct call *c, int result)
{
	if (c->cancelled)
		WANT_IS(result, GN_ECANCELED);
	/* A group that was cancelled takes nobody in, whoever asks. */
	if (result == GN_ECANCELED && c->verb != GO)
		WANT(gn_cancelled());
}

/* As words: ends of Unix sockets without a name are equal to nothing. */
static bool same(const gn_addr *a, const gn_addr *b)
{
	char one[GN_ADDR_TEXT_MAX], two[GN_ADDR_TEXT_MAX];

	return strcmp(gn_addr_text(a, one), gn_addr_text(b, two)) == 0;
}

static void check_record(const struct call *c, int result)
{
	const struct contract *k = &contracts[c->verb];
	const gn_error *e = gn_error_last();
	char text[512];
	gn_addr peer;

	WANT_IS(gn_error_code(e), result);
	if (!(k->fails & BIT(result)) && !kit_powerless())
		trial_fail(__FILE__, __LINE__, "%s",
			   gn_error_text(e, text, sizeof text));
	if (c->verb == GROUP_WAIT)
		return;
	WANT_TEXT(gn_error_operation(e), k->word);
	WANT(strstr(gn_error_text(e, text, sizeof text), k->word));
	WANT(gn_error_done(e) <= c->len);
	if (!c->s || c->verb == SENDTO)
		return;
	gn_sock_peer(c->s, &peer);
	if (!peer.kind)
		return;
	if (!gn_error_peer(e) || !same(gn_error_peer(e), &peer))
		trial_fail(__FILE__, __LINE__,
			   "the record names another "
			   "peer: %s",
			   text);
}

static ssize_t end(const struct call *c, ssize_t result)
{
	int code = result < 0 ? (int)result : 0;

	check_time(c, code);
	check_cancel(c, code);
	if (code == 0)
		return result;
	WANT(code <= GN_ETIMEOUT && code >= GN_ESYS);
	counts.fails[c->verb][GN_ETIMEOUT - code]++;
	check_record(c, code);
	return result;
}

/* What makes a thing gives NULL, and the code is in the record. */
static gn_sock *made(const struct call *c, gn_sock *s)
{
	end(c, s ? 0 : gn_code());
	return s;
}

/* ---- sockets */

gn_sock *op_listen(const char *address, const gn_sock_opts *opts)
{
	struct call c = begin(LISTEN, NULL, 0, GN_NOW);

	c.cancelled = false; /* it does not wait */
	return made(&c, gn_listen(address, opts));
}

gn_sock *op_bind(const char *address, const gn_sock_opts *opts)
{
	struct call c = begin(BIND, NULL, 0, GN_NOW);

	c.cancelled = false;
	return made(&c, gn_bind(address, opts));
}

gn_sock *op_connect(const char *address, const gn_sock_opts *opts,
		    gn_time until)
{
	struct call c = begin(CONNECT, NULL, 0, until);

	return made(&c, gn_connect(address, opts, until));
}

gn_sock *op_accept(gn_sock *l, gn_time until)
{
	struct call c = begin(ACCEPT, l, 0, until);

	return made(&c, gn_accept(l, until));
}

int op_pair(enum gn_kind kind, gn_sock *pair[2])
{
	struct call c = begin(PAIR, NULL, 0, GN_NOW);

	c.cancelled = false;
	return (int)end(&c, gn_pair(kind, pair));
}

void op_without_rest(void)
{
	rests = false;
}

/*
 * When the system is short of memory nothing is broken: what is said of the
 * calls is that they may be made again.  So they are, from where they were.
 */
static bool again(ssize_t result, gn_time until)
{
	if (!rests || (result != GN_ENOMEM && result != GN_ELIMIT))
		return false;
	return gn_time_before(gn_in(REST_NS), until) &&
	       gn_sleep(gn_in(REST_NS)) == 0;
}

static size_t length(const struct iovec *pieces, int count)
{
	size_t len = 0;

	for (int i = 0; i < count; i++)
		len += pieces[i].iov_len;
	return len;
}

static void advance(struct iovec *pieces, int count, size_t done)
{
	for (int i = 0; i < count && done > 0; i++) {
		size_t part =
			pieces[i].iov_len < done ? pieces[i].iov_len : done;

		pieces[i].iov_base = (char *)pieces[i].iov_base + part;
		pieces[i].iov_len -= part;
		done -= part;
	}
}

static size_t sent;

size_t op_sent(void)
{
	return sent;
}

int op_sendv(gn_sock *s, const struct iovec *pieces, int count, gn_time until)
{
	struct iovec rest[PIECES_MAX];
	size_t len = length(pieces, count), done = 0;
	int result;

	WANT(count <= PIECES_MAX);
	memcpy(rest, pieces, (size_t)count * sizeof *rest);
	do {
		struct call c = begin(SEND, s, len - done, until);
		size_t part;

		result = (int)end(&c, gn_sendv(s, rest, count, until));
		part = result < 0 ? gn_error_done(gn_error_last()) : len - done;
		advance(rest, count, part);
		done += part;
	} while (again(result, until));
	sent = done;
	return result;
}

int op_send(gn_sock *s, const void *buf, size_t len, gn_time until)
{
	struct iovec piece = { (void *)(uintptr_t)buf, len };

	return op_sendv(s, &piece, 1, until);
}

/* One call that moves no bytes of ours, or moves some to us. */
struct asked {
	enum verb verb;
	gn_sock *s;
	void *buf;
	size_t len;
	const struct iovec *pieces;
	int count;
	gn_addr *from;
	const gn_addr *to;
	const char *mark;
	gn_time until;
};

static ssize_t ask_sendto(const struct asked *a)
{
	return gn_sendto(a->s, a->buf, a->len, a->to, a->until);
}

static ssize_t ask_recv(const struct asked *a)
{
	return gn_recv(a->s, a->buf, a->len, a->until);
}

static ssize_t ask_recvv(const struct asked *a)
{
	return gn_recvv(a->s, a->pieces, a->count, a->until);
}

static ssize_t ask_recvfrom(const struct asked *a)
{
	return gn_recvfrom(a->s, a->buf, a->len, a->from, a->until);
}

static ssize_t ask_exact(const struct asked *a)
{
	return gn_recv_exact(a->s, a->buf, a->len, a->until);
}

static ssize_t ask_line(const struct asked *a)
{
	return gn_recv_line(a->s, a->buf, a->len, a->until);
}

static ssize_t ask_until(const struct asked *a)
{
	return gn_recv_until(a->s, a->buf, a->len, a->mark, strlen(a->mark),
			     a->until);
}

static ssize_t ask_text(const struct asked *a)
{
	return gn_recv_text(a->s, a->buf, a->len, a->until);
}

static ssize_t ask_wait(const struct asked *a)
{
	return gn_wait(a->s, a->until);
}

static ssize_t ask_flush(const struct asked *a)
{
	return gn_flush(a->s, a->until);
}

static ssize_t ask_shutdown(const struct asked *a)
{
	return gn_shutdown(a->s, a->until);
}

static ssize_t (*const asks[VERBS])(const struct asked *a) = {
	[SENDTO] = ask_sendto,	   [RECV] = ask_recv,
	[RECVV] = ask_recvv,	   [RECVFROM] = ask_recvfrom,
	[RECV_EXACT] = ask_exact,  [RECV_LINE] = ask_line,
	[RECV_UNTIL] = ask_until,  [RECV_TEXT] = ask_text,
	[WAIT] = ask_wait,	   [FLUSH] = ask_flush,
	[SHUTDOWN] = ask_shutdown,
};

static ssize_t ask(const struct asked *a)
{
	ssize_t result;

	do {
		struct call c = begin(a->verb, a->s, a->len, a->until);

		result = end(&c, asks[a->verb](a));
	} while (again(result, a->until));
	return result;
}

int op_sendto(gn_sock *s, const void *buf, size_t len, const gn_addr *to,
	      gn_time until)
{
	return (int)ask(&(struct asked){ .verb = SENDTO,
					 .s = s,
					 .buf = (void *)(uintptr_t)buf,
					 .len = len,
					 .to = to,
					 .until = until });
}

static ssize_t ask_bytes(enum verb verb, gn_sock *s, void *buf, size_t len,
			 gn_time until)
{
	return ask(&(struct asked){
		.verb = verb, .s = s, .buf = buf, .len = len, .until = until });
}

ssize_t op_recv(gn_sock *s, void *buf, size_t len, gn_time until)
{
	return ask_bytes(RECV, s, buf, len, until);
}

ssize_t op_recv_exact(gn_sock *s, void *buf, size_t len, gn_time until)
{
	return ask_bytes(RECV_EXACT, s, buf, len, until);
}

ssize_t op_recv_line(gn_sock *s, char *buf, size_t size, gn_time until)
{
	return ask_bytes(RECV_LINE, s, buf, size, until);
}

ssize_t op_recv_text(gn_sock *s, char *buf, size_t size, gn_time until)
{
	return ask_bytes(RECV_TEXT, s, buf, size, until);
}

ssize_t op_recvv(gn_sock *s, const struct iovec *pieces, int count,
		 gn_time until)
{
	return ask(&(struct asked){ .verb = RECVV,
				    .s = s,
				    .pieces = pieces,
				    .count = count,
				    .len = length(pieces, count),
				    .until = until });
}

ssize_t op_recvfrom(gn_sock *s, void *buf, size_t len, gn_addr *from,
		    gn_time until)
{
	return ask(&(struct asked){ .verb = RECVFROM,
				    .s = s,
				    .buf = buf,
				    .len = len,
				    .from = from,
				    .until = until });
}

ssize_t op_recv_until(gn_sock *s, void *buf, size_t size, const char *mark,
		      gn_time until)
{
	return ask(&(struct asked){ .verb = RECV_UNTIL,
				    .s = s,
				    .buf = buf,
				    .len = size,
				    .mark = mark,
				    .until = until });
}

static int ask_state(enum verb verb, gn_sock *s, gn_time until)
{
	return (int)ask_bytes(verb, s, NULL, 0, until);
}

int op_wait(gn_sock *s, gn_time until)
{
	return ask_state(WAIT, s, until);
}

int op_flush(gn_sock *s, gn_time until)
{
	return ask_state(FLUSH, s, until);
}

int op_shutdown(gn_sock *s, gn_time until)
{
	return ask_state(SHUTDOWN, s, until);
}

/* In a fiber it never waits. */
void op_close(gn_sock *s)
{
	struct call c = begin(CLOSE, NULL, 0, GN_NOW);

	c.cancelled = false;
	gn_close(s);
	end(&c, 0);
}

/* ---- time, fibers, channels */

int op_sleep(gn_time until)
{
	struct call c = begin(SLEEP, NULL, 0, until);
	int result = gn_sleep(until);

	if (result == 0)
		WANT(!gn_time_before(gn_now(), until));
	return (int)end(&c, result);
}

int op_go(gn_group *g, gn_fiber_fn *fn, void *arg)
{
	struct call c = begin(GO, NULL, 0, GN_NOW);

	c.cancelled = false;
	return (int)end(&c, gn_go(g, fn, arg));
}

int op_group_wait(gn_group *g, gn_time until)
{
	struct call c = begin(GROUP_WAIT, NULL, 0, until);
	int result = gn_group_wait(g, until);

	/* A member's failure may be a deadline or a cancel of its own. */
	if (c.cancelled)
		WANT_IS(result, GN_ECANCELED);
	WANT(kit_late(gn_time_before(until, c.begun) ? c.begun : until) <= 0);
	return result;
}

int op_chan_send(gn_chan *ch, const void *item, gn_time until)
{
	struct call c = begin(CHAN_SEND, NULL, 0, until);

	return (int)end(&c, gn_chan_send(ch, item, until));
}

int op_chan_recv(gn_chan *ch, void *item, gn_time until)
{
	struct call c = begin(CHAN_RECV, NULL, 0, until);

	return (int)end(&c, gn_chan_recv(ch, item, until));
}

int op_chan_select(gn_chan_case *cases, int count, gn_time until)
{
	struct call c = begin(CHAN_SELECT, NULL, 0, until);

	return (int)end(&c, gn_chan_select(cases, count, until));
}
