// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * More than 65536 requests, so that every index wraps: with interrupts at each,
 * the driver asleep in between, and none may be lost.
 */
#include "tests/hostile/hostile.h"

#define BATCH 128u
#define ROUNDS (66000 / BATCH)

LIE(index_wraps, .polite = true, .once = true)
{
	static struct greq r[BATCH];
	struct gblk_queue *q = &l->disk.queue[0];
	int ret = 0;

	for (unsigned int i = 0; i < ROUNDS; i++) {
		/* Batches of any size around the wrap. */
		unsigned int n = i > 505 ? i * 7 % BATCH + 1 : BATCH;

		for (unsigned int k = 0; k < n; k++) {
			r[k] = (struct greq){ .type = VIRTIO_BLK_T_FLUSH,
					      .direct = k & 1 };
			while ((ret = gblk_send(q, &r[k])) == -ENOSPC)
				lie_nap(50);
			EXPECT(!ret, "round %u: %s", i, strerror(-ret));
		}
		for (unsigned int k = 0; k < n; k++) {
			ret = gblk_wait(q, &r[k], 10000);
			EXPECT(!ret, "round %u, request %u: %s", i, k,
			       strerror(-ret));
		}
	}
	for (unsigned int i = 0; i < 3 * BATCH; i++) {
		r[0] = (struct greq){ .type = VIRTIO_BLK_T_FLUSH };
		ret = gblk_do(q, &r[0]);
		EXPECT(!ret, "behind the wrap, request %u: %s", i,
		       strerror(-ret));
	}
}
