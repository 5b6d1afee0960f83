// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A ring with requests in it, and kicks, before the driver says that it is
 * ready: nothing is taken, until it says so.
 */
#include "tests/hostile/hostile.h"

LIE(before_driver_ok, .reset = true)
{
	struct lie_request r = lie_request(l, VIRTIO_BLK_T_IN, 0, 512);
	struct gvring ring;
	struct gmmio_queue q = { 16, 0, 0, 0 };
	bool early;
	int ret;

	ret = gvring_open(&ring, l->ram, l->kind, 16, false);
	EXPECT(!ret, "no ring");
	q.desc = gvring_desc_addr(&ring);
	q.driver = gvring_driver_addr(&ring);
	q.device = gvring_device_addr(&ring);
	gmmio_add_status(l->mmio, VIRTIO_CONFIG_S_ACKNOWLEDGE);
	gmmio_add_status(l->mmio, VIRTIO_CONFIG_S_DRIVER);
	ret = gmmio_accept(l->mmio, UINT64_C(1) << VIRTIO_F_VERSION_1);
	gmmio_queue_max(l->mmio, 0);
	if (!ret)
		ret = gmmio_queue_enable(l->mmio, 0, &q);
	l->ring = &ring;
	lie_chain(l, 0, &r);
	lie_send(l, 0);
	lie_nap(5000);
	early = gvring_used_idx(&ring) || gmmio_read(l->mmio,
		VIRTIO_MMIO_INTERRUPT_STATUS) || lie_status(&r) != 0xff;
	gmmio_add_status(l->mmio, VIRTIO_CONFIG_S_DRIVER_OK);
	gmmio_write(l->mmio, VIRTIO_MMIO_QUEUE_NOTIFY, 0);
	for (int i = 0; i < 10000 && !gvring_used_idx(&ring); i++)
		lie_nap(100);
	if (gvring_used_idx(&ring) != 1)
		ret = ret ? ret : -ETIMEDOUT;
	gmmio_reset(l->mmio);
	gvring_close(&ring);
	l->ring = &l->disk.queue[0].ring;
	EXPECT(!ret, "no queue: %s", strerror(-ret));
	EXPECT(!early, "something was taken before DRIVER_OK");
	EXPECT(lie_status(&r) == VIRTIO_BLK_S_OK, "status %u", lie_status(&r));
}
