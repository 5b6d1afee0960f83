/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For tests that trace a child and step it, instruction by instruction.
 */
#ifndef TESTS_UNIT_STEP_H
#define TESTS_UNIT_STEP_H

#include <sched.h>

/*
 * Before the child is made: it and the caller stay on the processor where the
 * caller is. They take turns, and no turn has to wake another processor, which
 * takes most of a step's time. Where it can't be had, all is only slower.
 */
static inline void step_on_one_processor(void)
{
	int cpu = sched_getcpu();
	cpu_set_t set;

	CPU_ZERO(&set);
	if (cpu < 0 || cpu >= CPU_SETSIZE)
		return;
	CPU_SET(cpu, &set);
	(void)!sched_setaffinity(0, sizeof(set), &set);
}

#endif
