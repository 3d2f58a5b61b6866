/* error.c: reading a record. */
#include <gnezdo/error.h>

#include "base/check.h"
#include "error/record.h"

/* Every accessor goes through here: no record at all is a mistake that only
 * a programmer can make, since gn_error_last always gives one. */
static const gn_error *checked(const gn_error *e, const char *function)
{
	GNI_CHECK(e, "%s: the record is NULL", function);
	return e;
}

int gn_error_code(const gn_error *e)
{
	return checked(e, __func__)->code;
}

int gn_error_errno(const gn_error *e)
{
	return checked(e, __func__)->sys;
}

const char *gn_error_operation(const gn_error *e)
{
	return checked(e, __func__)->operation;
}

static const gn_addr *known(const gn_addr *addr)
{
	return addr->kind == GN_KIND_NONE ? NULL : addr;
}

const gn_addr *gn_error_local(const gn_error *e)
{
	return known(&checked(e, __func__)->local);
}

const gn_addr *gn_error_peer(const gn_error *e)
{
	return known(&checked(e, __func__)->peer);
}

size_t gn_error_done(const gn_error *e)
{
	return checked(e, __func__)->done;
}

size_t gn_error_need(const gn_error *e)
{
	return checked(e, __func__)->need;
}

const char *gn_error_why(const gn_error *e)
{
	return checked(e, __func__)->why;
}

const gn_addr *gn_error_tried(const gn_error *e, size_t i, int *code)
{
	if (i >= checked(e, __func__)->tried_count)
		return NULL;
	if (code)
		*code = e->tried[i].code;
	return &e->tried[i].addr;
}
