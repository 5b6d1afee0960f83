/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside vblk-load only: what was asked for, and one run of it. Sizes and
 * offsets are bytes, times are nanoseconds of now() unless they say otherwise.
 */
#ifndef TOOLS_VBLK_LOAD_H
#define TOOLS_VBLK_LOAD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "tools/loadoptions.h"

#define SECTOR 512u
#define PIECE_MAX (1u << 20)
#define PAGE 4096u

struct piece {
	uint64_t offset;
	uint32_t len;
};

struct run {
	struct options opt;
	bool writes, pattern;
	int fd;
	uint32_t block;			/* the device's smallest request */
	uint64_t begin, deadline;
	struct piece *pieces;		/* pattern only */
	uint64_t npieces;
	_Atomic uint64_t next;		/* piece or request to be taken */
	_Atomic uint64_t errors;
	atomic_bool stop;
};

#endif
