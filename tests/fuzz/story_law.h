/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What must hold of a worker in this process while a story is told; anything
 * else ends the program. It is seen from inside: the worker's own structures, and
 * what fake_xen.h and pretend.h have given out. Only looks.
 */
#ifndef TESTS_FUZZ_STORY_LAW_H
#define TESTS_FUZZ_STORY_LAW_H

#include <stdbool.h>

#include "backend/worker.h"

/* Whenever the guest acts: what was returned is published, and holds no mapping. */
void law_check(const struct worker *w);

/*
 * The device that @acc resets, or NULL. To be asked when the guest writes it:
 * the window may move before the answer.
 */
const struct device *law_what_resets(const struct worker *w,
				     const struct ioreq_access *acc);
/* That write is answered. @dev may be NULL, or gone. */
void law_check_reset(const struct worker *w, const struct device *dev);

/*
 * The last worker is gone. @killed: one before it was, and what it had taken was
 * not counted. @spoiled: the state may say anything.
 */
void law_check_end(const struct state *state, bool killed, bool spoiled);

#endif
