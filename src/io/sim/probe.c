/*
 * probe.c: small steps for the tests of this room.
 */
#include "io/sim/probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "addr/addr.h"
#include "base/bytes.h"
#include "io/sim/net.h"

struct gni_io *probe_open(const struct gni_sim_options *options)
{
	struct gni_io *io = NULL;

	assert_int_equal(gni_sim_open(&io, options), 0);
	assert_int_equal(gni_sim_host(io, "a"), HOST_A);
	assert_int_equal(gni_sim_host(io, "b"), HOST_B);
	assert_int_equal(gni_sim_link(io, HOST_A, HOST_B, LATENCY_NS), 0);
	io->backend->enter(io, HOST_A, NULL);
	return io;
}

void probe_close(struct gni_io *io)
{
	io->backend->close(io);
	gni_bytes_thread_end();
}

static void run(void (*test)(struct gni_io *io),
		const struct gni_sim_options *options)
{
	struct gni_io *io = probe_open(options);

	test(io);
	assert_int_equal(gni_sim_descriptors(io, HOST_A), 0);
	assert_int_equal(gni_sim_descriptors(io, HOST_B), 0);
	probe_close(io);
}

void probe_each(void (*test)(struct gni_io *io))
{
	struct gni_sim_options options = { .in_order = true };

	run(test, &options);
	options.in_order = false;
	for (options.seed = 1; options.seed <= 8; options.seed++) {
		print_message("# seed %d\n", (int)options.seed);
		options.features_off ^= GNI_FEATURE_MULTISHOT;
		run(test, &options);
	}
}

int64_t probe_now(struct gni_io *io)
{
	return gni_sim_clock(io)->ns;
}

/* "a>b" and "a<>b" name two hosts, "a" one. */
static void set_scope(gn_fault_rule *rule, const char *scope)
{
	size_t from = strcspn(scope, "<>"), way = strspn(scope + from, "<>");

	memcpy(rule->from, scope, from);
	memcpy(rule->to, scope + from + way, strlen(scope + from + way));
	rule->one_way = way == 1;
}

void probe_fault(struct gni_io *io, const char *scope, int64_t in_ns,
		 int64_t for_ns, gn_faults faults)
{
	int64_t begin_ns = gn_time_between(gni_net_of(io)->mishaps.begun,
					   gni_net_of(io)->now) + in_ns;
	gn_fault_rule rule = { .begin_ns = begin_ns,
			       .end_ns = for_ns ? begin_ns + for_ns : 0,
			       .faults = faults };

	set_scope(&rule, scope);
	assert_int_equal(gni_sim_fault(io, &rule, 1), 0);
}

struct gni_sim_count probe_count(struct gni_io *io, enum gni_fault fault)
{
	struct gni_sim_count counts[GNI_FAULT_COUNT];

	gni_sim_fault_counts(io, counts);
	return counts[fault];
}

gn_addr probe_inet(const char *ip, uint16_t port)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_port = htons(port) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6,
				    .sin6_port = htons(port) };
	gn_addr addr;

	if (inet_pton(AF_INET, ip, &in.sin_addr) == 1) {
		gni_addr_set(&addr, GN_TCP, &in, sizeof in);
		return addr;
	}
	assert_int_equal(inet_pton(AF_INET6, ip, &in6.sin6_addr), 1);
	gni_addr_set(&addr, GN_TCP, &in6, sizeof in6);
	return addr;
}

gn_addr probe_unix(const char *name)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	size_t len = strlen(name);
	gn_addr addr;

	memcpy(un.sun_path, name, len);
	if (name[0] == '@')
		un.sun_path[0] = 0;
	gni_addr_set(&addr, GN_UNIX, &un, sizeof un.sun_family + len);
	return addr;
}

gn_addr probe_name(struct gni_io *io, int fd, bool peer)
{
	char sockaddr[128];
	socklen_t len = sizeof sockaddr;
	gn_addr addr;

	assert_int_equal(
		io->backend->calls->name(io, fd, peer, sockaddr, &len), 0);
	gni_addr_set(&addr, GN_TCP, sockaddr, len);
	return addr;
}

uint16_t probe_port(const gn_addr *addr)
{
	return (uint16_t)gn_addr_port(addr);
}

int probe_socket(struct gni_io *io, unsigned place, int domain, int type)
{
	io->backend->enter(io, place, NULL);
	return io->backend->calls->socket(io, domain, type, 0);
}

int probe_bind(struct gni_io *io, int fd, gn_addr addr)
{
	struct gni_file file;

	return io->backend->calls->bind(io, fd, &addr, -1, &file);
}

static int family_of(const gn_addr *addr)
{
	return gni_addr_sockaddr(addr)->sa_family;
}

int probe_listen(struct gni_io *io, unsigned place, gn_addr addr)
{
	int fd = probe_socket(io, place, family_of(&addr), SOCK_STREAM);

	assert_true(fd >= 0);
	assert_int_equal(probe_bind(io, fd, addr), 0);
	assert_int_equal(io->backend->calls->listen(io, fd, 16), 0);
	return fd;
}

static void done(struct gni_op *op, int result, bool more)
{
	struct probe_op *p = GNI_OWNER(op, struct probe_op, op);

	p->result = result;
	p->more = more;
	p->count++;
}

void probe_begin(struct gni_io *io, struct probe_op *p, int fd, int kind)
{
	p->op.done = done;
	p->op.fd = fd;
	p->op.kind = (uint8_t)kind;
	p->count = 0;
	io->backend->submit(io, &p->op);
}

