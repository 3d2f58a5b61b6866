/*
 * sock.c: the life of a handle, and what every call asks first.
 */
#include "sock/sock.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "addr/addr.h"
#include "base/check.h"

/* Handles come in slabs that are never given back; the free ones stand in a
 * queue, so that each rests as long as may be before its next life.  So many
 * fill sixteen pages. */
#define SLAB (65536 / sizeof(struct handle))

/* So many rest at least, however few are in use. */
#define REST_MIN 32

struct handle {
	gn_sock sock; /* a free one is in the queue by its owned.link */
	atomic_uint_fast64_t life; /* another number in each, 0 between */
};

/* What is far lies together, so that it is in pages that nobody may need; huge
 * ones would hold them with the handles. */
struct slab {
	struct handle handles[SLAB];
	struct gni_far far[SLAB];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct gni_list free_handles = { &free_handles, &free_handles };
static size_t free_count;
static uint64_t lives;

static void hold(void)
{
	pthread_mutex_lock(&lock);
}

static void let(void)
{
	pthread_mutex_unlock(&lock);
}

/* A child of fork has the lock free, whatever other threads were doing, also
 * when they make the first socket of all. */
__attribute__((constructor)) static void watch_fork(void)
{
	pthread_atfork(hold, let, let);
}

/* A program's leak check, if it has one, whether or not the library was built
 * for it, follows what it allocated and not what was mapped. */
extern void __lsan_register_root_region(const void *base, size_t bytes)
	__attribute__((weak));

static struct slab *map_slab(void)
{
	struct slab *slab = mmap(NULL, sizeof *slab, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (slab == MAP_FAILED)
		return NULL;
	/* Refused by kernels without huge pages, which is as good. */
	(void)madvise(slab, sizeof *slab, MADV_NOHUGEPAGE);
	if (__lsan_register_root_region)
		__lsan_register_root_region(slab, sizeof *slab);
	return slab;
}

static bool add_slab(void)
{
	struct slab *slab = map_slab();

	if (!slab)
		return false;
	for (size_t i = 0; i < SLAB; i++) {
		gn_sock *s = &slab->handles[i].sock;

		s->far = &slab->far[i];
		gni_list_insert(free_handles.next, &s->owned.link);
	}
	free_count += SLAB;
	return true;
}

static gn_sock *take_handle(void)
{
	struct gni_list *first = NULL;
	struct handle *h;
	uint64_t life;

	pthread_mutex_lock(&lock);
	if (free_count > REST_MIN || add_slab() || free_count > 0) {
		first = gni_list_pop(&free_handles);
		free_count--;
	}
	life = ++lives;
	pthread_mutex_unlock(&lock);
	if (!first)
		return NULL;
	h = GNI_OWNER(first, struct handle, sock.owned.link);
	atomic_store_explicit(&h->life, life, memory_order_relaxed);
	return &h->sock;
}

uint64_t gni_sock_life(const gn_sock *s)
{
	return atomic_load_explicit(&GNI_OWNER(s, struct handle, sock)->life,
				    memory_order_relaxed);
}

void gni_sock_free(gn_sock *s)
{
	struct handle *h = GNI_OWNER(s, struct handle, sock);

	gni_bytes_free(&s->in.queue);
	if (s->far->sock) {
		gni_list_remove(&s->far->leave.link);
		gni_bytes_free(&s->far->gathered);
		gni_bytes_free(&s->far->flying);
	}
	s->live = false;
	s->closing = GNI_CLOSED;
	/* Who closed it sees that, before it is another thread's. */
	atomic_store_explicit(&h->life, 0, memory_order_relaxed);
	pthread_mutex_lock(&lock);
	gni_list_add(&free_handles, &s->owned.link);
	free_count++;
	pthread_mutex_unlock(&lock);
}

static void let_go(struct gni_owned *o);

gn_sock *gni_sock_open(enum gn_kind kind, enum gni_role role, int fd,
		       const char *operation)
{
	gn_sock *s = take_handle();
	struct gni_far *far;

	if (!s) {
		gni_fail(&(struct gni_cause){ .code = GN_ENOMEM,
					      .operation = operation },
			 NULL);
		return NULL;
	}
	far = s->far;
	if (far->sock)
		memset(far, 0, sizeof *far);
	memset(s, 0, sizeof *s);
	s->far = far;
	s->kind = (uint8_t)kind;
	s->role = (uint8_t)role;
	s->verbs = gni_kind_verbs(kind, role);
	s->live = true;
	s->fd = fd;
	if (kind == GN_PIPE)
		gni_sock_far(s)->out_fd = fd;
	s->fork = gni_loop_fork();
	s->in.ahead_bytes = GNI_RECV_AHEAD;
	gni_list_init(&s->owned.link);
	s->owned.let_go = let_go;
	return s;
}

void gni_sock_peer_is(gn_sock *s, const gn_addr *peer)
{
	struct gni_peer *near = &s->near_peer;

	*near = (struct gni_peer){ 0 };
	if (s->far->peer.kind)
		s->far->peer.kind = GN_KIND_NONE;
	if (peer->len > sizeof near->sockaddr) {
		gni_sock_far(s)->peer = *peer;
		return;
	}
	near->kind = peer->kind;
	near->len = peer->len;
	memcpy(near->sockaddr, peer->sockaddr, peer->len);
}

void gn_sock_peer(const gn_sock *s, gn_addr *addr)
{
	const struct gni_peer *near = &s->near_peer;

	*addr = near->kind ? (gn_addr){ .kind = near->kind, .len = near->len } :
			     s->far->peer;
	if (near->kind)
		memcpy(addr->sockaddr, near->sockaddr, near->len);
}

const gn_addr *gni_sock_peer_far(const gn_sock *s)
{
	struct gni_far *far = gni_sock_far(s);

	if (s->near_peer.kind && !far->peer.kind)
		gn_sock_peer(s, &far->peer);
	return &far->peer;
}

const char *gni_sock_where(const gn_sock *s, char text[GN_ADDR_TEXT_MAX])
{
	gn_addr peer;

	gn_sock_peer(s, &peer);
	return gn_addr_text(peer.kind ? &peer : &s->far->local, text);
}

static int fail_kind(const gn_sock *s, enum gni_verb verb)
{
	gn_addr peer;

	gn_sock_peer(s, &peer);
	return gni_fail(&(struct gni_cause){
				.code = GN_EKIND,
				.operation = gni_verb_word(verb),
				.local = &s->far->local,
				.peer = &peer },
			"a %s %s has no %s", gni_kind_word(s->kind),
			gni_role_word(s->role), gni_verb_word(verb));
}

int gni_sock_check(gn_sock *s, enum gni_verb verb)
{
	char text[GN_ADDR_TEXT_MAX];

	GNI_CHECK(s, "gn_%s was called without a socket",
		  gni_verb_word(verb));
	GNI_CHECK(s->live, "gn_%s on a socket that was closed (%s)",
		  gni_verb_word(verb), gni_sock_where(s, text));
	if (s->fork != gni_loop_fork())
		return gni_sock_fail(s, verb, GN_EFORK, 0, 0);
	if (!(s->verbs & 1u << verb))
		return fail_kind(s, verb);
	if (s->loop && s->loop != gni_loop_mine())
		return gni_sock_fail(s, verb, GN_ETHREAD, 0, 0);
	return 0;
}

static inline bool sends(enum gni_verb verb)
{
	return 1u << verb & (1u << GNI_SEND | 1u << GNI_SENDTO |
			     1u << GNI_FLUSH | 1u << GNI_SHUTDOWN);
}

static inline bool is_alone(const gn_sock *s, enum gni_verb verb)
{
	return sends(verb) ? !s->writer : !s->reader;
}

/* Two fibers that send, or two that receive, would mix their bytes. */
static void check_alone(const gn_sock *s, enum gni_verb verb)
{
	char text[GN_ADDR_TEXT_MAX];

	GNI_CHECK(is_alone(s, verb),
		  "gn_%s: another fiber %s on this socket (%s)",
		  gni_verb_word(verb), sends(verb) ? "sends" : "receives",
		  gni_sock_where(s, text));
}

void gni_sock_attach(gn_sock *s, struct gni_loop *loop)
{
	if (s->loop)
		return;
	s->loop = loop;
	gni_list_add(&loop->owned, &s->owned.link);
}

/* All that gni_sock_begin asks, in its order and with its words. */
static __attribute__((noinline)) int begin(gn_sock *s, enum gni_verb verb)
{
	int result = gni_sock_check(s, verb);

	if (result < 0)
		return result;
	if (!s->loop) {
		struct gni_loop *l = gni_loop_here();

		if (!l)
			return gn_code();
		gni_sock_attach(s, l);
	}
	if (gni_task_cancelled(s->loop->current))
		return gni_sock_fail(s, verb, GN_ECANCELED, 0, 0);
	check_alone(s, verb);
	return 0;
}

/* A loop is of this process and of this thread, and so is what it has. */
int gni_sock_begin(gn_sock *s, enum gni_verb verb)
{
	const struct gni_loop *l = gni_loop_mine();

	if (__builtin_expect(s && s->live && l && s->loop == l &&
			     (s->verbs & 1u << verb) && is_alone(s, verb) &&
			     !l->current->cancelled, 1))
		return 0;
	return begin(s, verb);
}

void gni_sock_detach(gn_sock *s)
{
	if (s->out.rests)
		gni_timer_drop(&s->loop->timers, &s->far->rest);
	s->out.rests = false;
	gni_list_remove(&s->owned.link);
	s->loop = NULL;
}

void gni_sock_idle(gn_sock *s)
{
	struct gni_loop *l = s->loop;

	if (!s->leaving || s->in.op.state != GNI_OP_IDLE ||
	    s->far->op.state != GNI_OP_IDLE)
		return;
	s->leaving = false;
	l->calls->forget(l->io, s->fd);
	gni_sock_detach(s);
}

/*
 * The thread ends: the socket stays open, for another thread to use or close.
 * The standing operations' last completions let it go.
 */
static void let_go(struct gni_owned *o)
{
	gn_sock *s = GNI_OWNER(o, gn_sock, owned);
	struct gni_loop *l = s->loop;

	s->leaving = true;
	l->backend->cancel(l->io, &s->in.op);
	l->backend->cancel(l->io, &s->far->op);
	gni_sock_idle(s);
}

int gni_sock_fail(const gn_sock *s, enum gni_verb verb, int result,
		  size_t done, size_t need)
{
	struct gni_cause cause = gni_cause_of(result);
	gn_addr local, peer;

	gn_sock_local(s, &local);
	gn_sock_peer(s, &peer);
	cause.operation = gni_verb_word(verb);
	cause.local = &local;
	cause.peer = &peer;
	cause.done = done;
	cause.need = need;
	return gni_fail(&cause, NULL);
}

bool gni_sock_lacks(int error)
{
	return error == ENOMEM || error == ENOBUFS;
}

bool gni_sock_breaks(int error)
{
	int code = error == EPIPE ? GN_OK : gni_cause_of(-error).code;

	return code == GN_ERESET || code == GN_EDEAD || code == GN_EUNREACH;
}

const struct gni_calls *gni_sock_calls(const gn_sock *s, struct gni_io **io)
{
	struct gni_loop *l = s->loop ? s->loop : gni_loop_mine();

	*io = l ? l->io : NULL;
	return l ? l->calls : &gni_sys_calls;
}

/* A close that came after the bytes drops them: its peer is heard out. */
static int leave(gn_sock *s, struct gni_wait **slot, int result)
{
	s->users--;
	if (s->closing == GNI_OPEN)
		return result;
	if (slot == &s->reader && result > 0)
		s->unread_seen = true;
	if (s->users == 0)
		gni_close_later(s);
	return GN_ECLOSED;
}

static void enter(gn_sock *s, struct gni_wait **slot, struct gni_wait *w)
{
	GNI_CHECK(!*slot, "gn_%s: another fiber waits for this socket too",
		  w->operation);
	*slot = w;
	s->users++;
}

struct standing {
	struct gni_wait wait;
	struct gni_wait **slot;
};

static void stop_waiting(struct gni_wait *w)
{
	gni_sock_wake(GNI_OWNER(w, struct standing, wait)->slot, w->reason);
}

void gni_sock_wake(struct gni_wait **slot, int result)
{
	struct gni_wait *w = *slot;

	*slot = NULL;
	if (w)
		gni_wake(w, result);
}

int gni_sock_wait(gn_sock *s, struct gni_wait **slot, enum gni_verb verb,
		  gn_time until)
{
	struct standing w = { .wait = { .operation = gni_verb_word(verb),
					.about = gni_sock_about(s),
					.give_up = stop_waiting },
			      .slot = slot };

	enter(s, slot, &w.wait);
	return leave(s, slot, gni_wait_for(&w.wait, until));
}

int gni_sock_call(gn_sock *s, struct gni_wait **slot, struct gni_call *c,
		  enum gni_verb verb, gn_time until)
{
	int result;

	enter(s, slot, &c->wait);
	result = gni_call_wait(c, gni_verb_word(verb), gni_sock_about(s),
			       until);
	*slot = NULL;
	return leave(s, slot, result);
}

void gn_sock_local(const gn_sock *s, gn_addr *addr)
{
	struct gni_io *io;
	const struct gni_calls *calls = gni_sock_calls(s, &io);
	struct sockaddr_storage name;
	socklen_t len = sizeof name;

	*addr = s->far->local;
	if (s->far->local.kind || s->kind == GN_PIPE || !s->live)
		return;
	if (calls->name(io, s->fd, false, &name, &len) == 0)
		gni_addr_set(addr, s->kind, &name, len);
}

enum gn_kind gn_sock_kind(const gn_sock *s)
{
	return s->kind;
}
