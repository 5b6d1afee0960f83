/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How many new requests to wait for before the guest should kick.
 *
 * A kick stops a vCPU until it is answered. With EVENT_IDX the device may ask
 * to be kicked only when a whole batch is there (virtio 1.2, 2.7.10). How large
 * a batch a guest gathers by itself is learned: now and then twice as much is
 * asked for, and kept if it arrives in the time that it should take; if it
 * does not, a deadline looks at the ring all the same. A guest with one request
 * at a time is asked for one, and pays for a trial once in 16 to 1024 drains.
 * One that on average brings nearly twice what is asked for is tried at once,
 * however rare trials have become.
 *
 * Pure: time is an argument, nanoseconds of any monotonic clock. Not
 * thread-safe.
 */
#ifndef BACKEND_COALESCE_H
#define BACKEND_COALESCE_H

#include <stdbool.h>
#include <stdint.h>

#define COALESCE_TRIAL_MIN   16u	/* drains between two trials */
#define COALESCE_TRIAL_MAX   1024u
#define COALESCE_TRIAL_NEXT  2u		/* after a trial that did well */
#define COALESCE_TRIAL_SOON  4u		/* after a batch that did not come */
#define COALESCE_DRAINS      8u		/* that an average looks back */
#define COALESCE_ONE         256u	/* request, in an average */
#define COALESCE_WAIT_MIN_NS (20 * INT64_C(1000))
#define COALESCE_WAIT_MAX_NS (5 * INT64_C(1000000))
#define COALESCE_SLOW_NS     (2 * INT64_C(1000000))	/* a request: no trials */

struct coalesce {
	uint32_t max;		/* never ask for more */
	uint32_t batch;		/* known to arrive */
	uint32_t asked;		/* for in this round; 0: not armed */
	uint32_t trial_in;	/* drains until the next trial */
	uint32_t trial_every;
	uint32_t brought;	/* by a drain on average, in 1/COALESCE_ONE */
	bool pause;		/* the next round asks for one */
	int64_t entry_ns;	/* time that one request takes to arrive */
	int64_t armed_at;
	int64_t deadline;	/* when to look anyway; 0: never */
};

void coalesce_init(struct coalesce *c, uint32_t max);

/* The ring is drained: ask for a kick after this many requests. */
uint32_t coalesce_arm(struct coalesce *c, int64_t now);

/*
 * @found requests are there, kicked or not. True if they should be taken now:
 * as many as were asked for, or time is up.
 */
bool coalesce_ripe(const struct coalesce *c, uint32_t found, int64_t now);

/* @found requests are taken: learn from it. */
void coalesce_taken(struct coalesce *c, uint32_t found, int64_t now);

#endif
