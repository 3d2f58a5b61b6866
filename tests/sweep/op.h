/*
 * op.h: the library's calls as scenarios make them: each is counted, and held
 * against what is promised of every call whatever the network does.
 *
 *   - a deadline is met at its instant, not before and not after, and no call
 *     returns later than its deadline;
 *   - a cancelled fiber's call fails with GN_ECANCELED, and no other's does;
 *   - a failure's code is one that the header lists for the call;
 *   - its record names the call and the peer, and tells no more bytes than
 *     there were.
 */
#ifndef OP_H
#define OP_H

#include <gnezdo.h>

gn_sock *op_listen(const char *address, const gn_sock_opts *opts);
gn_sock *op_bind(const char *address, const gn_sock_opts *opts);
gn_sock *op_connect(const char *address, const gn_sock_opts *opts,
		    gn_time until);
gn_sock *op_accept(gn_sock *listener, gn_time until);
int op_pair(enum gn_kind kind, gn_sock *pair[2]);
/* When the system is short of memory, sends and receives rest a little and go
 * on, until op_without_rest: where another fiber may close the socket. */
void op_without_rest(void);

/* op_sent gives how many bytes the last send took, whole or not. */
size_t op_sent(void);

int op_send(gn_sock *s, const void *buf, size_t len, gn_time until);
int op_sendv(gn_sock *s, const struct iovec *pieces, int count, gn_time until);
int op_sendto(gn_sock *s, const void *buf, size_t len, const gn_addr *to,
	      gn_time until);
ssize_t op_recv(gn_sock *s, void *buf, size_t len, gn_time until);
ssize_t op_recvv(gn_sock *s, const struct iovec *pieces, int count,
		 gn_time until);
ssize_t op_recvfrom(gn_sock *s, void *buf, size_t len, gn_addr *from,
		    gn_time until);
ssize_t op_recv_exact(gn_sock *s, void *buf, size_t len, gn_time until);
ssize_t op_recv_line(gn_sock *s, char *buf, size_t size, gn_time until);
ssize_t op_recv_until(gn_sock *s, void *buf, size_t size, const char *end,
		      gn_time until);
ssize_t op_recv_text(gn_sock *s, char *buf, size_t size, gn_time until);
int op_wait(gn_sock *s, gn_time until);
int op_flush(gn_sock *s, gn_time until);
int op_shutdown(gn_sock *s, gn_time until);
void op_close(gn_sock *s);
int op_sleep(gn_time until);
int op_go(gn_group *g, gn_fiber_fn *fn, void *arg);
int op_group_wait(gn_group *g, gn_time until);
int op_chan_send(gn_chan *c, const void *item, gn_time until);
int op_chan_recv(gn_chan *c, void *item, gn_time until);
int op_chan_select(gn_chan_case *cases, int count, gn_time until);

/* op_count gives how many calls the scenario has made so far; op_fibers how
 * many fibers it has started. */
uint64_t op_count(void);
uint64_t op_fibers(void);

/* What all processes of a sweep count together. */
struct op_totals;

/* op_totals_share makes memory for the counts that children share; each call
 * counts into it from then on. */
void op_totals_share(void);

/* op_totals_sum gives how many calls all runs made that came to their end, also
 * those that were made twice to be compared; op_totals_fewest the fewest of any
 * run; op_totals_print writes a line each: how often, and how it ended. */
uint64_t op_totals_sum(void);
uint64_t op_totals_fewest(void);
void op_totals_print(void);

/* op_begin and op_end stand around a scenario's run. */
void op_begin(void);
void op_end(void);

#endif
