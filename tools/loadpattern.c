// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The pattern of vblk-load: written, looked for, and cut into pieces. What a
 * sector holds instead of it is said as exactly as it can be told: nothing at
 * all, another sector of this or another pattern, or something else.
 */
#include "tools/loadpattern.h"

#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/loadrandom.h"

#define SECTOR_WORDS (SECTOR / sizeof(uint64_t))

void pattern_fill(unsigned char *buf, uint64_t seed, uint64_t offset,
		  uint32_t len)
{
	uint64_t word[SECTOR_WORDS];

	for (uint32_t done = 0; done < len; done += SECTOR) {
		uint64_t sector = (offset + done) / SECTOR;
		uint64_t state = seed ^ sector << 20;

		word[0] = htole64(seed);
		word[1] = htole64(sector);
		for (size_t i = 2; i < SECTOR_WORDS; i++)
			word[i] = htole64(random_next(&state));
		memcpy(buf + done, word, SECTOR);
	}
}

static void pattern_complain(const unsigned char *got, const unsigned char *want,
			     uint64_t seed, uint64_t sector)
{
	static const unsigned char zero[SECTOR];
	unsigned char other[SECTOR];
	uint64_t word[2];
	size_t i = 0;

	memcpy(word, got, sizeof(word));
	word[0] = le64toh(word[0]);
	word[1] = le64toh(word[1]);
	pattern_fill(other, word[0], word[1] * SECTOR, SECTOR);
	if (!memcmp(got, zero, SECTOR)) {
		fprintf(stderr, "vblk-load: sector %" PRIu64 " is all zero\n",
			sector);
	} else if (!memcmp(got, other, SECTOR)) {
		fprintf(stderr, "vblk-load: sector %" PRIu64 " holds sector %"
			PRIu64 " of seed %" PRIu64 ", expected seed %" PRIu64
			"\n", sector, word[1], word[0], seed);
	} else {
		while (got[i] == want[i])
			i++;
		fprintf(stderr, "vblk-load: sector %" PRIu64 " differs from "
			"byte %zu on: 0x%02x, expected 0x%02x\n", sector, i,
			got[i], want[i]);
	}
}

bool pattern_matches(const unsigned char *buf, uint64_t seed,
		     const struct piece *p, _Atomic uint64_t *errors)
{
	unsigned char want[SECTOR];
	bool good = true;

	for (uint32_t done = 0; done < p->len; done += SECTOR) {
		pattern_fill(want, seed, p->offset + done, SECTOR);
		if (!memcmp(buf + done, want, SECTOR))
			continue;
		good = false;
		if (atomic_fetch_add(errors, 1) < 10)
			pattern_complain(buf + done, want, seed,
					 (p->offset + done) / SECTOR);
	}
	return good;
}

/* 512 bytes to 1 MiB, each power of two as likely as the next. */
static uint32_t piece_length(uint64_t *random, uint64_t left, uint32_t block)
{
	uint64_t len = (uint64_t)SECTOR << random_below(random, 12);

	len += random_below(random, len);
	len -= len % block;
	if (len < block)
		len = block;
	if (len > PIECE_MAX)
		len = PIECE_MAX;
	return (uint32_t)(len < left ? len : left);
}

static int cut_append(struct cut *cut, uint64_t *room, struct piece p)
{
	struct piece *more;

	if (cut->n == *room) {
		*room = *room ? *room * 2 : 1024;
		more = reallocarray(cut->piece, *room, sizeof(*more));
		if (!more)
			return -ENOMEM;
		cut->piece = more;
	}
	cut->piece[cut->n++] = p;
	return 0;
}

int pattern_cut(struct cut *cut, uint64_t seed, uint64_t offset, uint64_t size,
		uint32_t block)
{
	uint64_t random = seed, at = offset, room = 0;

	*cut = (struct cut){ 0 };
	while (at < offset + size) {
		uint64_t left = offset + size - at;
		uint32_t len = piece_length(&random, left, block);

		if (cut_append(cut, &room, (struct piece){ at, len })) {
			free(cut->piece);
			*cut = (struct cut){ 0 };
			return -ENOMEM;
		}
		at += len;
	}
	for (uint64_t i = cut->n; i > 1; i--) {
		uint64_t j = random_below(&random, i);
		struct piece p = cut->piece[i - 1];

		cut->piece[i - 1] = cut->piece[j];
		cut->piece[j] = p;
	}
	return 0;
}
