// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Indirect tables of every length but a good one: none, no multiple of 16, more
 * entries than the ring has, nearly 4 GiB. A table that is larger than its
 * chain needs is fine.
 */
#include "tests/hostile/hostile.h"

static void refused(struct liar *l, struct lie_mem *m, uint32_t len)
{
	gvring_set_desc(l->ring, 0, m->map.addr, len, VRING_DESC_F_INDIRECT, 0);
	lie_refused(l, 0);
}

LIE(indirect_lengths)
{
	struct lie_request r = lie_request(l, VIRTIO_BLK_T_IN, 0, 512);
	uint32_t num = l->ring->vr.num;
	struct lie_mem *m;
	struct vring_desc *table = lie_table(l, num + 1, &m);

	lie_table_request(table, &r);
	for (unsigned int i = 0; i < 4; i++)
		refused(l, m, (const uint32_t[]){ 0, 1, 15, 17 }[i]);
	refused(l, m, 47);
	refused(l, m, 16);	/* the chain goes on behind it */
	EXPECT(lie_status(&r) == 0xff, "a refused request got status %u",
	       lie_status(&r));
	lie_desc(l, 0, m, VRING_DESC_F_INDIRECT, 0);
	lie_send(l, 0);
	lie_expect(l, 0, 513);

	/* All entries of it are used, one more than a chain may have. */
	for (uint32_t i = 0; i <= num; i++)
		table[i] = (struct vring_desc){
			.addr = r.data->map.addr, .len = 512,
			.flags = VRING_DESC_F_WRITE |
				(i < num ? VRING_DESC_F_NEXT : 0),
			.next = (uint16_t)(i + 1) };
	lie_refused(l, 0);
	refused(l, m, UINT32_MAX - 15);
	refused(l, m, UINT32_MAX);
	refused(l, m, 0x80000000);
}
