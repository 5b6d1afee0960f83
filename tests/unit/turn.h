/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For tests of what lives in the manager's loop: one turn of it, never asleep.
 */
#ifndef TESTS_UNIT_TURN_H
#define TESTS_UNIT_TURN_H

#include "tests/unit/unit.h"

#include "backend/loop.h"

static inline void turn_due(struct loop_timer *timer)
{
	(void)timer;
}

/* Whatever can be done now. */
static inline void turn_once(struct loop *loop)
{
	struct loop_timer timer = { .fire = turn_due };

	loop_arm(loop, &timer, 0);
	assert_int_equal(loop_once(loop), 0);
	loop_disarm(&timer);
}

#endif
