/*
 * driver.c: runs a target without libFuzzer: over files, and over so many
 * inputs that a seed makes of them.
 *
 *	fuzz-NAME [--times N] [FILE|FOLDER...]
 *
 * The target runs in a child, so that one that dies leaves behind which input
 * it was at; of a made one the bytes are printed as a command that writes
 * them.  GN_TEST_SEED chooses the seed.
 */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/seed_test.h"
#include "target.h"

#define FILES_MAX 4096
#define CHANGES_MAX 6

struct input_file {
	char *name; /* NULL: made */
	size_t len;
	uint8_t bytes[TARGET_INPUT_MAX];
};

struct corpus {
	struct input_file *files[FILES_MAX];
	size_t count;
};

/* Shared with the child: what it is at, and how many it has done. */
struct progress {
	size_t done;
	struct input_file now;
};

static struct corpus corpus;
static struct progress *progress;

/* ---- files */

static void stop(const char *what)
{
	printf("Bail out! %s: %s\n", what, strerror(errno));
	exit(1);
}

static void add_file(const char *path)
{
	struct input_file *f = calloc(1, sizeof *f);
	FILE *from = fopen(path, "rb");

	if (!f || !from || corpus.count == FILES_MAX)
		stop(path);
	f->name = strdup(path);
	f->len = fread(f->bytes, 1, sizeof f->bytes, from);
	if (ferror(from))
		stop(path);
	fclose(from);
	corpus.files[corpus.count++] = f;
}

