/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest gone mad: threads that write whatever they like to rings, descriptors,
 * tables, headers, data and registers of a disk while it works. All memory that
 * they ever name is their own, or none at all, so whatever is written elsewhere
 * is the device's doing.
 *
 * What they write depends on the seed alone; when it is seen does not.
 */
#ifndef HOSTILE_FLIPPER_H
#define HOSTILE_FLIPPER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "tests/guest/gblk.h"

#define FLIP_THREADS 4

struct flipper {
	struct gblk disk;
	struct gblk_config config;
	struct gvcpu *vcpu;	/* two more, for registers and invalidations */
	struct gbuf arena;	/* all that is ever named */
	struct gmap grants;	/* of all of it */
	uint64_t seed;
	atomic_bool stop;
	atomic_uint resets;
	pthread_t thread[FLIP_THREADS];
	unsigned int threads;
};

/* The arena. @vcpu: the first of two that nobody else uses. 0 or -errno. */
int flipper_open(struct flipper *f, const struct gblk_config *config,
		 struct gvcpu *vcpu);
void flipper_close(struct flipper *f);
/* Everything begins, or ends; the disk is reset afterwards. 0 or -errno. */
int flipper_start(struct flipper *f, uint64_t seed);
int flipper_stop(struct flipper *f);

#endif
