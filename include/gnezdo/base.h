/*
 * base.h: the four marks that stand in front of gnezdo's prototypes.
 *
 * No program includes this header by itself; every other one does.  It holds
 * what a compiler must know, and nothing a reader must.
 *
 *	#include <gnezdo.h>
 *
 *	int main(void)
 *	{
 *		return GN_NOW.ns < gn_now().ns ? 0 : 1;
 *	}
 */
#ifndef GNEZDO_BASE_H
#define GNEZDO_BASE_H

#ifdef __cplusplus
#define GN_EXTERN_BEGIN extern "C" {
#define GN_EXTERN_END }
#else
#define GN_EXTERN_BEGIN
#define GN_EXTERN_END
#endif

/* What the shared library exports. */
#define GN_API __attribute__((visibility("default")))

/* A result that carries a failure may not be dropped silently. */
#define GN_MUST_USE __attribute__((warn_unused_result))

/* A function whose arguments are checked as printf's are. */
#define GN_PRINTF(form, first) __attribute__((format(printf, form, first)))

#endif
