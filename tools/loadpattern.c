// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The pattern of vblk-load: written, looked for, and cut into pieces. What a
 * sector holds instead of it is said as exactly as it can be told: nothing at
 * all, another sector of this or another pattern, or something else.
 */
#include "tools/loadpattern.h"

#include <endian.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/loadend.h"
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

bool pattern_matches(struct run *run, const unsigned char *buf,
		     const struct piece *p)
{
	unsigned char want[SECTOR];
	bool good = true;

	for (uint32_t done = 0; done < p->len; done += SECTOR) {
		pattern_fill(want, run->opt.seed, p->offset + done, SECTOR);
		if (!memcmp(buf + done, want, SECTOR))
			continue;
		good = false;
		if (atomic_fetch_add(&run->errors, 1) < 10)
			pattern_complain(buf + done, want, run->opt.seed,
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

void pattern_cut(struct run *run, uint64_t salt)
{
	const struct options *o = &run->opt;
	uint64_t random = o->seed ^ salt, at = o->offset, room = 0;

	while (at < o->offset + o->size) {
		uint64_t left = o->offset + o->size - at;
		uint32_t len = piece_length(&random, left, run->block);

		if (run->npieces == room) {
			room = room ? room * 2 : 1024;
			run->pieces = reallocarray(run->pieces, room,
						   sizeof(*run->pieces));
			if (!run->pieces)
				fatal("out of memory");
		}
		run->pieces[run->npieces++] = (struct piece){ at, len };
		at += len;
	}
	for (uint64_t i = run->npieces; i > 1; i--) {
		uint64_t j = random_below(&random, i);
		struct piece p = run->pieces[i - 1];

		run->pieces[i - 1] = run->pieces[j];
		run->pieces[j] = p;
	}
}
