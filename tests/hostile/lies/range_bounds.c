// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Discard and write-zeroes of ranges that are not inside the disk, that
 * overflow when they become bytes, or with flags nobody knows; and payloads
 * that are no list of ranges.
 */
#include "tests/hostile/hostile.h"

static uint8_t clear(struct liar *l, uint32_t type, uint64_t sector,
		     uint32_t sectors, uint32_t flags, uint32_t len)
{
	struct virtio_blk_discard_write_zeroes range = {
		.sector = sector, .num_sectors = sectors, .flags = flags };
	struct lie_request r = lie_request(l, type, 0, len);
	uint32_t n = len < sizeof(range) ? len : sizeof(range);

	if (len)
		memcpy(r.data->buf.va, &range, n);
	return lie_do(l, &r);
}

#define BAD(want, ...) do {						\
	uint8_t got = clear(l, type, __VA_ARGS__);			\
	EXPECT(got == (want), "type %u, %s: status %u", type,		\
	       #__VA_ARGS__, got);					\
} while (0)

static void ranges(struct liar *l, uint32_t type, uint32_t max_ranges)
{
	uint64_t end = l->disk.space.capacity;

	BAD(VIRTIO_BLK_S_IOERR, end, 1, 0, 16);
	BAD(VIRTIO_BLK_S_IOERR, end - 1, 2, 0, 16);
	BAD(VIRTIO_BLK_S_IOERR, 0, UINT32_MAX, 0, 16);
	BAD(VIRTIO_BLK_S_IOERR, 0, 1u << 23, 0, 16);
	BAD(VIRTIO_BLK_S_IOERR, UINT64_MAX, 1, 0, 16);
	BAD(VIRTIO_BLK_S_IOERR, UINT64_MAX, UINT32_MAX, 0, 16);
	BAD(VIRTIO_BLK_S_IOERR, UINT64_C(1) << 55, 8, 0, 16);
	BAD(VIRTIO_BLK_S_UNSUPP, 0, 8, 2, 16);
	BAD(VIRTIO_BLK_S_UNSUPP, 0, 8, 0x80000000, 16);
	BAD(VIRTIO_BLK_S_IOERR, 0, 8, 0, 0);
	BAD(VIRTIO_BLK_S_IOERR, 0, 8, 0, 8);
	BAD(VIRTIO_BLK_S_IOERR, 0, 8, 0, 15);
	BAD(VIRTIO_BLK_S_IOERR, 0, 8, 0, 17);
	BAD(VIRTIO_BLK_S_IOERR, 0, 8, 0, 16 * (max_ranges + 1));
	BAD(VIRTIO_BLK_S_IOERR, 0, 8, 0, 65536);
	BAD(VIRTIO_BLK_S_OK, end - 8, 8, 0, 16);
}

LIE(range_bounds)
{
	uint32_t type = VIRTIO_BLK_T_DISCARD;

	if (gblk_has(&l->disk, VIRTIO_BLK_F_DISCARD)) {
		ranges(l, type, l->disk.space.max_discard_seg);
		BAD(VIRTIO_BLK_S_UNSUPP, 0, 8, 1, 16);
	}
	EXPECT(gblk_has(&l->disk, VIRTIO_BLK_F_WRITE_ZEROES),
	       "write-zeroes is not offered");
	ranges(l, VIRTIO_BLK_T_WRITE_ZEROES,
	       l->disk.space.max_write_zeroes_seg);
}
