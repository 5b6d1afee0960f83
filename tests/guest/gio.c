// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whole operations on a disk, as a system call is one: data goes through guest
 * memory of its own, in as many requests as the device's limits ask for. A
 * request that did not return in time keeps its memory; so does this guest.
 */
#include "tests/guest/gblk.h"

#include <errno.h>
#include <string.h>

#define BOUNCE (UINT32_C(256) << 10)
/* Pieces as a page cache has them: more than a page here and there. */
#define PIECE (UINT32_C(16) << 10)

/* Not while the device may still use it. */
static void gio_free(struct gblk_queue *q, struct gbuf *b, int ret)
{
	if (ret != -ETIMEDOUT && !q->disk->broken)
		gram_free(q->disk->ram, b);
}

static int gio_once(struct gblk_queue *q, uint32_t type, uint64_t offset,
		    const struct gbuf *b, uint32_t len)
{
	struct gpart parts[BOUNCE / PIECE];
	struct greq r = { .type = type, .sector = offset / GBLK_SECTOR,
			  .parts = parts, .in = type == VIRTIO_BLK_T_IN };

	for (uint32_t done = 0; done < len; done += parts[r.count++].len)
		parts[r.count] = (struct gpart){ b->gpa + done,
			len - done < PIECE ? len - done : PIECE };
	return gblk_do(q, &r);
}

/* The most that a request can hold. */
static uint32_t gio_limit(const struct gblk *disk)
{
	uint32_t limit = disk->parts_max < BOUNCE / PIECE ?
		disk->parts_max * PIECE : BOUNCE;

	if (disk->queue[0].ring.vr.num - 2 < limit / PIECE)
		limit = (disk->queue[0].ring.vr.num - 2) * PIECE;
	return limit;
}

static int gio(struct gblk_queue *q, uint32_t type, uint64_t offset, void *buf,
	       const void *from, size_t len)
{
	uint32_t limit = gio_limit(q->disk);
	struct gbuf b;
	int ret = 0;

	if ((offset | len) % GBLK_SECTOR || !limit)
		return -EINVAL;
	for (size_t done = 0, n; !ret && done < len; done += n) {
		n = len - done < limit ? len - done : limit;
		ret = gram_alloc(q->disk->ram, &b, (uint32_t)n, 0);
		if (ret)
			return ret;
		if (from)
			memcpy(b.va, (const char *)from + done, n);
		ret = gio_once(q, type, offset + done, &b, (uint32_t)n);
		if (!ret && buf)
			memcpy((char *)buf + done, b.va, n);
		gio_free(q, &b, ret);
	}
	return ret;
}

int gblk_read(struct gblk_queue *q, uint64_t offset, void *buf, size_t len)
{
	return gio(q, VIRTIO_BLK_T_IN, offset, buf, NULL, len);
}

int gblk_write(struct gblk_queue *q, uint64_t offset, const void *buf,
	       size_t len)
{
	return gio(q, VIRTIO_BLK_T_OUT, offset, NULL, buf, len);
}

int gblk_flush(struct gblk_queue *q)
{
	struct greq r = { .type = VIRTIO_BLK_T_FLUSH };

	return gblk_do(q, &r);
}

static int gio_clear_once(struct gblk_queue *q, uint32_t type,
			  const struct virtio_blk_discard_write_zeroes *range)
{
	struct greq r = { .type = type, .count = 1 };
	struct gpart part;
	struct gbuf b;
	int ret = gram_alloc(q->disk->ram, &b, sizeof(*range), 0);

	if (ret)
		return ret;
	memcpy(b.va, range, sizeof(*range));
	part = (struct gpart){ b.gpa, sizeof(*range) };
	r.parts = &part;
	ret = gblk_do(q, &r);
	gio_free(q, &b, ret);
	return ret;
}

int gblk_clear(struct gblk_queue *q, uint32_t type, uint64_t offset,
	       uint64_t len, uint32_t flags)
{
	const struct virtio_blk_config *c = &q->disk->space;
	bool discard = type == VIRTIO_BLK_T_DISCARD;
	uint64_t max = discard ? c->max_discard_sectors :
		c->max_write_zeroes_sectors;
	uint64_t sector = offset / GBLK_SECTOR, left = len / GBLK_SECTOR;
	int ret = 0;

	if (!gblk_has(q->disk, discard ? VIRTIO_BLK_F_DISCARD :
		      VIRTIO_BLK_F_WRITE_ZEROES))
		return -EOPNOTSUPP;
	if ((offset | len) % GBLK_SECTOR || !max)
		return -EINVAL;
	while (!ret && left) {
		uint64_t n = left < max ? left : max;
		struct virtio_blk_discard_write_zeroes range = {
			.sector = sector, .num_sectors = (uint32_t)n,
			.flags = flags };

		ret = gio_clear_once(q, type, &range);
		sector += n;
		left -= n;
	}
	return ret;
}

int gblk_id(struct gblk_queue *q, char id[VIRTIO_BLK_ID_BYTES + 1])
{
	struct greq r = { .type = VIRTIO_BLK_T_GET_ID, .count = 1, .in = true };
	struct gpart part;
	struct gbuf b;
	int ret = gram_alloc(q->disk->ram, &b, VIRTIO_BLK_ID_BYTES, 0);

	if (ret)
		return ret;
	part = (struct gpart){ b.gpa, VIRTIO_BLK_ID_BYTES };
	r.parts = &part;
	ret = gblk_do(q, &r);
	memcpy(id, b.va, VIRTIO_BLK_ID_BYTES);
	id[VIRTIO_BLK_ID_BYTES] = 0;
	gio_free(q, &b, ret);
	return ret;
}
