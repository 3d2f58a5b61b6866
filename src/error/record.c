/*
 * record.c: where records live and how a failure is written into one.  It
 * must never fail itself: when there is no memory for a fiber's first record,
 * the thread's reserve is written, and fibers that fail during such a time
 * share it, the last failure standing.
 */
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/text.h"
#include "error/error.h"
#include "error/record.h"

/* Records kept for fibers that fail later: some 30 KiB a thread. */
#define POOL_MAX 16

struct shelf {
	struct gn_error *own;
	struct gn_error *pool;
	unsigned pool_count;
	struct gn_error reserve;
};

static _Thread_local struct shelf thread_shelf;

/* The fiber's record; NULL: the thread's own. */
_Thread_local gn_error **gni_error_slot;

/* The assembly keeps a compiler from proving that each call gives the same
 * address, and from remembering one across a switch of fibers. */
static __attribute__((noinline)) struct shelf *shelf(void)
{
	__asm__ volatile("");
	return &thread_shelf;
}

static struct gn_error **slot_of(struct shelf *s)
{
	return gni_error_slot ? gni_error_slot : &s->own;
}

static pthread_key_t at_end;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void empty(void *of_thread)
{
	(void)of_thread;
	gni_error_thread_end();
}

static void make_key(void)
{
	pthread_key_create(&at_end, empty);
}

/* A record from the pool or from memory, NULL when there is neither. */
static struct gn_error *take(struct shelf *s)
{
	struct gn_error *e = s->pool;

	if (e) {
		s->pool = e->next;
		s->pool_count--;
	} else {
		e = malloc(sizeof *e);
		pthread_once(&once, make_key);
		pthread_setspecific(at_end, s);
	}
	if (e)
		e->reserved = false;
	return e;
}

/* The record to write a failure into; whoever had to make do with the reserve
 * gets one of its own as soon as there is memory again. */
static struct gn_error *record(void)
{
	struct shelf *s = shelf();
	struct gn_error **slot = slot_of(s);

	if (!*slot || (*slot)->reserved)
		*slot = take(s);
	if (!*slot) {
		s->reserve.reserved = true;
		*slot = &s->reserve;
	}
	return *slot;
}

static gn_addr copy_of(const gn_addr *addr)
{
	return addr ? *addr : (gn_addr){ 0 };
}

static void set_about(struct gn_error *e, const char *about)
{
	size_t len = about ? strnlen(about, sizeof e->about) : 0;

	e->about_cut = len == sizeof e->about;
	if (e->about_cut)
		len--;
	if (len)
		memmove(e->about, about, len);
	e->about[len] = '\0';
}

static void set_why(struct gn_error *e, const char *why)
{
	struct gni_text t;

	gni_text_begin(&t, e->why, sizeof e->why);
	gni_text_escaped(&t, why, strlen(why));
}

int gni_fail(const struct gni_cause *cause, const char *form, ...)
{
	/* Whatever may point into the present record is read before it is
	 * written. */
	gn_addr local = copy_of(cause->local), peer = copy_of(cause->peer);
	char why[GNI_WHY_MAX] = "";
	struct gn_error *e;
	va_list list;

	GNI_CHECK(cause->code < GN_OK, "a failure was reported without a code");
	va_start(list, form);
	if (form)
		vsnprintf(why, sizeof why, form, list);
	va_end(list);
	e = record();
	e->code = cause->code;
	e->sys = cause->sys;
	e->operation = cause->operation ? cause->operation : "";
	e->done = cause->done;
	e->need = cause->need;
	e->local = local;
	e->peer = peer;
	set_about(e, cause->about);
	set_why(e, why);
	e->tried_count = 0;
	return cause->code;
}

int gni_fail_again(const gn_error *cause)
{
	struct gn_error *e;
	bool reserved;

	GNI_CHECK(cause, "a failure was passed on without its record");
	e = record();
	reserved = e->reserved;
	if (e != cause)
		*e = *cause;
	e->reserved = reserved;
	return e->code;
}

void gni_error_tried(const gn_addr *addr, int code)
{
	struct gn_error *e = *slot_of(shelf());

	if (!e || e->tried_count == GNI_TRIED_MAX)
		return;
	e->tried[e->tried_count++] = (struct gni_tried){ *addr, code };
}

gn_error *gni_error_take(void)
{
	struct shelf *s = shelf();
	struct gn_error **slot = slot_of(s);
	struct gn_error *e = *slot, *copy;

	*slot = NULL;
	if (!e || !e->reserved)
		return e;
	copy = take(s);
	if (!copy)
		return e;
	*copy = *e;
	copy->reserved = false;
	return copy;
}

void gni_error_free(gn_error *e)
{
	struct shelf *s = shelf();

	if (!e || e->reserved)
		return;
	if (s->pool_count == POOL_MAX) {
		free(e);
		return;
	}
	e->next = s->pool;
	s->pool = e;
	s->pool_count++;
}

void gni_error_thread_end(void)
{
	struct shelf *s = shelf();
	struct gn_error *e;

	gni_error_free(s->own);
	s->own = NULL;
	while ((e = s->pool)) {
		s->pool = e->next;
		free(e);
	}
	s->pool_count = 0;
}

/* What a fiber that never failed shows. */
static const struct gn_error none = { .operation = "" };

const gn_error *gn_error_last(void)
{
	const struct gn_error *e = *slot_of(shelf());

	return e ? e : &none;
}

int gn_code(void)
{
	return gn_error_last()->code;
}
