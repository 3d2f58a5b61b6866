/*
 * trouble.c: what a call or an operation fails with.  One table says what of
 * it Linux knows.
 */
#include "io/sim/trouble.h"

#include <errno.h>

static const struct {
	int shortage[2]; /* of memory; 0: it takes none */
	int failure;	 /* the one that is asked for by its number */
	bool opens;	 /* takes a descriptor */
} attempts[] = {
	[GNI_ATTEMPT_SOCKET] = { { ENOBUFS, ENOMEM }, ENFILE, true },
	[GNI_ATTEMPT_BIND] = { { ENOBUFS, ENOMEM }, ENOBUFS, false },
	[GNI_ATTEMPT_LISTEN] = { { ENOBUFS, ENOMEM }, EADDRINUSE, false },
	[GNI_ATTEMPT_CONNECT] = { { ENOBUFS, ENOMEM }, ENETUNREACH, false },
	[GNI_ATTEMPT_ACCEPT] = { { ENOBUFS, ENOMEM }, ENFILE, true },
	[GNI_ATTEMPT_SEND] = { { ENOBUFS, ENOMEM }, ENOBUFS, false },
	[GNI_ATTEMPT_RECV] = { { ENOMEM, ENOBUFS }, ENOMEM, false },
	[GNI_ATTEMPT_POLL] = { { ENOMEM, ENOMEM }, ENOMEM, false },
	[GNI_ATTEMPT_SHUTDOWN] = { { 0, 0 }, ENOTCONN, false },
	[GNI_ATTEMPT_GET] = { { 0, 0 }, ENOBUFS, false },
	[GNI_ATTEMPT_SET] = { { ENOMEM, ENOBUFS }, ENOMEM, false },
	[GNI_ATTEMPT_NAME] = { { 0, 0 }, ENOBUFS, false },
};

/* One of the errors that a fault has, the plain one first. */
static int one_of(const struct gni_place *place, enum gni_fault fault,
		  const int *errors, size_t count)
{
	struct gni_net *net = place->net;

	gni_mishap_handled(net, GNI_STRUCK(fault));
	return -errors[gni_tape_draw(net->tape, GNI_STREAM_FAULTS, count)];
}

static int suffer(struct gni_place *place, enum gni_attempt attempt)
{
	static const int full[] = { EMFILE, ENFILE };
	const gn_faults *f = gni_mishap_host(place);

	if (f->fail_nth == ++place->attempts) {
		gni_mishap_struck(place, GNI_FAULT_FAIL);
		return one_of(place, GNI_FAULT_FAIL, &attempts[attempt].failure,
			      1);
	}
	if (attempts[attempt].opens &&
	    gni_mishap_chance(place, GNI_FAULT_EMFILE, f->emfile_ppm))
		return one_of(place, GNI_FAULT_EMFILE, full, 2);
	if (attempts[attempt].shortage[0] &&
	    gni_mishap_chance(place, GNI_FAULT_ENOMEM, f->enomem_ppm))
		return one_of(place, GNI_FAULT_ENOMEM,
			      attempts[attempt].shortage, 2);
	return 0;
}

int gni_trouble(struct gni_place *place, enum gni_attempt attempt)
{
	return gni_mishap_any(place->net) ? suffer(place, attempt) : 0;
}

bool gni_trouble_descriptors(const struct gni_place *place)
{
	uint32_t most;

	if (!gni_mishap_any(place->net))
		return false;
	most = gni_mishap_host(place)->descriptors;
	if (most == 0 || place->descriptors < most)
		return false;
	gni_mishap_handled(place->net,
			   gni_mishap_struck(place, GNI_FAULT_DESCRIPTORS));
	return true;
}

/* Asks a host's own chances; true when the fault strikes. */
static bool strikes(const struct gni_place *place, enum gni_fault fault,
		    uint32_t ppm)
{
	bool struck = gni_mishap_chance(place, fault, ppm);

	if (struck)
		gni_mishap_handled(place->net, GNI_STRUCK(fault));
	return struck;
}

int gni_trouble_abort(const struct gni_place *place)
{
	static const int passing[] = { ECONNABORTED, EPROTO, ENETDOWN, EPERM };

	if (!gni_mishap_any(place->net) ||
	    !gni_mishap_chance(place, GNI_FAULT_ABORT,
			       gni_mishap_host(place)->abort_ppm))
		return 0;
	return one_of(place, GNI_FAULT_ABORT, passing, 4);
}

size_t gni_trouble_short(const struct gni_place *place, size_t len)
{
	if (len < 2 || !gni_mishap_any(place->net) ||
	    !strikes(place, GNI_FAULT_SHORT_IO,
		     gni_mishap_host(place)->short_ppm))
		return len;
	return len - 1 -
	       (size_t)gni_tape_draw(place->net->tape, GNI_STREAM_FAULTS,
				     len - 1);
}

bool gni_trouble_interrupts(const struct gni_place *place)
{
	return gni_mishap_any(place->net) &&
	       strikes(place, GNI_FAULT_EINTR,
		       gni_mishap_host(place)->eintr_ppm);
}

bool gni_trouble_misleads(struct gni_node *node)
{
	const struct gni_place *place = node->place;

	if (node->misled || !gni_mishap_any(place->net))
		return false;
	node->misled = strikes(place, GNI_FAULT_AGAIN,
			       gni_mishap_host(place)->again_ppm);
	return node->misled;
}
