/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside vblk-load only: the pattern. It is defined by position: sector n of a
 * disk written with seed s is the same bytes whoever writes it, in whatever
 * pieces and order. Its first two words are s and n, so a sector in the wrong
 * place names where it belongs. Offsets and lengths are bytes, and whole
 * sectors.
 */
#ifndef TOOLS_LOADPATTERN_H
#define TOOLS_LOADPATTERN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define SECTOR 512u
#define PIECE_MAX (1u << 20)

struct piece {
	uint64_t offset;
	uint32_t len;		/* of the pattern: at most PIECE_MAX */
};

struct cut {
	struct piece *piece;
	uint64_t n;
};

/* What the pattern of @seed has from @offset of the disk on. */
void pattern_fill(unsigned char *buf, uint64_t seed, uint64_t offset,
		  uint32_t len);

/*
 * True when what was read of a piece is the pattern. Each sector that differs
 * is counted as an error, and said on stderr while there are few. Any number of
 * threads may count together.
 */
bool pattern_matches(const unsigned char *buf, uint64_t seed,
		     const struct piece *p, _Atomic uint64_t *errors);

/*
 * Cuts @size bytes from @offset on so that the pieces cover them exactly once,
 * and shuffles them; another @seed, other pieces. None is cut inside a block of
 * @block bytes. The pieces are the caller's, for free(). -ENOMEM: there are
 * none.
 */
int pattern_cut(struct cut *cut, uint64_t seed, uint64_t offset, uint64_t size,
		uint32_t block);

#endif