int probe_end(struct gni_io *io, struct probe_op *p)
{
	while (p->op.state != GNI_OP_IDLE) {
		io->backend->wait(io, GN_NEVER);
		assert_false(io->stuck);
	}
	return p->result;
}

void probe_pass(struct gni_io *io, int64_t ns)
{
	gn_time until = gn_time_add(*gni_sim_clock(io), ns);

	while (gn_time_before(*gni_sim_clock(io), until))
		io->backend->wait(io, until);
	io->backend->wait(io, until);
}

int probe_connect(struct gni_io *io, int fd, gn_addr addr)
{
	struct probe_op p = { .op.addr = &addr };

	probe_begin(io, &p, fd, GNI_OP_CONNECT);
	return probe_end(io, &p);
}

int probe_accept(struct gni_io *io, int fd)
{
	struct probe_op p = { 0 };

	probe_begin(io, &p, fd, GNI_OP_ACCEPT);
	return probe_end(io, &p);
}

int probe_recv(struct gni_io *io, int fd, void *buf, size_t len)
{
	struct probe_op p = { .op.buf = buf, .op.len = len };

	probe_begin(io, &p, fd, GNI_OP_RECV);
	return probe_end(io, &p);
}

int probe_send(struct gni_io *io, int fd, const void *buf, size_t len)
{
	struct probe_op p = { .op.buf = (void *)(uintptr_t)buf,
			      .op.len = len };

	probe_begin(io, &p, fd, GNI_OP_SEND);
	return probe_end(io, &p);
}

#define PAGE 4096

void probe_send_all(struct gni_io *io, int fd, const void *buf, size_t len)
{
	for (size_t at = 0; at < len;) {
		size_t rest = len - at < PAGE ? len - at : PAGE;
		int n = probe_send(io, fd, (const char *)buf + at, rest);

		assert_true(n > 0);
		at += (size_t)n;
	}
}

void probe_expect(struct gni_io *io, int fd, const void *bytes, size_t len)
{
	char buf[PAGE];

	for (size_t at = 0; at < len;) {
		size_t rest = len - at < PAGE ? len - at : PAGE;
		int n = probe_recv(io, fd, buf, rest);

		assert_true(n > 0);
		assert_memory_equal(buf, (const char *)bytes + at, (size_t)n);
		at += (size_t)n;
	}
}

ssize_t probe_try_recv(struct gni_io *io, int fd, void *buf, size_t len,
		       int flags)
{
	struct iovec v = { buf, len };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };

	return io->backend->calls->recv(io, fd, &m, flags);
}

ssize_t probe_try_send(struct gni_io *io, int fd, const void *buf, size_t len,
		       int flags)
{
	struct iovec v = { (void *)(uintptr_t)buf, len };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };

	return io->backend->calls->send(io, fd, &m, flags);
}

ssize_t probe_try_sendto(struct gni_io *io, int fd, const void *buf, size_t len,
			 gn_addr to)
{
	struct iovec v = { (void *)(uintptr_t)buf, len };
	struct msghdr m = { .msg_iov = &v,
			    .msg_iovlen = 1,
			    .msg_name = to.sockaddr,
			    .msg_namelen = to.len };

	return io->backend->calls->send(io, fd, &m, 0);
}

int probe_poll(struct gni_io *io, int fd, unsigned events)
{
	struct probe_op p = { .op.events = events };

	probe_begin(io, &p, fd, GNI_OP_POLL);
	while (p.op.state != GNI_OP_IDLE) {
		io->backend->wait(io, *gni_sim_clock(io));
		io->backend->cancel(io, &p.op);
	}
	return p.result == -ECANCELED ? 0 : p.result;
}

int probe_shutdown(struct gni_io *io, int fd, int how)
{
	return io->backend->calls->shutdown(io, fd, how);
}

int probe_get(struct gni_io *io, int fd, int level, int option)
{
	int value = -1;
	socklen_t len = sizeof value;
	int result = io->backend->calls->get(io, fd, level, option, &value,
					     &len);

	return result < 0 ? result : value;
}

int probe_set(struct gni_io *io, int fd, int level, int option, int value)
{
	return io->backend->calls->set(io, fd, level, option, &value,
				       sizeof value);
}

void probe_abort(struct gni_io *io, int fd)
{
	struct linger now = { 1, 0 };

	assert_int_equal(io->backend->calls->set(io, fd, SOL_SOCKET, SO_LINGER,
						 &now, sizeof now), 0);
	io->backend->calls->close(io, fd);
}

void probe_drop(struct gni_io *io, int fd)
{
	io->backend->calls->close(io, fd);
}

void probe_tcp(struct gni_io *io, unsigned other, int fd[2])
{
	bool remote = other == HOST_B;
	int l = probe_listen(io, other, probe_inet("0.0.0.0", 0));
	gn_addr at = probe_name(io, l, false);

	fd[0] = probe_socket(io, HOST_A, AF_INET, SOCK_STREAM);
	at = probe_inet(remote ? "10.0.0.2" : "127.0.0.1", probe_port(&at));
	assert_int_equal(probe_connect(io, fd[0], at), 0);
	fd[1] = probe_accept(io, l);
	assert_true(fd[1] >= 0);
	probe_drop(io, l);
	probe_pass(io, GN_SEC);
}
