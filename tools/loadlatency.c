// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How long vblk-load's requests took: counted by value, so that a job spends a
 * few instructions on each and no memory.
 */
#include "tools/loadlatency.h"

#include <time.h>

uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NSEC + (uint64_t)ts.tv_nsec;
}

static unsigned int bucket_of(uint64_t ns)
{
	unsigned int log;

	if (ns < STEPS)
		return (unsigned int)ns;
	log = 63u - (unsigned int)__builtin_clzll(ns);
	return (log - 3) * STEPS + (unsigned int)(ns >> (log - 4)) % STEPS;
}

static uint64_t bucket_value(unsigned int b)
{
	if (b < STEPS)
		return b;
	return (STEPS + b % STEPS + 0ull) << (b / STEPS - 1);
}

void latency_add(struct latency *lat, uint64_t ns)
{
	lat->count++;
	lat->sum += ns;
	if (ns > lat->max)
		lat->max = ns;
	lat->bucket[bucket_of(ns)]++;
}

void latency_merge(struct latency *to, const struct latency *from)
{
	to->count += from->count;
	to->sum += from->sum;
	if (from->max > to->max)
		to->max = from->max;
	for (unsigned int i = 0; i < BUCKETS; i++)
		to->bucket[i] += from->bucket[i];
}

uint64_t latency_percentile(const struct latency *lat, unsigned int pc)
{
	uint64_t want = (lat->count * pc + 99) / 100, seen = 0;

	for (unsigned int i = 0; i < BUCKETS; i++) {
		seen += lat->bucket[i];
		if (seen && seen >= want)
			return bucket_value(i) < lat->max ? bucket_value(i)
							  : lat->max;
	}
	return lat->max;
}
