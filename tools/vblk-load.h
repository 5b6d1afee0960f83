/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside vblk-load only: what was asked for, and one run of it. Sizes and
 * offsets are bytes; begin and deadline are nanoseconds, as now() counts them.
 */
#ifndef TOOLS_VBLK_LOAD_H
#define TOOLS_VBLK_LOAD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "tools/loadoptions.h"
#include "tools/loadpattern.h"

#define PAGE 4096u

struct run {
	struct options opt;
	bool writes, pattern;
	int fd;				/* -1: no device */
	uint32_t block;			/* the device's smallest request */
	uint64_t begin, deadline;
	struct cut cut;			/* pattern only */
	_Atomic uint64_t next;		/* piece or request to be taken */
	_Atomic uint64_t errors;
	atomic_bool stop;
};

#endif
