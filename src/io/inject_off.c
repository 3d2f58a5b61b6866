/* inject_off.c: a library that was built without faults says so. */
#include <errno.h>

#include "io/inject.h"

int gni_inject_open(struct gni_io **io, const char *faults, const char *seed,
		    const char **why)
{
	(void)faults;
	(void)seed;
	(*io)->backend->close(*io);
	*why = "GNEZDO_FAULTS: this library was built without (-Dfaults=false)";
	return -EINVAL;
}
