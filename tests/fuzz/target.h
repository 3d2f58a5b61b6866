/*
 * target.h: what a fuzz target is made of.
 *
 * A target is one file with one function, which takes any bytes, has the
 * library act on them and checks what must hold whatever they are; it stops
 * the program when something does not.  libFuzzer calls it (`make fuzz`), and
 * so does driver.c, which replays the corpus and mutates it a little.
 */
#ifndef TARGET_H
#define TARGET_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Inputs are cut to so many bytes: what they are about is short. */
#define TARGET_INPUT_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

_Noreturn static inline void target_fail(const char *file, int line,
					 const char *what)
{
	fprintf(stderr, "# %s:%d: this does not hold: %s\n", file, line, what);
	abort();
}

#define WANT(condition)                                               \
	do {                                                          \
		if (!(condition))                                     \
			target_fail(__FILE__, __LINE__, #condition);  \
	} while (0)

/* The input is taken from its beginning; behind its end stand zeros. */
struct input {
	const uint8_t *at;
	size_t left;
};

static inline unsigned input_byte(struct input *in)
{
	if (in->left == 0)
		return 0;
	in->left--;
	return *in->at++;
}

#endif
