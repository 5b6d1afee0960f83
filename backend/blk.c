// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Door 4: what the guest asks of the disk. Sector arithmetic is done in 64
 * bits on private copies, and cumulatively: a request lies inside the disk as
 * a whole or is refused as a whole.
 */
#include "backend/blk.h"

#include <endian.h>
#include <stddef.h>
#include <string.h>

#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>

#define BIT(n) (UINT64_C(1) << (n))

uint64_t blk_features(const struct blk_geometry *g)
{
	uint64_t f = BIT(VIRTIO_F_VERSION_1) | BIT(VIRTIO_F_ACCESS_PLATFORM) |
		     BIT(VIRTIO_RING_F_INDIRECT_DESC) |
		     BIT(VIRTIO_RING_F_EVENT_IDX) | BIT(VIRTIO_F_RING_RESET) |
		     BIT(VIRTIO_BLK_F_SEG_MAX) | BIT(VIRTIO_BLK_F_SIZE_MAX) |
		     BIT(VIRTIO_BLK_F_BLK_SIZE) | BIT(VIRTIO_BLK_F_TOPOLOGY) |
		     BIT(VIRTIO_BLK_F_FLUSH) | BIT(VIRTIO_BLK_F_CONFIG_WCE);

	if (g->num_queues > 1)
		f |= BIT(VIRTIO_BLK_F_MQ);
	if (g->read_only)
		return f | BIT(VIRTIO_BLK_F_RO);
	f |= BIT(VIRTIO_BLK_F_WRITE_ZEROES);
	if (g->discard)
		f |= BIT(VIRTIO_BLK_F_DISCARD);
	return f;
}

static bool has(uint64_t features, unsigned int bit)
{
	return features >> bit & 1;
}

/* Two descriptors of a chain are header and status. */
static uint32_t blk_seg_max(const struct blk_geometry *g)
{
	return g->queue_size > 2 ? g->queue_size - 2 : 1;
}

static uint8_t log2_of(uint32_t n)
{
	return (uint8_t)(n ? 31 - __builtin_clz(n) : 0);
}

void blk_fill_config(const struct blk_geometry *g, uint8_t writeback,
		     struct virtio_blk_config *c)
{
	uint32_t per_block = g->block_size / BLK_SECTOR_SIZE;
	uint32_t align = g->discard_align / BLK_SECTOR_SIZE;

	memset(c, 0, sizeof(*c));
	c->capacity = htole64(g->size / BLK_SECTOR_SIZE);
	c->size_max = htole32(BLK_SIZE_MAX);
	c->seg_max = htole32(blk_seg_max(g));
	c->blk_size = htole32(g->block_size);
	c->physical_block_exp = log2_of(g->physical_block_size /
					g->block_size);
	c->min_io_size = htole16((uint16_t)(g->physical_block_size /
					    g->block_size));
	c->opt_io_size = htole32(g->opt_io_size / g->block_size);
	c->wce = writeback;
	c->num_queues = htole16((uint16_t)g->num_queues);
	if (g->read_only)
		return;
	if (g->discard) {
		c->max_discard_sectors = htole32(BLK_MAX_RANGE_SECTORS);
		c->max_discard_seg = htole32(BLK_MAX_RANGES);
		c->discard_sector_alignment =
			htole32(align ? align : per_block);
	}
	c->max_write_zeroes_sectors = htole32(BLK_MAX_RANGE_SECTORS);
	c->max_write_zeroes_seg = htole32(BLK_MAX_RANGES);
	c->write_zeroes_may_unmap = g->discard;
}

uint8_t blk_first_writeback(const struct blk_geometry *g, uint64_t features)
{
	if (has(features, VIRTIO_BLK_F_CONFIG_WCE) &&
	    !has(features, VIRTIO_BLK_F_FLUSH))
		return 0;
	return !g->writethrough;
}

bool blk_write_stable(uint64_t features, uint8_t writeback)
{
	/* A driver that can't flush must not need to. */
	if (!has(features, VIRTIO_BLK_F_FLUSH) &&
	    !has(features, VIRTIO_BLK_F_CONFIG_WCE))
		return true;
	return !writeback;
}

/* @sector and @len inside the disk and on block boundaries? */
static bool blk_range_ok(const struct blk_geometry *g, uint64_t sector,
			 uint64_t len)
{
	uint64_t sectors = g->size / BLK_SECTOR_SIZE;
	uint64_t mask = g->block_size - 1;

	if (sector > sectors || len / BLK_SECTOR_SIZE > sectors - sector)
		return false;
	return !(len & mask) && !((sector * BLK_SECTOR_SIZE) & mask);
}

