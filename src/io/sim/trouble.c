/*
 * trouble.c: whether a call or an operation fails on a host.
 */
#include "io/sim/trouble.h"

/* Tells whether a host's own chance strikes. */
static bool strikes(const struct gni_place *place, enum gni_fault fault,
		    uint32_t ppm)
{
	bool struck = gni_mishap_chance(place, fault, ppm);

	if (struck)
		gni_mishap_handled(place->net, GNI_STRUCK(fault));
	return struck;
}

static int suffer(struct gni_place *place, enum gni_attempt attempt)
{
	const gn_faults *f = gni_mishap_host(place);
	struct gni_tape *tape = place->net->tape;

	if (f->fail_nth == ++place->attempts) {
		gni_mishap_handled(place->net,
				   gni_mishap_struck(place, GNI_FAULT_FAIL));
		return gni_failing_asked(attempt);
	}
	if (gni_failing_descriptor(attempt) &&
	    strikes(place, GNI_FAULT_EMFILE, f->emfile_ppm))
		return gni_failing_no_descriptor(tape);
	if (gni_failing_memory(attempt) &&
	    strikes(place, GNI_FAULT_ENOMEM, f->enomem_ppm))
		return gni_failing_no_memory(attempt, tape);
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

int gni_trouble_abort(const struct gni_place *place)
{
	if (!gni_mishap_any(place->net) ||
	    !strikes(place, GNI_FAULT_ABORT,
		     gni_mishap_host(place)->abort_ppm))
		return 0;
	return gni_failing_gone(place->net->tape);
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
