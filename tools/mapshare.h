/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What mapshare in a guest and mapstress in dom0 agree on: pages that say
 * themselves what is in them.
 *
 * The guest grants a root page, which names directory pages, which name the
 * pages that are shared. An entry of the directory changes only while its
 * state says so: who reads the same state before and after something, and that
 * state is SHARE_SHARED, knows which page it had in hands.
 *
 * Native byte order and layout: both sides are one machine.
 */
#ifndef TOOLS_MAPSHARE_H
#define TOOLS_MAPSHARE_H

#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

#define SHARE_MAGIC 0x6d737234u
#define SHARE_PAGE 4096u
/* The first half of a page is the guest's, the second is dom0's. */
#define SHARE_HALF (SHARE_PAGE / 2)

enum share_state {
	SHARE_CHANGING,
	SHARE_SHARED,
	SHARE_REVOKED,	/* the reference may be another page's by now */
};

#define SHARE_WRITABLE 1u	/* granted for writing, too */
#define SHARE_LASTING 2u	/* stays until mapstress ends it */

struct share_entry {
	_Atomic uint32_t word;	/* generation << 2 | enum share_state */
	uint32_t ref;
	uint32_t flags;
	uint32_t reserved;
	uint64_t gfn;
};

#define SHARE_PER_PAGE (SHARE_PAGE / sizeof(struct share_entry))
#define SHARE_DIRS_MAX 192u
#define SHARE_PAGES_MAX (SHARE_DIRS_MAX * (uint32_t)SHARE_PER_PAGE)

struct share_root {
	uint32_t magic;
	uint32_t npages;
	uint64_t seed;
	_Atomic uint32_t stop;	/* set by dom0: take everything back */
	_Atomic uint32_t ended;	/* set by the guest when it has */
	_Atomic uint32_t bye;	/* set by dom0: it will look at nothing more */
	uint32_t damaged;	/* pages whose first half somebody wrote to */
	uint32_t dir[SHARE_DIRS_MAX];	/* references */
};

static inline enum share_state share_state(uint32_t word)
{
	return (enum share_state)(word & 3);
}

static inline uint32_t share_word(uint32_t generation, enum share_state state)
{
	return generation << 2 | state;
}

/* Half a page that depends on all three numbers in every word. */
static inline void share_fill(void *half, uint64_t seed, uint32_t page,
			      uint32_t generation)
{
	uint64_t word[SHARE_HALF / sizeof(uint64_t)];
	uint64_t base = seed ^ (uint64_t)page << 40 ^ (uint64_t)generation << 12;

	for (uint32_t i = 0; i < SHARE_HALF / sizeof(uint64_t); i++) {
		uint64_t z = (base ^ i) * 0x9e3779b97f4a7c15u;

		z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
		word[i] = z ^ z >> 27;
	}
	memcpy(half, word, sizeof(word));
}

/* A state that is merely counted up gives good numbers. */
static inline uint32_t share_random(uint64_t *state, uint32_t limit)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return (uint32_t)((z ^ z >> 31) >> 32) % limit;
}

#endif
