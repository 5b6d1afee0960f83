// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Addresses and lengths whose sum is nowhere: over the end of 64 bits, of the
 * grants, of guest-physical memory; in each place of a request.
 */
#include "tests/hostile/hostile.h"

static void try(struct liar *l, struct lie_request *r, uint16_t where,
		uint64_t addr, uint32_t len)
{
	struct vring_used_elem e;

	lie_chain(l, 0, r);
	l->ring->own[where].desc.addr = l->ring->vr.desc[where].addr = addr;
	l->ring->own[where].desc.len = l->ring->vr.desc[where].len = len;
	*r->status->buf.va = 0xff;
	lie_send(l, 0);
	e = lie_answer(l);
	EXPECT(e.id == 0 && e.len <= 1, "head %u with length %u", e.id, e.len);
	EXPECT(lie_status(r) != VIRTIO_BLK_S_OK, "0x%llx + 0x%x is memory?",
	       (unsigned long long)addr, len);
}

LIE(address_wraps)
{
	const uint64_t addrs[] = { UINT64_MAX, UINT64_MAX - 511, INT64_MAX,
		(uint64_t)INT64_MAX - 511, UINT64_C(1) << 62, UINT64_C(1) << 52, UINT64_C(1) << 40, 0, 1,
		SIM_RAM_BASE - 1, SIM_RAM_BASE + l->ram->size,
		GADDR_GRANT_BIT | (UINT64_C(0xffffffff) << 12) | 4095,
		/* The last grant that there can be, and one more. */
		GADDR_GRANT_BIT | (uint64_t)(l->ram->refs - 1) << 12,
		GADDR_GRANT_BIT | (uint64_t)l->ram->refs << 12 };
	const uint32_t lens[] = { 512, 0x10000, 0x7fffffff, 0xfffffe00,
		UINT32_MAX };
	struct lie_request in = lie_request(l, VIRTIO_BLK_T_IN, 0, 512);
	struct lie_request out = lie_request(l, VIRTIO_BLK_T_OUT, 0, 512);

	for (unsigned int a = 0; a < sizeof(addrs) / sizeof(addrs[0]); a++) {
		for (unsigned int n = 0; n < 5; n++) {
			try(l, &in, 1, addrs[a], lens[n]);
			try(l, &out, 1, addrs[a], lens[n]);
		}
		try(l, &in, 0, addrs[a], 16);
		try(l, &in, 2, addrs[a], 1);
	}
	lie_ping(l);
}
