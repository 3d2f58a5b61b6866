/*
 * refuse.c: runs a program to whom the kernel refuses io_uring, as sandboxes
 * do: by a filter that answers its calls with an errno.
 *
 *	refuse ERRNO[:CALL] PROGRAM [ARGUMENT...]
 *
 * CALL is setup, enter or register; none: all three.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#else
#error "no name for this processor's system calls"
#endif

/* They have the same numbers everywhere. */
#define URING_FIRST 425
#define URING_LAST 427

static const struct {
	const char *word;
	int value;
} words[] = {
	{ "EPERM", EPERM },   { "ENOSYS", ENOSYS }, { "ENOMEM", ENOMEM },
	{ "EMFILE", EMFILE }, { "EINVAL", EINVAL },
};

static const struct {
	const char *word;
	uint32_t first, last;
} calls[] = {
	{ "", URING_FIRST, URING_LAST },
	{ ":setup", 425, 425 },
	{ ":enter", 426, 426 },
	{ ":register", 427, 427 },
};

static int refuse(uint32_t first, uint32_t last, int value)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 0, 4),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, first, 0, 2),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, last, 1, 0),
		BPF_STMT(BPF_RET | BPF_K,
			 SECCOMP_RET_ERRNO | ((uint32_t)value & 0xffff)),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {
		.len = sizeof filter / sizeof *filter,
		.filter = filter,
	};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
}

static int refuse_by_name(const char *name)
{
	size_t len = strcspn(name, ":");

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		for (size_t j = 0; j < sizeof calls / sizeof *calls; j++)
			if (strlen(words[i].word) == len &&
			    strncmp(words[i].word, name, len) == 0 &&
			    strcmp(calls[j].word, name + len) == 0)
				return refuse(calls[j].first, calls[j].last,
					      words[i].value);
	errno = EINVAL;
	return -1;
}

int main(int argc, char **argv)
{
	if (argc < 3) {
		fprintf(stderr, "usage: refuse ERRNO[:CALL] PROGRAM...\n");
		return 64;
	}
	if (refuse_by_name(argv[1]) < 0) {
		perror(argv[1]);
		return 1;
	}
	execv(argv[2], argv + 2);
	perror(argv[2]);
	return 1;
}
