// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The ranges of a write-zeroes request change while they are read, between one
 * that is inside the disk and one that is not. What is judged is what is done:
 * nothing outside the two ranges becomes zero.
 */
#include "tests/hostile/hostile.h"

struct flipper {
	volatile struct virtio_blk_discard_write_zeroes *range;
	atomic_bool stop;
};

static void *flip(void *arg)
{
	struct flipper *f = arg;

	for (uint32_t i = 0; !f->stop; i++) {
		f->range->sector = i & 1 ? 16 : UINT64_MAX - 7;
		f->range->num_sectors = i & 2 ? 8 : UINT32_MAX;
		f->range->flags = i & 4 ? 0 : 0x80;
	}
	return NULL;
}

LIE(ranges_change, .scribbles = true)
{
	struct lie_request clear = lie_request(l, VIRTIO_BLK_T_WRITE_ZEROES, 0,
					       16);
	struct lie_request out = lie_request(l, VIRTIO_BLK_T_OUT, 8, 8 * 512);
	struct lie_request in = lie_request(l, VIRTIO_BLK_T_IN, 8, 8 * 512);
	struct flipper f = { .range = (void *)clear.data->buf.va };
	unsigned int done = 0, bad = 0;
	pthread_t thread;

	memset(out.data->buf.va, 0x99, out.data->buf.len);
	EXPECT(lie_do(l, &out) == VIRTIO_BLK_S_OK, "no write");
	EXPECT(!pthread_create(&thread, NULL, flip, &f), "no thread");
	lie_chain(l, 0, &clear);
	for (uint32_t i = 0; i < 1000 && !bad; i++) {
		*clear.status->buf.va = 0xff;
		lie_send(l, 0);
		for (uint32_t n = 0; n < 100000 &&
		     gvring_used_idx(l->ring) == l->answered; n++)
			lie_nap(20);
		bad = gvring_used_idx(l->ring) == l->answered ||
			lie_status(&clear) > VIRTIO_BLK_S_UNSUPP;
		done += lie_status(&clear) == VIRTIO_BLK_S_OK;
		l->answered++;
	}
	f.stop = true;
	pthread_join(thread, NULL);
	EXPECT(!bad, "a request was not answered (%u were done)", done);
	EXPECT(lie_do(l, &in) == VIRTIO_BLK_S_OK, "no read");
	EXPECT(!memcmp(in.data->buf.va, out.data->buf.va, 8 * 512),
	       "what is before the range became zero");
}
