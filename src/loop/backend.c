/*
 * backend.c: the backend that a thread gets, and what is said of it.
 */
#include <gnezdo/version.h>

#include <errno.h>

#include "error/error.h"
#include "loop/loop.h"
#include "loop/start.h"

/* The features of fibers are the process's; the first loop sets them. */
static int configure(const char **why)
{
	unsigned off = 0;
	int result = gni_io_off(&off, why);

	if (result < 0)
		return result;
	gni_fiber_configure(&(struct gni_fiber_options){
		.no_guard_install = off & GNI_FEATURE_GUARD,
		.no_overflow_handler = off & GNI_FEATURE_OVERFLOW });
	return 0;
}

/* What was asked for is refused, or there is simply no more of something. */
static int code_of(int sys)
{
	bool short_of = sys == ENOMEM || sys == EMFILE || sys == ENFILE;

	return short_of ? gni_code_of(sys) : GN_EBACKEND;
}

struct gni_loop *gni_loop_start(void)
{
	const char *why = NULL;
	struct gni_io *io = NULL;
	struct gni_loop *l;
	int result = configure(&why);

	if (result == 0)
		result = gni_io_choose(&io, &why);
	if (result < 0) {
		gni_fail(&(struct gni_cause){ .code = code_of(-result),
					      .sys = -result,
					      .operation = "open a backend" },
			 "%s", why ? why : "");
		return NULL;
	}
	l = gni_loop_open(io);
	if (!l) {
		io->backend->close(io);
		gni_fail(&(struct gni_cause){ .code = GN_ENOMEM,
					      .operation = "open a loop" },
			 NULL);
	}
	return l;
}

const char *gn_backend(void)
{
	struct gni_loop *l = gni_loop_here();

	return l ? l->backend->name : NULL;
}

const char *gn_backend_faults(void)
{
	struct gni_loop *l = gni_loop_here();

	return l ? l->io->faults : NULL;
}

const char *gn_backend_refused(void)
{
	return gni_io_refused();
}
