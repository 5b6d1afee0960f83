/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What must hold after every lie, whatever it was.
 */
#ifndef HOSTILE_AFTER_H
#define HOSTILE_AFTER_H

#include "tests/hostile/bystander.h"
#include "tests/hostile/daemon.h"

struct after {
	const char *socket;	/* of the daemon */
	struct sim_world *world;
	struct gram *ram[2];	/* of the liar's guest, of the other one */
	struct bystander *bystander[2];
	struct daemon_view view;	/* before the first lie */
	uint64_t data_more_kib;	/* memory that it may have then */
	struct sim_stats stats;
	uint32_t complaints;
};

/* Remember how things are. 0 or -errno. */
int after_begin(struct after *a);
/* 0, or -EIO and a sentence in @why. Looks at the daemon while nobody lies. */
int after_lie(struct after *a, char *why, size_t len);

#endif
