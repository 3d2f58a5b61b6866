/* wake_cases.c: a backend's wake against its wait, without a loop. */
#include <stdatomic.h>

#include "cases.h"
#include "io/io.h"

static struct gni_io *io;
static atomic_int asked; /* how often: what the waker has for the waiter */

static void open_backend(void)
{
	asked = 0;
	WANT(model_backend->open(&io) == 0);
}

static void close_backend(void)
{
	io->backend->close(io);
}

static int seen(void)
{
	model_point("looks at what was asked");
	return asked;
}

static void wait_for(int times)
{
	while (seen() < times)
		io->backend->wait(io, GN_NEVER);
}

static void wait_once(void)
{
	wait_for(1);
}

static void wait_twice(void)
{
	wait_for(2);
}

static void ask(void)
{
	model_point("asks");
	asked++;
	io->backend->wake(io);
}

static void ask_twice(void)
{
	ask();
	ask();
}

/* Looks now and then, and waits at last. */
static void look_and_wait(void)
{
	io->backend->wait(io, GN_NOW);
	io->backend->wait(io, gn_in(GN_MSEC));
	wait_for(2);
}

const struct model_case wake_cases[] = {
	{ "wake: a wait", open_backend, { wait_once, ask }, close_backend },
	{ "wake: twice", open_backend, { wait_twice, ask_twice },
	  close_backend },
	{ "wake: by two threads", open_backend, { wait_twice, ask, ask },
	  close_backend },
	{ "wake: a look and a wait with an end", open_backend,
	  { look_and_wait, ask, ask }, close_backend },
	{ 0 },
};
