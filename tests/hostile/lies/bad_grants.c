// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Addresses that nobody has granted, or that are not in memory: in the header,
 * data, status and table of a request, which costs that request. A disk's ring
 * is in queue_addresses.
 */
#include "tests/hostile/hostile.h"

static void answered(struct liar *l, const struct lie_request *r)
{
	struct vring_used_elem e;

	lie_send(l, 0);
	e = lie_answer(l);
	EXPECT(e.id == 0 && e.len <= 1, "head %u with length %u", e.id, e.len);
	EXPECT(lie_status(r) != VIRTIO_BLK_S_OK, "that went well?");
	lie_ping(l);
}

LIE(bad_grants)
{
	const uint32_t types[] = { VIRTIO_BLK_T_IN, VIRTIO_BLK_T_OUT,
		VIRTIO_BLK_T_GET_ID };
	uint64_t bad = l->kind == GADDR_GRANT ?
		GADDR_GRANT_BIT | (uint64_t)(l->ram->refs - 1) << 12 :
		SIM_RAM_BASE + l->ram->size;
	struct vring_desc *table;
	struct lie_mem *m;

	for (unsigned int t = 0; t < 3; t++) {
		struct lie_request r = lie_request(l, types[t], 0, 512);

		for (uint16_t i = 0; i < 3; i++) {
			lie_chain(l, 0, &r);
			l->ring->own[i].desc.addr = bad;
			l->ring->vr.desc[i].addr = bad;
			answered(l, &r);
		}
		table = lie_table(l, 3, &m);
		lie_desc(l, 0, m, VRING_DESC_F_INDIRECT, 0);
		for (uint16_t i = 0; i < 3; i++) {
			lie_table_request(table, &r);
			table[i].addr = bad;
			answered(l, &r);
		}
		gvring_set_desc(l->ring, 0, bad, 48, VRING_DESC_F_INDIRECT, 0);
		answered(l, &r);
	}
}
