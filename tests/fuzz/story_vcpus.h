/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The vCPUs of a story: who makes the accesses that guest_steps.h has, and waits
 * for the answer. What a worker leaves unanswered is there for the next one. An
 * answer that nobody waits for ends the program.
 */
#ifndef TESTS_FUZZ_STORY_VCPUS_H
#define TESTS_FUZZ_STORY_VCPUS_H

#include <stdbool.h>
#include <stdint.h>

#include "backend/worker.h"
#include "tests/fuzz/pretend.h"

struct story_vcpus {		/* all zero at first */
	struct ioreq_access access[PRETEND_VCPUS];
	bool busy[PRETEND_VCPUS];	/* its access is not answered */
	bool again[PRETEND_VCPUS];	/* and the worker it was for is gone */
	const struct device *reset[PRETEND_VCPUS];	/* it is one of this */
	uint32_t acting;		/* who does what the guest does now */
};

/* There is another worker, or the first. */
void vcpus_begin(struct story_vcpus *v);

/* *acc is one for @w that an earlier worker did not answer; false: there is none. */
bool vcpus_repeat(struct story_vcpus *v, const struct worker *w,
		  struct ioreq_access *acc);
/* *acc is the guest's next, which it has; false: all who could make it wait. */
bool vcpus_next(struct story_vcpus *v, const struct worker *w,
		struct ioreq_access *acc);
/* @w has answered; a reset has been one. */
void vcpus_done(struct story_vcpus *v, const struct worker *w,
		const struct ioreq_access *acc);

#endif
