// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How it is looked at, for each thing that story.h says must hold.
 */
#include "tests/fuzz/story_law.h"

#include <string.h>

#include <linux/virtio_pci.h>

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/guest_steps.h"
#include "tests/fuzz/pretend.h"
#include "tests/unit/fake_xen.h"

#define POISON_RUN 16u

/* Of those that were returned. Behind an error only the status is written. */
static void check_slots(const struct queue *q)
{
	for (uint32_t i = 0; i < q->size; i++) {
		const struct request *r = &q->slot[i];

		if (q->vr.pos->in_flight[i])
			continue;
		MUST(!r->mapped);
		MUST(r->status == VIRTIO_BLK_S_OK || r->used_len <= 1);
	}
}

void law_check(const struct worker *w)
{
	uint32_t in_flight = 0, pins = 0;

	for (uint32_t i = 0; i < STATE_MAX_DISKS; i++) {
		const struct device *dev = w->dev[i];
		uint32_t mine = 0;

		for (uint32_t k = 0; dev && k < dev->vdev.num_queues; k++) {
			const struct queue *q = &dev->queue[k];

			MUST(q->started || !q->in_flight);
			mine += q->in_flight;
			if (!q->started)
				continue;
			check_slots(q);
			for (uint32_t p = 0; p < 3; p++)
				pins += q->pin[p].grant;
		}
		MUST(!dev || dev->backing.stats->in_flight == mine);
		in_flight += mine;
	}
	MUST(fake.live_grants >= pins);
	MUST(in_flight || fake.live_grants == pins);
}

static const struct device *device_of(const struct worker *w,
				      const struct ioreq_access *acc)
{
	uint64_t offset;

	for (uint32_t i = 0; i < STATE_MAX_DISKS; i++)
		if (w->dev[i] && transport_owns(w->dev[i]->vdev.reg, acc,
						&offset))
			return w->dev[i];
	return NULL;
}

static bool is_reset(const struct state_disk *reg,
		     const struct ioreq_access *acc)
{
	if (acc->kind != IOREQ_MMIO_WRITE)
		return false;
	if (reg->transport == STATE_PCI)
		return acc->addr - reg->pci.window == VIRTIO_PCI_COMMON_STATUS &&
		       acc->size == 1 && !(uint8_t)acc->data;
	return acc->addr - reg->base == 0x070 && acc->size == 4 &&
	       !(uint32_t)acc->data;
}

const struct device *law_what_resets(const struct worker *w,
				     const struct ioreq_access *acc)
{
	const struct device *dev = device_of(w, acc);

	return dev && is_reset(dev->vdev.reg, acc) ? dev : NULL;
}

static bool is_there(const struct worker *w, const struct device *dev)
{
	for (uint32_t i = 0; i < STATE_MAX_DISKS; i++)
		if (w->dev[i] == dev)
			return true;
	return false;
}

/* 2.4.1: once the status reads 0 the device touches no ring. */
void law_check_reset(const struct worker *w, const struct device *dev)
{
	if (!dev || !is_there(w, dev))
		return;
	MUST(vdev_status(&dev->vdev) == 0);
	for (uint32_t k = 0; k < dev->vdev.num_queues; k++)
		MUST(!dev->queue[k].started && !dev->queue[k].pin[0].addr);
}

/* A story writes no such run into the guest; nor does the image hold one. */
static void check_poison(void)
{
	uint8_t run[POISON_RUN];

	memset(run, POISON, sizeof(run));
	MUST(!memmem(fake_ram(0), fake_ram_size(), run, sizeof(run)));
}

void law_check_end(const struct state *state, bool killed, bool spoiled)
{
	for (uint32_t i = 0; i < STATE_MAX_DISKS; i++) {
		const struct stats_disk *st = &state->disk[i].stats;

		if (!killed && !spoiled)
			MUST(st->pops == st->pushes);
	}
	MUST(spoiled || (!pretend.servers && !pretend.ranges));
	check_poison();
}
