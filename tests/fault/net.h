/*
 * net.h: the tools that make a network misbehave.  Each acts on the calling
 * thread's network namespace.
 */
#ifndef FAULT_NET_H
#define FAULT_NET_H

#include <stddef.h>
#include <sys/types.h>

/* loopback_up switches the loopback interface on. */
int loopback_up(void);

/* ip does a batch of ip(8), nft one of nft(8). */
int ip(const char *lines);
int nft(const char *lines);

/* nft_count gives how many packets the rules with the word counter have met;
 * below zero: failed and said. */
long nft_count(void);

/* ss_kill breaks the connections that a filter of ss(8) tells, and gives how
 * many those were. */
long ss_kill(const char *filter);

/* kernel_set writes a value below /proc/sys/net. */
int kernel_set(const char *name, const char *value);

/* kernel_count reads a counter: of a file (snmp, netstat) the group and the
 * name, as "Udp", "InCsumErrors". */
long kernel_count(const char *file, const char *group, const char *name);

/* until_count waits until that counter has come so far: its value; below zero:
 * failed, as when it does not before SOON, and said. */
long until_count(const char *file, const char *group, const char *name,
		 long least);

/* wire_up makes the wire from this namespace to the one of another thread;
 * wire_address gives our end of it its addresses, wire_works waits until the
 * other end's can be reached. */
int wire_up(pid_t other);
int wire_address(const char *address4, const char *address6);
int wire_works(const char *address4);

#endif
