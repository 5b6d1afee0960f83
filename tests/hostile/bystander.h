/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Somebody who uses a disk as one should, all the time, and does not want to
 * hear of other people's lies.
 */
#ifndef HOSTILE_BYSTANDER_H
#define HOSTILE_BYSTANDER_H

#include <pthread.h>
#include <stdatomic.h>

#include "tests/guest/gblk.h"

struct bystander {
	const char *name;
	struct gblk disk;
	pthread_t thread;
	pthread_mutex_t busy;	/* held during a round */
	atomic_bool stop;
	atomic_uint rounds;	/* written, read back, and right */
	atomic_uint errors;
	char why[120];		/* the first error */
};

int bystander_start(struct bystander *b, const char *name,
		    const struct gblk_config *config);
/* Until there is one round more: 0, or -EIO and the reason in @why. */
int bystander_goes_on(struct bystander *b);
/* It finishes what it is at, and begins nothing new. */
void bystander_pause(struct bystander *b);
void bystander_resume(struct bystander *b);
int bystander_stop(struct bystander *b);

#endif
