// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Nobody sleeps here: whoever waits asks for a register, and its answer is a
 * turn of the worker's loop.
 */
#include "tests/fuzz/honest.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include <linux/virtio_blk.h>
#include <linux/virtio_config.h>
#include <linux/virtio_mmio.h>

#define ENTRIES   16u
#define AVAIL     1024u		/* offsets in the ring's page */
#define USED      2048u
#define HEADER    4096u		/* offsets in all of it */
#define STATUS    (HEADER + 1024u)
#define DATA      (2 * 4096u)
#define WAIT_S    60

uint8_t *honest_data(struct honest *h)
{
	return h->mem + DATA;
}

int honest_open(struct honest *h)
{
	const struct gmmio_queue q = { ENTRIES, h->gpa, h->gpa + AVAIL,
				       h->gpa + USED };
	int ret = gmmio_probe(&h->mmio, 2);

	if (ret)
		return ret;
	guest_ring_init(&h->ring, h->mem, h->mem + AVAIL, h->mem + USED,
			ENTRIES, 0);
	gmmio_reset(&h->mmio);
	gmmio_add_status(&h->mmio, VIRTIO_CONFIG_S_ACKNOWLEDGE);
	gmmio_add_status(&h->mmio, VIRTIO_CONFIG_S_DRIVER);
	ret = gmmio_accept(&h->mmio, UINT64_C(1) << VIRTIO_F_VERSION_1);
	if (!ret)
		ret = gmmio_queue_enable(&h->mmio, 0, &q);
	gmmio_add_status(&h->mmio, VIRTIO_CONFIG_S_DRIVER_OK);
	return ret ? ret : h->mmio.err;
}

int honest_turn(struct honest *h)
{
	gmmio_read(&h->mmio, VIRTIO_MMIO_STATUS);
	return h->mmio.err;
}

static time_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

static void offer(struct honest *h, uint32_t len)
{
	const struct virtio_blk_outhdr header = { .type = VIRTIO_BLK_T_IN };

	memcpy(h->mem + HEADER, &header, sizeof(header));
	h->mem[STATUS] = 0xff;
	guest_desc(&h->ring.desc[0], h->gpa + HEADER, sizeof(header),
		   VRING_DESC_F_NEXT, 1);
	guest_desc(&h->ring.desc[1], h->gpa + DATA, len,
		   VRING_DESC_F_NEXT | VRING_DESC_F_WRITE, 2);
	guest_desc(&h->ring.desc[2], h->gpa + STATUS, 1, VRING_DESC_F_WRITE,
		   0);
	guest_offer(&h->ring, 0);
	gmmio_write(&h->mmio, VIRTIO_MMIO_QUEUE_NOTIFY, 0);
}

int honest_read(struct honest *h, uint32_t len)
{
	const time_t end = now() + WAIT_S;
	uint32_t id = 0, used = 0;
	int ret = 0;

	offer(h, len);
	while (!ret && !guest_used(&h->ring))
		ret = now() < end ? honest_turn(h) : -ETIMEDOUT;
	if (ret)
		return ret;
	guest_take(&h->ring, &id, &used);
	return id == 0 && used == len + 1 && !guest_used(&h->ring) &&
	       h->mem[STATUS] == VIRTIO_BLK_S_OK ? 0 : -EIO;
}
