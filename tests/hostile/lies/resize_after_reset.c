// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A ring of another size, elsewhere, after each reset: of the device, and of
 * the queue alone. What the device knows of the old one is gone.
 */
#include "tests/hostile/hostile.h"

#define QUEUE_RESET 0x0c0	/* not in the kernel's header */

static void queue_again(struct liar *l)
{
	struct gmmio_queue q = { (uint16_t)l->ring->vr.num, 0, 0, 0 };
	bool event_idx = l->ring->event_idx;
	int ret;

	gmmio_write(l->mmio, VIRTIO_MMIO_QUEUE_SEL, 0);
	gmmio_write(l->mmio, QUEUE_RESET, 1);
	EXPECT(!gmmio_read(l->mmio, QUEUE_RESET) &&
	       !gmmio_read(l->mmio, VIRTIO_MMIO_QUEUE_READY),
	       "a queue that is reset is not ready");
	EXPECT(!gvring_close(l->ring), "the ring is still in use");
	ret = gvring_open(l->ring, l->ram, l->kind, q.size, event_idx);
	EXPECT(!ret, "no ring");
	q.desc = gvring_desc_addr(l->ring);
	q.driver = gvring_driver_addr(l->ring);
	q.device = gvring_device_addr(l->ring);
	ret = gmmio_queue_enable(l->mmio, 0, &q);
	EXPECT(!ret, "not ready again: %s", strerror(-ret));
	l->answered = 0;
	lie_ping(l);
}

LIE(resize_after_reset)
{
	const uint16_t sizes[] = { 4, 256, 8, 128, 16 };

	for (unsigned int i = 0; i < 5; i++) {
		l->config.queue_size = sizes[i];
		lie_reopen(l);
		EXPECT(l->ring->vr.num == sizes[i], "%u entries",
		       l->ring->vr.num);
		for (uint32_t n = 0; n <= sizes[i] && n < 20; n++)
			lie_ping(l);
		queue_again(l);
		queue_again(l);
	}
}
