/*
 * fault.h: what goes wrong on a network, as text and as structs.
 *
 * A plan is a text of rules, parted by semicolons or line ends.  A rule is a
 * scope (none or *: everything; HOST: all of a host; A>B: what A sends to B;
 * A<>B: both ways) with a colon behind it, and faults, parted by blanks or
 * commas.  A fault is a word, for most with =VALUE, and may hold for a span
 * only: @3s..5s, @3s.. or @..5s since the run began.  Where two rules hold, the
 * later one's values count.
 *
 *	loss=5% delay=80ms±20ms; a<>b: cut=3s..5s; server: crash=7s restart=9s
 *
 * On a link, which may be each link of a host:
 *	loss=1%        so many messages are lost
 *	dup=1%         come twice
 *	corrupt=1%     come with a bit turned
 *	reset=0.1%     break their connection
 *	reorder=20ms   each is held back by up to so long
 *	delay=80ms     takes so much longer; ±20ms behind it: give or take that
 *	rate=1Mbit     so many bits a second pass (bit, kbit, Mbit, Gbit)
 *	mtu=1280       larger datagrams are lost, streams go in such pieces
 *	cut            all that crosses is lost
 *	stall          it is kept, and comes when the stall is over
 *
 * On a host:
 *	short-io=100%  a send or receive moves less than it could
 *	eintr=1%       is interrupted by a signal
 *	again=1%       a descriptor seems ready and is not
 *	enomem=1%      there is no memory in the kernel
 *	emfile=1%      no descriptor is free
 *	abort=1%       a client has gone before it was accepted
 *	descriptors=N  at most so many are open
 *	fail=N         the N-th call or operation fails, once
 *	crash          the power goes: no FIN, no RST
 *	restart        the host begins anew; the power goes first if it was on
 *	clock-jump=1h  the host's clock jumps, by -1h backwards
 *
 * A word with a percentage above, reorder and fail may be bare: that value
 * (fail: 1) is meant.  The last three happen once, at an instant (crash=3s is
 * crash@3s) or, drawn, at one of a span; bare: of @..10s.  cut=3s..5s is
 * cut@3s..5s, and so with stall.  Times are in ns, us, ms, s, m or h.
 *
 *	#include <gnezdo.h>
 *	#include <string.h>
 *
 *	int main(void)
 *	{
 *		gn_fault_rule rules[8];
 *		char text[GN_FAULT_TEXT_MAX];
 *		int n = gn_fault_parse("loss cut@1.5s..2s", rules, 8);
 *
 *		if (n < 0)
 *			return 1;
 *		return strcmp(gn_fault_text(rules, n, text, sizeof text),
 *			      "loss=1%; cut@1500ms..2s");
 *	}
 */
#ifndef GNEZDO_FAULT_H
#define GNEZDO_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gnezdo/base.h>

GN_EXTERN_BEGIN

/* Faults and their strengths.  Zero: none of that sort.  Chances (_ppm) are in
 * millionths. */
typedef struct gn_faults {
	/* On a link. */
	uint32_t loss_ppm, dup_ppm, corrupt_ppm, reset_ppm;
	int64_t reorder_ns;	     /* held back by 0 to so long */
	int64_t delay_ns, jitter_ns; /* delay, more or less jitter */
	int64_t rate_bits;	     /* a second */
	uint32_t mtu;		     /* bytes */
	bool cut, stall;
	/* On a host. */
	uint32_t short_ppm, eintr_ppm, again_ppm, enomem_ppm, emfile_ppm;
	uint32_t abort_ppm;
	uint32_t descriptors; /* that may be open */
	uint64_t fail_nth;    /* counted from 1 */
	bool crash, restart;
	int64_t clock_jump_ns; /* below 0: backwards */
} gn_faults;

/* Enough bytes for a host's name: letters, digits and hyphens. */
#define GN_FAULT_HOST_MAX 64

/*
 * Faults, where and when.  from and to empty: everywhere; to empty: the host
 * from and each of its links; else a link, one_way only as from sends to to.
 * A rule holds from begin_ns until before end_ns, counted from the begin of
 * the run; end_ns 0: to its end.  What happens once (crash, restart,
 * clock_jump_ns) does so at begin_ns, or at a drawn instant of the span if
 * there is an end.
 */
typedef struct gn_fault_rule {
	char from[GN_FAULT_HOST_MAX], to[GN_FAULT_HOST_MAX];
	bool one_way;
	int64_t begin_ns, end_ns;
	gn_faults faults;
} gn_fault_rule;

/* Enough bytes for the text of any one rule. */
#define GN_FAULT_TEXT_MAX 2048

/*
 * gn_fault_parse reads a plan into at most max rules.  Faults that stand side
 * by side in a rule of the text and hold for the same span become one.
 *
 * Returns how many rules were stored, 0 for a text without any.
 *
 *   fails  GN_EINVAL: the record says at which character and which rule of the
 *          grammar; a word that is not known: which there are
 */
GN_API GN_MUST_USE int gn_fault_parse(const char *text, gn_fault_rule *rules,
				      int max);

/*
 * gn_fault_text writes rules as gn_fault_parse reads them: each value in its
 * largest whole unit.  Rules that came from gn_fault_parse are given back by it
 * unchanged.
 *
 * Returns text, always ended with NUL.
 *
 *   size   bytes at text, at least 1; what does not fit is cut off
 */
GN_API char *gn_fault_text(const gn_fault_rule *rules, int count, char *text,
			   size_t size);

GN_EXTERN_END

#endif
