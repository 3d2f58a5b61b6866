/*
 * error.h: how the rooms above report a failure.
 *
 * One record a fiber, taken from a pool at its first failure; one is kept in
 * reserve for each thread, so that failing never fails.  The loop switches
 * the thread's slot with the fiber.
 */
#ifndef GNI_ERROR_ERROR_H
#define GNI_ERROR_ERROR_H

#include <gnezdo/error.h>

/* What a failing call knows.  Members that are zero are not known.  Pointers
 * may point into the present record: that is how an outer layer adds to it. */
struct gni_cause {
	int code;	       /* enum gn_code */
	int sys;	       /* errno beneath, positive */
	const char *operation; /* a literal */
	const char *about;     /* the address as the caller wrote it */
	const gn_addr *local, *peer;
	size_t done, need;
};

/*
 * gni_fail writes the fiber's record from the cause and a sentence (form may
 * be NULL), dropping what an earlier failure left, and returns cause->code.
 * The sentence stands in parentheses behind the code's words; foreign bytes in
 * it are escaped here.
 */
int gni_fail(const struct gni_cause *cause, const char *form, ...)
	GN_PRINTF(2, 3);

/* gni_fail_again returns a record's code after making it the fiber's own:
 * how a cause climbs from a child fiber to whoever waits for it. */
int gni_fail_again(const gn_error *cause);

/* gni_error_tried adds an address that a connect tried to the record, after
 * gni_fail has written it; only the first eight are kept. */
void gni_error_tried(const gn_addr *addr, int code);

/* gni_error_take gives the record away (NULL if there was no failure): the
 * caller owns it and releases it by gni_error_free, which accepts NULL. */
gn_error *gni_error_take(void);
void gni_error_free(gn_error *e);

extern _Thread_local gn_error **gni_error_slot;

/* gni_error_swap makes *slot the place of the thread's current record, NULL
 * for the thread's own place, and returns the former one. */
static inline gn_error **gni_error_swap(gn_error **slot)
{
	gn_error **former = gni_error_slot;

	gni_error_slot = slot;
	return former;
}

/* gni_code_of gives the code for a positive errno that an operation such as
 * connect, bind or recv failed with. */
int gni_code_of(int sys);

/* gni_cause_of begins a cause with what a call below gave: a code of ours, or
 * a negative errno. */
static inline struct gni_cause gni_cause_of(int result)
{
	if (result <= GN_ETIMEOUT)
		return (struct gni_cause){ .code = result };
	return (struct gni_cause){ .code = gni_code_of(-result),
				   .sys = -result };
}

/* gni_error_thread_end frees what the thread keeps; done by itself when the
 * thread ends. */
void gni_error_thread_end(void);

#endif
