"""The rows of the catalogue of faults: the one list.  A room that comes later
adds the rows that it brings here.

A row says how its fault happens in a simulation and on the real kernel, or why
it cannot.  The cases that carry its number in their name make it happen: those
of this folder, fault-09-…, and those of tests/conform whose names end with
(fault_09).  How often it happened is counted when they run.
"""
import dataclasses


@dataclasses.dataclass
class Row:
    number: int
    fault: str
    sim: str = ""           # how it happens in the simulation; "": it does not
    real: str = ""          # how on the real kernel
    no_sim: str = ""        # why not
    no_real: str = ""
    later: str = ""         # the room that brings it, or what is left of it


NO_PROCESS = "a simulated host is no process"
STREAMS = "standard streams are the real ones in a simulation"

ROWS = [
    # Streams
    Row(1, "reset while sending or receiving",
        sim="reset=",
        real="SO_LINGER, ss -K, nft reject with tcp reset"),
    Row(2, "SIGPIPE",
        sim="peers that are gone",
        real="peers that are gone, pipes and a log without a reader"),
    Row(3, "half close",
        sim="gn_shutdown", real="shutdown(SHUT_WR)"),
    Row(4, "the end in mid-message",
        sim="ends after each byte", real="ends after each byte"),
    Row(5, "partial writes",
        sim="short-io=, full buffers", real="SO_SNDBUF at its least"),
    Row(6, "a byte at a time",
        sim="short-io=, each cut", real="a peer that dribbles, each cut"),
    Row(7, "EINTR",
        sim="eintr=", real="setitimer, strace inject"),
    Row(8, "readiness, and then nothing",
        sim="again=", real="UDP with a bad checksum"),
    Row(9, "accept: no descriptor",
        sim="emfile=, descriptors=",
        real="RLIMIT_NOFILE; strace ENFILE (epoll, poll)"),
    Row(10, "accept: the client or the network has gone",
        sim="abort=", real="reset before accept; strace (epoll, poll)"),
    Row(11, "no kernel buffers or memory",
        sim="enomem=, fail=", real="strace inject, nft drop on output"),
    Row(12, "malloc fails at the n-th call",
        sim="an allocator that refuses", real="an allocator that refuses"),
    Row(13, "the backlog is full",
        sim="backlog=1", real="backlog=1 without syncookies"),
    Row(14, "refused, unreachable, prohibited, black hole, no IPv6",
        sim="nobody there, cut",
        real="routes of each type, nft drop and reject, disable_ipv6"),
    Row(15, "ports run out",
        sim="all ports bound", real="ip_local_port_range of four"),
    Row(16, "a connect that meets itself",
        sim="bound to the address it connects to",
        real="ip_local_port_range of one"),
    Row(17, "a slow writer",
        sim="a peer that dribbles", real="a peer that dribbles",
        later="serve: header deadlines, minimum rates, a cap an address"),
    Row(18, "a slow reader",
        sim="a peer that does not read", real="a peer that does not read"),
    Row(19, "a peer vanishes",
        sim="crash, cut", real="nft drop all, veth deleted"),
    Row(20, "closed while another fiber waits; its number used again",
        sim="orders drawn", real="two fibers, new descriptors all the while"),
    Row(21, "a cancel races a completion",
        sim="orders drawn", real="both at one instant, many times"),
    Row(22, "deadlines past, now, never, beyond the clock",
        sim="each of them", real="each of them"),
    Row(23, "corrupt bytes on the link",
        sim="corrupt=", real="a link between two TUN devices",
        later="tls: what passes a mended checksum"),
    Row(24, "loss, duplicates, reordering, rate, cuts",
        sim="loss= dup= reorder= rate= delay= cut= stall=",
        real="a link between two TUN devices, nft numgen"),
    Row(25, "MTU black hole",
        sim="mtu=", real="a link between two TUN devices",
        later="dtls: lower the size"),
    Row(26, "IPv6 black hole, IPv4 fine", later="names: racing addresses"),
    # Names
    Row(27, "DNS answers wrong, late, cut, hostile", later="names"),
    Row(28, "resolv.conf and hosts missing, odd, changed", later="names"),
    Row(29, "names too long, with NUL, 0x7f.1", later="names"),
    # Datagrams, Unix sockets, raw sockets
    Row(30, "a datagram longer than the buffer",
        sim="small buffers", real="small buffers"),
    Row(31, "ECONNREFUSED from ICMP",
        sim="closed ports", real="closed ports, nft reject"),
    Row(32, "spoofed sources, amplification", later="dtls: cookies"),
    Row(33, "a flood; the receive queue overflows",
        sim="a thousand at one instant, rcvbuf=4096",
        real="as many as can be sent, rcvbuf=4096",
        later="batches: SO_RXQ_OVFL"),
    Row(34, "EMSGSIZE",
        sim="longer than the protocol allows",
        real="a link of MTU 1280; strace inject",
        later="batches: GSO refused"),
    Row(35, "Unix paths: stale, foreign, gone, too long, raced for",
        sim="paths in use, gone, too long", real="files of all sorts"),
    Row(36, "descriptors that nobody asked for",
        real="SCM_RIGHTS: one, 253, none to spare, the socket itself",
        no_sim="simulated messages carry no descriptors", later="passing descriptors on purpose"),
    Row(37, "the peer is killed",
        sim="crash, restart", real="SIGKILL",
        later="peer credentials"),
    Row(38, "raw sockets without CAP_NET_RAW", later="raw"),
    Row(39, "raw: runts, lying lengths, fragments", later="raw"),
    # TLS and DTLS
    Row(40, "certificates that must be refused", later="tls"),
    Row(41, "the end without close_notify", later="tls"),
    Row(42, "records and handshakes out of shape", later="tls"),
    Row(43, "KeyUpdate floods, renegotiation, early data", later="tls"),
    Row(44, "known attacks", later="tls"),
    Row(45, "WANT_READ while writing, two fibers", later="tls"),
    Row(46, "OpenSSL's error queue left dirty", later="tls"),
    Row(47, "DTLS: flights lost, replayed, spoofed", later="dtls"),
    Row(48, "key files missing, mismatched, reloaded", later="tls"),
    Row(49, "no entropy", later="tls"),
    # Process, scheduler, memory, clock
    Row(50, "io_uring refused",
        real="seccomp: EPERM ENOSYS ENOMEM EMFILE, old kernels",
        no_sim="the simulation stands in the ring's place"),
    Row(51, "queues full, standing operations end, no buffers",
        sim="standing operations end, buffers run out",
        real="a ring of four, RLIMIT_AS"),
    Row(52, "fork while operations wait",
        real="fork", no_sim=NO_PROCESS),
    Row(53, "a thread ends with fibers in it",
        real="threads that end", no_sim="a simulation is one thread"),
    Row(54, "a scope ends with children running",
        sim="groups closed", real="groups closed"),
    Row(55, "a fiber's stack overflows",
        sim="recursion", real="recursion"),
    Row(56, "a fiber that never yields",
        sim="always served", real="always served",
        later="observer: a watchdog for one that computes"),
    Row(57, "deadlock",
        sim="all wait", no_real="something may always come"),
    Row(58, "the clock jumps, or the machine sleeps",
        sim="clock-jump=", real="time namespaces, SIGSTOP"),
    Row(59, "little memory",
        sim="enomem= emfile= descriptors=",
        real="a memory control group, RLIMIT_AS",
        later="serve: a limit of connections"),
    Row(60, "killed within a restart without loss", later="serve: restart"),
    Row(61, "signals in fibers",
        real="setitimer, sigaltstack, blocked signals",
        no_sim="a simulation takes no signals"),
    Row(62, "disk full, streams closed, nobody reads the log",
        real="/dev/full, started without 0 and 2",
        no_sim=STREAMS),
    Row(63, "descriptors beyond select(2)",
        sim="numbers above a million", real="the highest number allowed"),
    # Protocols above
    Row(64, "HTTP: smuggling, bombs, ambiguity", later="web"),
    Row(65, "WebSocket: frames out of shape, bombs", later="web"),
]
