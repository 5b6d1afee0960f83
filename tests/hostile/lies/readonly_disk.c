// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Everything that writes, to a disk that is read-only: refused, whether the
 * guest has accepted the feature or not; nothing is written.
 */
#include "tests/hostile/hostile.h"

static void refused(struct liar *l)
{
	const uint32_t types[] = { VIRTIO_BLK_T_OUT, VIRTIO_BLK_T_DISCARD,
		VIRTIO_BLK_T_WRITE_ZEROES, VIRTIO_BLK_T_SECURE_ERASE };
	struct virtio_blk_discard_write_zeroes range = { .num_sectors = 8 };
	struct lie_request before = lie_request(l, VIRTIO_BLK_T_IN, 0, 4096);
	struct lie_request after = lie_request(l, VIRTIO_BLK_T_IN, 0, 4096);

	EXPECT(lie_do(l, &before) == VIRTIO_BLK_S_OK, "it can't be read");
	for (unsigned int i = 0; i < 4; i++) {
		struct lie_request r = lie_request(l, types[i], 0,
						   i ? 16 : 4096);
		uint8_t status;

		memset(r.data->buf.va, 0xa5, r.data->buf.len);
		if (i)
			memcpy(r.data->buf.va, &range, sizeof(range));
		status = lie_do(l, &r);
		EXPECT(status == VIRTIO_BLK_S_IOERR || (i == 3 &&
		       status == VIRTIO_BLK_S_UNSUPP), "type %u: status %u",
		       types[i], status);
	}
	EXPECT(lie_do(l, &after) == VIRTIO_BLK_S_OK, "it can't be read");
	EXPECT(!memcmp(before.data->buf.va, after.data->buf.va, 4096),
	       "somebody wrote to it");
}

LIE(readonly_disk, .read_only = true)
{
	EXPECT(gblk_has(&l->disk, VIRTIO_BLK_F_RO), "it does not say so");
	refused(l);
	l->config.refuse = UINT64_C(1) << VIRTIO_BLK_F_RO;
	lie_reopen(l);
	refused(l);
}
