// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Buffers that begin in memory and end behind it, and the last bytes that there
 * are, which are fine.
 */
#include "tests/hostile/hostile.h"

LIE(region_ends)
{
	struct lie_request r = lie_request(l, VIRTIO_BLK_T_IN, 0, 512);
	uint64_t end = SIM_RAM_BASE + l->ram->size;
	/* Nobody is given that page, so what is written there stands out. */
	uint8_t *last = gram_at(l->ram, end - 512, 512);
	struct gmap map;
	uint64_t addr;
	int ret;

	/* With a grant of what is behind, which another request could have taken. */
	ret = gram_share(l->ram, l->kind, end - SIM_PAGE, 2 * SIM_PAGE,
			 SIM_GRANT_WRITE, &map);
	EXPECT(!ret, "no grant");
	addr = map.addr + SIM_PAGE - 512;
	lie_chain(l, 0, &r);
	for (uint32_t more = 1; more <= 1024; more *= 2) {
		gvring_set_desc(l->ring, 1, addr + more, 512,
				VRING_DESC_F_NEXT | VRING_DESC_F_WRITE, 2);
		*r.status->buf.va = 0xff;
		lie_send(l, 0);
		lie_answer(l);
		EXPECT(lie_status(&r) == VIRTIO_BLK_S_IOERR,
		       "%u bytes behind the end: status %u", more,
		       lie_status(&r));
	}
	/* Part of the last page may have been written, as far as it is there. */
	memset(last, 0xee, 512);
	gvring_set_desc(l->ring, 1, addr, 512,
			VRING_DESC_F_NEXT | VRING_DESC_F_WRITE, 2);
	*r.status->buf.va = 0xff;
	lie_send(l, 0);
	lie_expect(l, 0, 513);
	EXPECT(lie_status(&r) == VIRTIO_BLK_S_OK, "status %u", lie_status(&r));
	gram_unshare(l->ram, &map);
	gram_repair(l->ram, end - SIM_PAGE, SIM_PAGE);
}