static uint8_t blk_parse_rw(const struct blk_geometry *g, enum blk_op op,
			    uint64_t sector, uint64_t len,
			    struct blk_request *req)
{
	if (op == BLK_WRITE && g->read_only)
		return VIRTIO_BLK_S_IOERR;
	if (!len || !blk_range_ok(g, sector, len))
		return VIRTIO_BLK_S_IOERR;
	req->op = op;
	req->offset = sector * BLK_SECTOR_SIZE;
	req->len = len;
	return VIRTIO_BLK_S_OK;
}

static uint8_t blk_parse_range_op(const struct blk_geometry *g, bool offered,
				  enum blk_op op, uint64_t in,
				  struct blk_request *req)
{
	if (g->read_only)
		return VIRTIO_BLK_S_IOERR;
	if (!offered)
		return VIRTIO_BLK_S_UNSUPP;
	if (!in || in % sizeof(struct virtio_blk_discard_write_zeroes) ||
	    in / sizeof(struct virtio_blk_discard_write_zeroes) >
	    BLK_MAX_RANGES)
		return VIRTIO_BLK_S_IOERR;
	req->op = op;
	req->offset = 0;
	req->len = in;
	return VIRTIO_BLK_S_OK;
}

uint8_t blk_parse(const struct blk_geometry *g, uint64_t features,
		  const struct virtio_blk_outhdr *hdr, uint64_t in,
		  uint64_t out, struct blk_request *req)
{
	uint64_t sector = le64toh(hdr->sector);

	switch (le32toh(hdr->type)) {
	case VIRTIO_BLK_T_IN:
		return blk_parse_rw(g, BLK_READ, sector, out, req);
	case VIRTIO_BLK_T_OUT:
		return blk_parse_rw(g, BLK_WRITE, sector, in, req);
	case VIRTIO_BLK_T_FLUSH:
		*req = (struct blk_request){ .op = BLK_FLUSH };
		return VIRTIO_BLK_S_OK;
	case VIRTIO_BLK_T_GET_ID:
		*req = (struct blk_request){ .op = BLK_GET_ID };
		req->len = out < BLK_ID_LEN ? out : BLK_ID_LEN;
		return req->len ? VIRTIO_BLK_S_OK : VIRTIO_BLK_S_IOERR;
	case VIRTIO_BLK_T_DISCARD:
		return blk_parse_range_op(g, has(features,
						 VIRTIO_BLK_F_DISCARD),
					  BLK_DISCARD, in, req);
	case VIRTIO_BLK_T_WRITE_ZEROES:
		return blk_parse_range_op(g, has(features,
						 VIRTIO_BLK_F_WRITE_ZEROES),
					  BLK_WRITE_ZEROES, in, req);
	default:
		return VIRTIO_BLK_S_UNSUPP;
	}
}

uint8_t blk_parse_ranges(const struct blk_geometry *g,
			 const struct blk_request *req, const void *payload,
			 struct blk_range range[], uint32_t *n)
{
	uint32_t count = (uint32_t)(req->len /
			sizeof(struct virtio_blk_discard_write_zeroes));

	*n = 0;
	for (uint32_t i = 0; i < count; i++) {
		struct virtio_blk_discard_write_zeroes s;
		uint64_t sector, len;
		uint32_t flags;

		memcpy(&s, (const uint8_t *)payload + i * sizeof(s), sizeof(s));
		sector = le64toh(s.sector);
		len = (uint64_t)le32toh(s.num_sectors) * BLK_SECTOR_SIZE;
		flags = le32toh(s.flags);
		/* 5.2.6.2: unknown flags, and unmap in a discard. */
		if (flags & ~VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP ||
		    (flags && req->op == BLK_DISCARD))
			return VIRTIO_BLK_S_UNSUPP;
		if (len / BLK_SECTOR_SIZE > BLK_MAX_RANGE_SECTORS ||
		    !blk_range_ok(g, sector, len))
			return VIRTIO_BLK_S_IOERR;
		if (!len)
			continue;
		range[*n].offset = sector * BLK_SECTOR_SIZE;
		range[*n].len = len;
		range[*n].unmap = flags || req->op == BLK_DISCARD;
		(*n)++;
	}
	return VIRTIO_BLK_S_OK;
}
