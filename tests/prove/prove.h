/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the proofs share. A proof states once what must hold, about the
 * product's own functions, and is done in one of two ways from the same file:
 *
 *   by trying    main() walks through a domain of at most 2^32 cases
 *   by CBMC      prove() leaves the values open (nondet_*), and CBMC decides for
 *                all of them at once; a line "cbmc:" in the file names what is
 *                linked to it and CBMC's options
 *
 * CBMC also claims by itself that no pointer leaves its object, nothing is
 * divided by zero and no signed sum overflows.
 */
#ifndef TESTS_PROVE_PROVE_H
#define TESTS_PROVE_PROVE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#ifdef __CPROVER__

bool nondet_bool(void);
uint8_t nondet_u8(void);
uint16_t nondet_u16(void);
uint32_t nondet_u32(void);
uint64_t nondet_u64(void);

/* The trace names the values; the words are for those who try. */
#define CLAIM(what, ...) __CPROVER_assert(what, #what)
#define SUPPOSE(what)    __CPROVER_assume(what)

void prove(void);

/*
 * Where CBMC begins. Suppositions that contradict each other would prove
 * anything: so the last claim is false, and CBMC has to find that one, and only
 * that one.
 */
void prove_and_end(void);
void prove_and_end(void)
{
	prove();
	__CPROVER_assert(0, "the end is reached");
}

#else

/* What must hold, and a printf() of the case in which it did not. */
#define CLAIM(what, ...) \
	do { \
		if (!(what)) { \
			fprintf(stderr, "%s:%d: not so: %s\n  with ", \
				__FILE__, __LINE__, #what); \
			fprintf(stderr, __VA_ARGS__); \
			fputc('\n', stderr); \
			exit(EXIT_FAILURE); \
		} \
	} while (0)

#endif

#endif
