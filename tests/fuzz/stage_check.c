// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What must hold of a worker, seen by its guest and its manager. Whatever is
 * compared with the worker's own notes is looked at while no access of the guest
 * is outstanding.
 */
#include "tests/fuzz/stage_check.h"

#include <string.h>
#include <time.h>

#include "tests/fuzz/disks.h"

static uint64_t now(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_SEQ_CST);
}

static const struct stats_disk *stats_of(struct stage *st, uint32_t disk)
{
	return &st->servant.state->disk[disk].stats;
}

static bool under_way(struct stage *st)
{
	return now(&stats_of(st, 0)->in_flight) ||
	       now(&stats_of(st, 1)->in_flight);
}

static bool covers(uint64_t addr, uint64_t len, uint32_t frame)
{
	uint64_t first = memory_address(frame, 0, true);

	return addr + len > first && addr < first + PAGE;
}

static bool ring_covers(const struct state_queue *q, uint32_t frame)
{
	return q->ready && (covers(q->desc, 16 * q->num, frame) ||
			    covers(q->driver, 6 + 2 * q->num, frame) ||
			    covers(q->device, 6 + 8 * q->num, frame));
}

static bool is_ring(struct stage *st, uint32_t frame)
{
	for (uint32_t i = 0; i < DISKS * QUEUES; i++)
		if (ring_covers(&st->servant.state->disk[i / QUEUES].
				queue[i % QUEUES], frame))
			return true;
	return false;
}

/* The frame that is in use and should not be; FRAMES: none. */
static uint32_t frame_in_use(struct stage *st)
{
	for (uint32_t i = 0; i < FRAMES; i++)
		if (sim_grant_mapped(st->dom, memory_ref_of(i)) &&
		    !is_ring(st, i))
			return i;
	return FRAMES;
}

static time_t seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

void check_settled(struct stage *st)
{
	const time_t end = seconds() + PATIENCE_S;
	uint64_t pops, more;
	uint32_t frame;

	/* A request is counted before anything of it is mapped. */
	do {
		pops = now(&stats_of(st, 0)->pops) + now(&stats_of(st, 1)->pops);
		HOLDS(st, !honest_turn(&st->honest) && seconds() < end);
		frame = under_way(st) ? FRAMES : frame_in_use(st);
		more = now(&stats_of(st, 0)->pops) + now(&stats_of(st, 1)->pops);
	} while (pops != more || under_way(st));
	HOLDS(st, frame == FRAMES);
}

/* Eight bytes in a row, aligned: no story has written them. */
static bool is_poisoned(void)
{
	const uint64_t *word = memory_at(0, 0);

	for (uint32_t i = 0; i < FRAMES * PAGE / 8; i++)
		if (word[i] == POISON * UINT64_C(0x0101010101010101))
			return true;
	return false;
}

static bool guards_hold(struct stage *st)
{
	const uint8_t *low = st->memory.ram + (OWN_FRAME - GUARDS) * PAGE;
	const uint8_t *high = st->memory.ram +
			      (OWN_FRAME + HONEST_PAGES) * PAGE;

	return low[0] == GUARD && high[0] == GUARD &&
	       !memcmp(low, low + 1, GUARDS * PAGE - 1) &&
	       !memcmp(high, high + 1, GUARDS * PAGE - 1);
}

void check_memory(struct stage *st)
{
	HOLDS(st, !is_poisoned());
	HOLDS(st, guards_hold(st));
}

void check_reset(struct stage *st)
{
	HOLDS(st, !under_way(st));
	for (uint32_t i = 0; i < DISKS; i++)
		HOLDS(st, st->servant.state->disk[i].status == 0);
	HOLDS(st, frame_in_use(st) == FRAMES);
}

static void check_counts(struct stage *st)
{
	for (uint32_t i = 0; i < DISKS && !st->killed; i++)
		HOLDS(st, now(&stats_of(st, i)->pops) ==
			  now(&stats_of(st, i)->pushes));
}

static void check_image(struct stage *st)
{
	uint64_t changes = st->killed;

	for (uint32_t i = 0; i < DISKS; i++) {
		const struct stats_disk *s = stats_of(st, i);

		if (st->disk[i].flags & PROTO_DISK_READ_ONLY)
			continue;
		changes += s->writes + s->failed + s->discards +
			   s->write_zeroes;
	}
	if (!changes)
		HOLDS(st, image_untouched(st->image));
	else if (!st->killed)
		image_fill(st->image);
}

/* The disk is driven as it should be, once more from reset on: it reads. */
void check_works(struct stage *st, uint32_t disk, bool grants)
{
	const uint8_t how = (uint8_t)(disk | (grants ? 4 : 0));
	const uint8_t set_up[] = { how | 0x40, 0x00, 0x12, 0x00, 0x30 };
	const uint8_t read[] = { how | 0x10, 0, 0, 0, 0, 2 };
	struct input in = { set_up, sizeof(set_up) };
	volatile uint8_t *status = memory_at(BUFFERS, PAGE - 1);
	const time_t end = seconds() + PATIENCE_S;
	uint8_t content[PAGE];

	MUST(pread(st->image, content, PAGE, 0) == PAGE);
	guest_open((uint32_t)(st->disk[0].transport |
			      st->disk[1].transport << 1));
	guest_step(2, &in);
	in = (struct input){ read, sizeof(read) };
	guest_step(3, &in);
	stage_act(st);
	while (*status == UNTOUCHED)
		HOLDS(st, !honest_turn(&st->honest) && seconds() < end);
	HOLDS(st, *status == 0);
	/* One that was killed may still be writing, see fuzz_process.c. */
	if (!st->killed)
		HOLDS(st, !memcmp(memory_at(BUFFERS + 8, 0), content, PAGE));
}

static void check_rest(struct stage *st)
{
	struct sim_stats stats;

	HOLDS(st, !sim_invalidate(st->dom, 0));
	HOLDS(st, stage_pages(st) == st->at_rest);
	sim_stats(st->world, &stats);
	HOLDS(st, !stats.violations);
}

void check_gone(struct stage *st)
{
	check_counts(st);
	check_memory(st);
	check_rest(st);
	check_image(st);
}
