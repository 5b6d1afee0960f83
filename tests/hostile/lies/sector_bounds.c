// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reads and writes that are not inside the disk, or no multiple of a block:
 * nothing of them happens.
 */
#include "tests/hostile/hostile.h"

static void refused(struct liar *l, uint32_t type, uint64_t sector,
		    uint32_t len)
{
	struct lie_request r = lie_request(l, type, sector, len);

	lie_chain(l, 0, &r);
	lie_send(l, 0);
	/* The status is behind data that nobody has written. */
	lie_expect(l, 0, r.in ? 0 : 1);
	EXPECT(lie_status(&r) == VIRTIO_BLK_S_IOERR,
	       "sector 0x%llx, %u bytes: status %u",
	       (unsigned long long)sector, len, lie_status(&r));
	for (uint32_t i = 0; r.in && i < len; i++)
		EXPECT(!r.data->buf.va[i], "byte %u of a refused read came", i);
}

LIE(sector_bounds)
{
	uint64_t end = l->disk.space.capacity;
	const uint64_t sectors[] = { end, end + 1, UINT64_C(1) << 63,
		(UINT64_C(1) << 63) - 1, UINT64_C(1) << 55,
		(UINT64_C(1) << 55) - 1, UINT64_MAX, UINT64_MAX - 1,
		UINT64_C(1) << 32, end | UINT64_C(1) << 32 };

	for (uint32_t type = VIRTIO_BLK_T_IN; type <= VIRTIO_BLK_T_OUT; type++) {
		struct lie_request r = lie_request(l, type, end - 1, 512);

		for (unsigned int i = 0; i < 10; i++)
			refused(l, type, sectors[i], 512);
		refused(l, type, end - 1, 1024);
		refused(l, type, 0, 511);
		refused(l, type, 0, 513);
		refused(l, type, 0, 1);
		EXPECT(lie_do(l, &r) == VIRTIO_BLK_S_OK, "the last sector: status %u",
		       lie_status(&r));
	}
}