static int no_dots(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* In the order of their names, so that a seed makes the same of them. */
static void add_folder(const char *path)
{
	struct dirent **entries;
	int count = scandir(path, &entries, no_dots, alphasort);

	if (count < 0)
		stop(path);
	for (int i = 0; i < count; i++) {
		char *name;

		if (asprintf(&name, "%s/%s", path, entries[i]->d_name) < 0)
			stop(path);
		add_file(name);
		free(name);
		free(entries[i]);
	}
	free(entries);
}

static void add_path(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		stop(path);
	if (S_ISDIR(st.st_mode))
		add_folder(path);
	else
		add_file(path);
}

static void free_files(void)
{
	for (size_t i = 0; i < corpus.count; i++) {
		free(corpus.files[i]->name);
		free(corpus.files[i]);
	}
}

/* ---- changes: each leaves a len of at most TARGET_INPUT_MAX */

static size_t below(struct gni_rng *r, size_t bound)
{
	return (size_t)gni_rng_below(r, bound);
}

/* Makes room for len bytes at a place, or for as many as there can be. */
static size_t open_gap(struct input_file *f, size_t at, size_t len)
{
	if (len > sizeof f->bytes - f->len)
		len = sizeof f->bytes - f->len;
	memmove(f->bytes + at + len, f->bytes + at, f->len - at);
	f->len += len;
	return len;
}

static void flip_bit(struct input_file *f, struct gni_rng *r)
{
	if (f->len > 0)
		f->bytes[below(r, f->len)] ^= (uint8_t)(1 << below(r, 8));
}

/* Bytes that mean something somewhere, or any. */
static uint8_t some_byte(struct gni_rng *r)
{
	static const char known[] = "\0\n\r\x7f\x80\xbf\xc2\xe0\xed\xf4\xff"
				    " %&.:;,=?@[]*+-/<>0159af";

	if (below(r, 2))
		return (uint8_t)known[below(r, sizeof known - 1)];
	return (uint8_t)below(r, 256);
}

static void set_byte(struct input_file *f, struct gni_rng *r)
{
	if (f->len > 0)
		f->bytes[below(r, f->len)] = some_byte(r);
}

static void insert_byte(struct input_file *f, struct gni_rng *r)
{
	size_t at = below(r, f->len + 1);

	if (open_gap(f, at, 1))
		f->bytes[at] = some_byte(r);
}

static void take_out(struct input_file *f, struct gni_rng *r)
{
	size_t at = below(r, f->len + 1);
	size_t len = below(r, f->len - at + 1);

	memmove(f->bytes + at, f->bytes + at + len, f->len - at - len);
	f->len -= len;
}

/* A part of another input, or of this one, is put in. */
static void put_in(struct input_file *f, struct gni_rng *r)
{
	struct input_file from = *f;
	size_t at = below(r, f->len + 1), first, len;

	if (corpus.count > 0 && below(r, 2))
		from = *corpus.files[below(r, corpus.count)];
	first = below(r, from.len + 1);
	len = open_gap(f, at, below(r, from.len - first + 1));
	memcpy(f->bytes + at, from.bytes + first, len);
}

static void (*const changes[])(struct input_file *f, struct gni_rng *r) = {
	flip_bit, set_byte, insert_byte, take_out, put_in,
};

static void make_input(struct input_file *f, struct gni_rng *r)
{
	f->len = 0;
	if (corpus.count > 0)
		*f = *corpus.files[below(r, corpus.count)];
	f->name = NULL;
	for (size_t n = below(r, CHANGES_MAX) + 1; n > 0; n--)
		changes[below(r, sizeof changes / sizeof *changes)](f, r);
}

/* ---- runs */

/* The bytes at the end of a block of their own, so that ASan sees the end. */
static void run_target(const struct input_file *f)
{
	uint8_t *copy = malloc(f->len ? f->len : 1);

	if (!copy)
		stop("an input");
	memcpy(copy, f->bytes, f->len);
	LLVMFuzzerTestOneInput(copy, f->len);
	free(copy);
	progress->done++;
}

static void replay(struct gni_rng *r, size_t times)
{
	(void)r;
	(void)times;
	for (size_t i = 0; i < corpus.count; i++) {
		progress->now = *corpus.files[i];
		run_target(&progress->now);
	}
}

static void mutate(struct gni_rng *r, size_t times)
{
	while (times-- > 0) {
		make_input(&progress->now, r);
		run_target(&progress->now);
	}
}

static void show_input(const struct input_file *f)
{
	if (f->name) {
		printf("# at the input %s\n", f->name);
		return;
	}
	printf("# at an input that this writes:\n# printf '");
	for (size_t i = 0; i < f->len; i++)
		printf("\\%03o", f->bytes[i]);
	printf("' > input\n");
}

/* In a child: true if it came through all of them. */
static bool came_through(void (*run)(struct gni_rng *r, size_t times),
			 struct gni_rng *r, size_t times)
{
	int status = 1;
	pid_t child;

	progress->done = 0;
	fflush(stdout);
	child = fork();
	if (child == 0) {
		run(r, times);
		free_files();
		exit(0);
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		stop("a child");
	if (WIFSIGNALED(status))
		printf("# killed by signal %d (%s)\n", WTERMSIG(status),
		       strsignal(WTERMSIG(status)));
	if (status != 0)
		show_input(&progress->now);
	printf("# %zu inputs\n", progress->done);
	return status == 0;
}

static bool report(int number, const char *program, const char *what, bool well)
{
	const char *name = strrchr(program, '/');

	printf("%s %d - %s: %s\n", well ? "ok" : "not ok", number,
	       name ? name + 1 : program, what);
	return well;
}

int main(int argc, char **argv)
{
	size_t times = 0;
	int first = 1;
	struct gni_rng rng;
	bool well;

	if (argc > 2 && strcmp(argv[1], "--times") == 0) {
		times = strtoul(argv[2], NULL, 10);
		first = 3;
	}
	progress = mmap(NULL, sizeof *progress, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (progress == MAP_FAILED)
		stop("memory");
	for (int i = first; i < argc; i++)
		add_path(argv[i]);
	well = report(1, argv[0], "the corpus",
		      came_through(replay, NULL, 0) && corpus.count > 0);
	if (times > 0) {
		rng = test_rng("inputs");
		well &= report(2, argv[0], "inputs made of it",
			       came_through(mutate, &rng, times));
	}
	free_files();
	printf("1..%d\n", times > 0 ? 2 : 1);
	return !well;
}
