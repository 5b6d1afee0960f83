/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside vblk-load only: how long requests took, in nanoseconds, in the memory
 * of whoever asks. Zeroed is empty. Nothing fails, and nothing is locked: each
 * job has its own, and they are merged when the jobs are done.
 */
#ifndef TOOLS_LOADLATENCY_H
#define TOOLS_LOADLATENCY_H

#include <stdint.h>

#define NSEC 1000000000ull	/* a second */

/* Latencies by value: 16 steps to the octave, so read with 6 % precision. */
#define STEPS 16u
#define BUCKETS (64u * STEPS)

struct latency {
	uint64_t count, sum, max;
	uint32_t bucket[BUCKETS];
};

/* Of a clock that is never set. */
uint64_t now(void);

void latency_add(struct latency *lat, uint64_t ns);
void latency_merge(struct latency *to, const struct latency *from);
/*
 * @pc percent of the requests, 1 to 100, took that long or less: rounded down,
 * by 6 % at most. 0 if there were none.
 */
uint64_t latency_percentile(const struct latency *lat, unsigned int pc);

#endif
