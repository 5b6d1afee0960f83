// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The unmodified worker as a process of its own, isolation and all, in the
 * simulated Xen, under a guest that does anything at all. This program is the
 * guest, Xen, and the manager; coverage is the worker's (counters.h).
 *
 * Input: a byte for the worker and for what ends the story, one for each of two
 * disks (disks_describe()), then steps: those of guest_steps.c, and
 *	12	a call of the worker's will fail
 *	14	it is killed (0x2e) or told to leave (0x1e); the next one goes on
 *	13, 15	what was begun is waited for, and looked at
 * Workers live on from story to story, one for each way to move data.
 */
#include "tests/fuzz/counters.h"
#include "tests/fuzz/disks.h"
#include "tests/fuzz/ownworld.h"
#include "tests/fuzz/stage.h"
#include "tests/fuzz/stage_check.h"

#define STEPS_MAX 400u
#define STAGES    6u
/* Pages are given back to Xen for good; a guest that has no more is replaced. */
#define HOLES_MAX 8192u

/* Known to libFuzzer by the section's name: it sees where they are not 0. */
static uint8_t counted[COUNTERS_MAX]
	__attribute__((section("__libfuzzer_extra_counters"), used));

static struct sim_world *world;
static struct stage stages[STAGES];
/* In memory and on a disk. */
static struct image {
	int fd, direct;		/* 0: there is none */
} images[2];

static void close_all(void)
{
	for (uint32_t i = 0; i < STAGES; i++)
		if (stages[i].world)
			stage_close(&stages[i]);
}

static struct stage *stage_for(uint8_t how)
{
	struct stage *st = &stages[(how & 3) % 3 + (how & 4 ? 3 : 0)];

	if (!world) {
		world = ownworld_open();
		atexit(close_all);
	}
	if (st->world && st->memory.filled > HOLES_MAX) {
		stage_close(st);
		st->world = NULL;
	}
	if (!st->world)
		stage_open(st, world, how, counted);
	return st;
}

static struct image *image_for(uint8_t how)
{
	struct image *image = &images[how >> 3 & 1];

	if (!image->fd) {
		image->fd = image_make(how & 8);
		image->direct = image_direct(image->fd);
		image_fill(image->fd);
	}
	return image;
}

/* The kernel may still be at what a killed worker had begun. */
static void image_leave(struct image *image)
{
	close(image->fd);
	close(image->direct);
	*image = (struct image){ 0 };
}

static void fail_something(uint8_t how)
{
	static const char *const call[] = { "fm_map", "fm_page", "gnt_map",
		"gnt_copy", "gnt_segment", "dm_irq", "gnt_page", "dm_msi" };
	static const char *const err[] = { "ENOMEM", "EINVAL", "EFAULT",
					   "ESRCH" };
	char spec[40];

	snprintf(spec, sizeof(spec), "%s:%u:%s", call[how & 7],
		 1 + (how >> 3 & 7), err[how >> 6]);
	/* So many at once that there is no room: the others will do. */
	(void)!sim_fault(world, spec);
}

static void step(struct stage *st, struct input *in)
{
	uint8_t what = input_u8(in);

	if ((what & 15) < GUEST_STEPS) {
		guest_step(what, in);
		stage_act(st);
	} else if ((what & 15) == 12) {
		fail_something(input_u8(in));
	} else if (what == 0x1e || what == 0x2e) {
		/* It takes as long as all the rest. */
		if (!st->replaced)
			stage_replace(st, what == 0x2e);
	} else {
		check_settled(st);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	struct proto_disk disk[DISKS];
	uint8_t how = input_u8(&in);
	struct stage *st = stage_for(how);
	struct image *image = image_for(how);

	for (uint32_t i = 0; i < DISKS; i++)
		disk[i] = disks_describe(i, input_u8(&in));
	stage_begin(st, disk, image->fd, image->direct);
	for (uint32_t i = 0; i < STEPS_MAX && !input_ends(&in); i++)
		step(st, &in);
	stage_end(st, !(how & 0x10), how >> 5 & 1, how & 0x40);
	if (st->killed)
		image_leave(image);
	return 0;
}
