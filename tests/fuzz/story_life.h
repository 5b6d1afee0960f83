/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A worker's life in this process: all of backend/worker.c but its main(), which
 * is where story_life.c gets it from. Link no backend/worker.o.
 *
 * The caller owns the worker and its socket: that is set, the rest is zero, and
 * START is on the way. One lives at a time. One that can't go on, after it has
 * taken up its guest, ends the program.
 */
#ifndef TESTS_FUZZ_STORY_LIFE_H
#define TESTS_FUZZ_STORY_LIFE_H

#include "backend/worker.h"

enum life_end {
	LIFE_LEFT,	/* it was told to */
	LIFE_KILLED,
	LIFE_REFUSED,	/* it did not take up what START said */
};

/* Until it has nothing more to do; life_close() is still to be called. */
enum life_end life_run(struct worker *w);
/* From pretend.h's next() or done(): life_run() returns. */
__attribute__((noreturn))
void life_kill(void);
/* Lets go of all that it has, as its process would. */
void life_close(struct worker *w);

#endif
