// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * No lie, but seldom heard: header and written data in one buffer, read data
 * and status in another, both in pages that they share with each other.
 */
#include "tests/hostile/hostile.h"

LIE(joined_buffers)
{
	struct lie_mem *out = lie_memory(l, 16 + 512, 1000, SIM_GRANT_READ);
	struct lie_mem *in = lie_memory(l, 512 + 1, 3333, SIM_GRANT_WRITE);
	struct virtio_blk_outhdr h = { .type = VIRTIO_BLK_T_OUT, .sector = 3 };
	volatile uint8_t *status = in->buf.va + 512;

	memcpy(out->buf.va, &h, sizeof(h));
	memset(out->buf.va + 16, 0x77, 512);
	lie_desc(l, 0, out, VRING_DESC_F_NEXT, 1);
	gvring_set_desc(l->ring, 1, in->map.addr + 512, 1, VRING_DESC_F_WRITE,
			0);
	*status = 0xff;
	lie_send(l, 0);
	lie_expect(l, 0, 1);
	EXPECT(*status == VIRTIO_BLK_S_OK, "status %u", *status);

	h.type = VIRTIO_BLK_T_IN;
	memcpy(out->buf.va, &h, sizeof(h));
	gvring_set_desc(l->ring, 0, out->map.addr, 16, VRING_DESC_F_NEXT, 1);
	lie_desc(l, 1, in, 0, 0);
	*status = 0xff;
	lie_send(l, 0);
	lie_expect(l, 0, 513);
	EXPECT(*status == VIRTIO_BLK_S_OK, "status %u", *status);
	EXPECT(!memcmp(in->buf.va, out->buf.va + 16, 512),
	       "other data than was written");
}
