/*
 * child.c: processes for what may crash.  They end without the program's
 * atexit: what that undoes is the parent's.
 */
#include "sim/child.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

/* What tools would do at the end of a process; they are there or not. */
extern void __gcov_dump(void) __attribute__((weak));
extern int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

/* Whatever the program does about the signals of the limits. */
static void be_mortal(void)
{
	const struct sigaction dies = { .sa_handler = SIG_DFL };
	sigset_t limits;

	sigemptyset(&limits);
	sigaddset(&limits, SIGPROF);
	sigaddset(&limits, SIGALRM);
	sigaction(SIGPROF, &dies, NULL);
	sigaction(SIGALRM, &dies, NULL);
	sigprocmask(SIG_UNBLOCK, &limits, NULL);
}

static _Noreturn void be_child(void (*fn)(void *arg), void *arg, int output,
			       pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* It may have died before. */
	if (getppid() != parent)
		_exit(1);
	be_mortal();
	gni_output_unasked();
	if (output >= 0 && gni_output_become(output) < 0)
		_exit(1);
	fn(arg);
	fflush(NULL);
	if (__gcov_dump)
		__gcov_dump();
	_exit(0);
}

void gni_child_audit(void)
{
	if (__lsan_do_recoverable_leak_check &&
	    __lsan_do_recoverable_leak_check())
		_exit(GNI_CHILD_LEAKED);
}

pid_t gni_child_start(void (*fn)(void *arg), void *arg, int output)
{
	pid_t parent = getpid(), child;

	/* Or both would print what is in the buffers. */
	fflush(NULL);
	child = fork();
	if (child == 0)
		be_child(fn, arg, output, parent);
	return child < 0 ? -errno : child;
}

static struct itimerval once_in(int64_t ns)
{
	return (struct itimerval){
		.it_value = { .tv_sec = ns / GN_SEC,
			      .tv_usec = ns % GN_SEC / GN_USEC } };
}

void gni_child_limit(int64_t busy_ns, int64_t all_ns)
{
	struct itimerval busy = once_in(busy_ns), all = once_in(all_ns);

	setitimer(ITIMER_PROF, &busy, NULL);
	setitimer(ITIMER_REAL, &all, NULL);
}

static int run(void (*fn)(void *arg), void *arg, int output)
{
	pid_t child = gni_child_start(fn, arg, output);
	int status = 0;

	if (child < 0)
		return child;
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return status;
}

int gni_child_run(void (*fn)(void *arg), void *arg, int output)
{
	struct sigaction heard = { .sa_handler = SIG_DFL }, former;
	int status;

	/* Who ignores the ends of processes never hears how they ended; and a
	 * handler may take them away. */
	sigaction(SIGCHLD, &heard, &former);
	status = run(fn, arg, output);
	sigaction(SIGCHLD, &former, NULL);
	return status;
}

void *gni_shared(size_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

void gni_shared_free(void *memory, size_t bytes)
{
	if (memory)
		munmap(memory, bytes);
}
