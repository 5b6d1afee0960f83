/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside vblk-load only: words that look random and are the same in every run,
 * on every machine. splitmix64: a state that is merely counted up gives good
 * words, so any number is a seed.
 */
#ifndef TOOLS_LOADRANDOM_H
#define TOOLS_LOADRANDOM_H

#include <stdint.h>

static inline uint64_t random_next(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

/* 0 to @limit - 1; @limit is not 0. */
static inline uint64_t random_below(uint64_t *state, uint64_t limit)
{
	return random_next(state) % limit;
}

#endif
