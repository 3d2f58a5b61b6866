/*
 * overflow.c: owns the handler of SIGSEGV and SIGBUS and the signal stacks it
 * runs on.  A fault that is not a fiber's overflow must end as if the handler
 * were not there.  In the handler everything is async-signal-safe.
 */
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/check.h"
#include "fiber/fiber.h"
#include "fiber/overflow.h"
#include "fiber/stack.h"

/* The handler's own need, above what the kernel's signal frame takes. */
#define HANDLER_BYTES ((size_t)16 << 10)

static const int signals[] = { SIGSEGV, SIGBUS };

static atomic_bool switched_off;
static atomic_bool installed;

static _Thread_local struct {
	bool watched;
	void *base;	/* the signal stack that was given, or NULL */
	size_t bytes;
} own;

/* gni_stop takes no memory and no lock, nor does formatting such words. */
_Noreturn void gni_overflow_stop(const struct gni_fiber *f,
				 const char *deepest)
{
	size_t bytes = gni_stack_bytes(f->stack);

	gni_stop("fiber \"%s\" overflowed its stack of %zu KiB "
		 "(about %zu bytes deep); give it more with stack_bytes",
		 f->name, bytes >> 10,
		 (size_t)(f->stack->low + bytes - deepest));
}

/* Faults again after the return; a signal that was sent must be sent again. */
static void die_as_usual(int number, const siginfo_t *info)
{
	struct sigaction usual;

	memset(&usual, 0, sizeof usual);
	usual.sa_handler = SIG_DFL;
	(void)sigemptyset(&usual.sa_mask);
	(void)sigaction(number, &usual, NULL);
	if (info->si_code <= 0)
		(void)raise(number);
}

static void on_fault(int number, siginfo_t *info, void *context)
{
	const struct gni_fiber *f = gni_fiber_current();
	const char *address = info->si_addr;
	int before = errno;

	(void)context;
	if (info->si_code > 0 && f && f->stack &&
	    gni_stack_overran(f->stack, address))
		gni_overflow_stop(f, address);
	die_as_usual(number, info);
	errno = before;
}

static void install(int number)
{
	struct sigaction now, ours;

	if (sigaction(number, NULL, &now) < 0 ||
	    (now.sa_flags & SA_SIGINFO) || now.sa_handler != SIG_DFL)
		return;
	memset(&ours, 0, sizeof ours);
	ours.sa_sigaction = on_fault;
	ours.sa_flags = SA_SIGINFO | SA_ONSTACK;
	(void)sigemptyset(&ours.sa_mask);
	(void)sigaction(number, &ours, NULL);
}

/* The kernel's frame grows with the processor's registers, so it is asked. */
static size_t signal_stack_bytes(void)
{
	long need = sysconf(_SC_MINSIGSTKSZ);

	return HANDLER_BYTES + (need > 0 ? (size_t)need : HANDLER_BYTES);
}

static void give_signal_stack(void)
{
	size_t bytes = signal_stack_bytes();
	stack_t now, ours;
	void *base;

	if (sigaltstack(NULL, &now) < 0 || !(now.ss_flags & SS_DISABLE))
		return;
	base = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (base == MAP_FAILED)
		return;
	ours = (stack_t){ .ss_sp = base, .ss_size = bytes };
	if (sigaltstack(&ours, NULL) < 0) {
		munmap(base, bytes);
		return;
	}
	own.base = base;
	own.bytes = bytes;
}

void gni_overflow_choose(bool no_handler)
{
	atomic_store(&switched_off, no_handler);
}

void gni_overflow_watch(void)
{
	if (own.watched || switched_off)
		return;
	own.watched = true;
	if (!atomic_exchange(&installed, true))
		for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
			install(signals[i]);
	give_signal_stack();
}

void gni_overflow_unwatch(void)
{
	const stack_t none = { .ss_flags = SS_DISABLE };
	stack_t now;

	own.watched = false;
	if (!own.base)
		return;
	if (sigaltstack(NULL, &now) == 0 && now.ss_sp == own.base)
		(void)sigaltstack(&none, NULL);
	munmap(own.base, own.bytes);
	own.base = NULL;
}
