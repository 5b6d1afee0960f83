// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Descriptors, header and table change while the device reads them. Whatever it
 * believes it believes once: each chain comes back, and nothing is written but
 * where one of the versions said so. flipper.c does the same for minutes.
 */
#include "tests/hostile/hostile.h"

/* Whether a byte for the status, or so much more data in front of it. */
#define TAIL 4097u

struct flipper {
	struct liar *l;
	struct lie_request *r;
	struct vring_desc *table, good, bad;
	atomic_bool stop;
};

static void *flip(void *arg)
{
	struct flipper *f = arg;
	volatile struct vring_desc *d = f->l->ring->vr.desc;
	volatile struct virtio_blk_outhdr *h =
		(void *)f->r->header->buf.va;

	for (uint32_t i = 0; !f->stop; i++) {
		d[2].len = i & 64 ? 1 : TAIL;
		d[1].len = i & 1 ? 512 : UINT32_MAX;
		d[1].next = i & 2 ? 2 : 0xffff;
		d[0].flags = i & 4 ? VRING_DESC_F_NEXT : VRING_DESC_F_INDIRECT;
		h->sector = i & 8 ? 0 : UINT64_MAX;
		h->type = i & 16 ? VIRTIO_BLK_T_IN : 0x1234;
		f->table[1] = i & 32 ? f->good : f->bad;
	}
	return NULL;
}

LIE(changes_while_read, .scribbles = true)
{
	struct lie_request r = lie_request(l, VIRTIO_BLK_T_IN, 0, 512);
	struct flipper f = { .l = l, .r = &r };
	struct lie_mem *m;
	pthread_t thread;

	r.status = lie_memory(l, TAIL, 0, SIM_GRANT_WRITE);
	f.table = lie_table(l, 3, &m);
	lie_table_request(f.table, &r);
	f.good = f.bad = f.table[1];
	f.bad.addr = UINT64_MAX;
	f.bad.next = 1;
	lie_chain(l, 0, &r);
	lie_desc(l, 8, m, VRING_DESC_F_INDIRECT, 0);
	EXPECT(!pthread_create(&thread, NULL, flip, &f), "no thread");
	for (uint32_t i = 0; i < 1200; i++) {
		gvring_offer(l->ring, 0);
		gvring_offer(l->ring, 8);
		gvring_publish(l->ring);
		gmmio_write(l->mmio, VIRTIO_MMIO_QUEUE_NOTIFY, 0);
		/* No lie_fail() while the thread uses our memory. */
		for (uint32_t n = 0; n < 100000 && (uint16_t)
		     (gvring_used_idx(l->ring) - l->answered) < 2; n++)
			lie_nap(20);
		l->answered += 2;
	}
	f.stop = true;
	pthread_join(thread, NULL);
	EXPECT(gvring_used_idx(l->ring) == l->answered,
	       "%u chains came back, not %u", gvring_used_idx(l->ring),
	       l->answered);
	lie_ping(l);
}
