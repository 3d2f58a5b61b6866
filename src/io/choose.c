/*
 * choose.c: which backend a thread gets, and what the environment has to say
 * about it.  The variables are for tests and for finding faults; a word that
 * is not known is an error, lest a test believe that it tested something.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/inject.h"
#include "io/io.h"

#define SENTENCE_SIZE 160

/* The kernel's IORING_MAX_ENTRIES is 32768; a tenth of it is plenty, and with
 * less than four nothing is ever at rest. */
#define RING_MIN 4
#define RING_MAX 4096

static const struct {
	const char *word;
	unsigned feature;
} features[] = {
	{ "multishot", GNI_FEATURE_MULTISHOT },
	{ "pbuf", GNI_FEATURE_PBUF },
	{ "pbuf_inc", GNI_FEATURE_PBUF_INC },
	{ "defer", GNI_FEATURE_DEFER },
	{ "guard", GNI_FEATURE_GUARD },
	{ "overflow", GNI_FEATURE_OVERFLOW },
};

enum wish { WISH_ANY, WISH_URING, WISH_EPOLL, WISH_POLL };

static const struct {
	const char *word;
	enum wish wish;
} wishes[] = {
	{ "", WISH_ANY },
	{ "uring", WISH_URING },
	{ "epoll", WISH_EPOLL },
	{ "poll", WISH_POLL },
};

/* The errno of the last ring refused, 0: none was. */
static atomic_int refused_errno;

static _Thread_local char sentence[SENTENCE_SIZE];

static const char *environment(const char *name)
{
	const char *value = secure_getenv(name);

	return value ? value : "";
}

static unsigned feature_of(const char *word, size_t len)
{
	for (size_t i = 0; i < sizeof features / sizeof *features; i++)
		if (strlen(features[i].word) == len &&
		    memcmp(features[i].word, word, len) == 0)
			return features[i].feature;
	return 0;
}

int gni_io_off(unsigned *off, const char **why)
{
	const char *at = environment("GNEZDO_OFF");

	*off = 0;
	while (*at) {
		size_t len = strcspn(at, ",");
		unsigned feature = feature_of(at, len);

		if (!feature) {
			snprintf(sentence, sizeof sentence,
				 "GNEZDO_OFF=%.40s: choose from multishot, "
				 "pbuf, pbuf_inc, defer, guard, overflow", at);
			*why = sentence;
			return -EINVAL;
		}
		*off |= feature;
		at += len + (at[len] == ',');
	}
	return 0;
}

static int wish_of(enum wish *wish, const char **why)
{
	const char *word = environment("GNEZDO_BACKEND");

	for (size_t i = 0; i < sizeof wishes / sizeof *wishes; i++)
		if (strcmp(wishes[i].word, word) == 0) {
			*wish = wishes[i].wish;
			return 0;
		}
	snprintf(sentence, sizeof sentence,
		 "GNEZDO_BACKEND=%.40s: choose uring, epoll or poll", word);
	*why = sentence;
	return -EINVAL;
}

/* The size of the rings, 0 when nothing is said. */
static int ring_entries(unsigned *entries, const char **why)
{
	const char *text = environment("GNEZDO_RING");
	char *end;
	long n;

	*entries = 0;
	if (!*text)
		return 0;
	n = strtol(text, &end, 10);
	if (*end || n < RING_MIN || n > RING_MAX) {
		snprintf(sentence, sizeof sentence,
			 "GNEZDO_RING=%.40s: choose a number from %d to %d",
			 text, RING_MIN, RING_MAX);
		*why = sentence;
		return -EINVAL;
	}
	*entries = (unsigned)n;
	return 0;
}

static int say_refused(const char *call, int result, const char **why)
{
	snprintf(sentence, sizeof sentence, "%s: %s", call,
		 strerrordesc_np(-result));
	*why = sentence;
	return result;
}

static int open_wished(struct gni_io **io, enum wish wish, unsigned off,
		       unsigned entries, const char **why)
{
	int result;

	if (wish == WISH_POLL) {
		result = gni_poll_open(io);
		return result < 0 ? say_refused("pipe2", result, why) : 0;
	}
	if (wish != WISH_EPOLL) {
		result = gni_uring_open(io, off, entries);
		if (result == 0)
			return 0;
		atomic_store(&refused_errno, -result);
		if (wish == WISH_URING)
			return say_refused("io_uring_setup", result, why);
	}
	result = gni_epoll_open(io);
	return result < 0 ? say_refused("epoll_create1", result, why) : 0;
}

int gni_io_choose(struct gni_io **io, const char **why)
{
	enum wish wish = WISH_ANY;
	unsigned off, entries = 0;
	int result = gni_io_off(&off, why);

	if (result == 0)
		result = wish_of(&wish, why);
	if (result == 0)
		result = ring_entries(&entries, why);
	if (result == 0)
		result = open_wished(io, wish, off, entries, why);
	if (result == 0 && *environment("GNEZDO_FAULTS"))
		result = gni_inject_open(io, environment("GNEZDO_FAULTS"),
					 environment("GNEZDO_SEED"), why);
	return result;
}

const char *gni_io_refused(void)
{
	int refused = atomic_load(&refused_errno);
	const char *why = NULL;

	if (refused)
		say_refused("io_uring_setup", -refused, &why);
	return why;
}
