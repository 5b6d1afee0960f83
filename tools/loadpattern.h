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

#include "tools/vblk-load.h"

/* What the pattern of @seed has from @offset of the disk on. */
void pattern_fill(unsigned char *buf, uint64_t seed, uint64_t offset,
		  uint32_t len);

/*
 * True when what was read of a piece is the pattern. Each sector that differs
 * is one of the run's errors, and the first few errors are said on stderr.
 */
bool pattern_matches(struct run *run, const unsigned char *buf,
		     const struct piece *p);

/*
 * Cuts the area so that the pieces cover it exactly once, and shuffles them.
 * Another @salt, other pieces. They are the run's, for free(); ends the program
 * if there is no memory.
 */
void pattern_cut(struct run *run, uint64_t salt);

#endif
