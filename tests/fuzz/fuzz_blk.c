// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The request parser: a disk, the features of a driver, a header, lengths and
 * a payload. What the parser accepts must lie on the disk, by arithmetic that
 * can't overflow; what it refuses must be refused with a status of the
 * specification that the driver can expect (virtio 1.2, 5.2.6).
 *
 * Input: see read_geometry() and LLVMFuzzerTestOneInput().
 */
#include "tests/fuzz/fuzz.h"

#include <endian.h>
#include <string.h>

#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>

#include "backend/blk.h"

#define PAYLOAD_MAX (BLK_MAX_RANGES * 16u)

/* As image.c and orders.c let it through: all of these hold before. */
static struct blk_geometry read_geometry(struct input *in)
{
	uint8_t flags = input_u8(in);
	struct blk_geometry g = {
		.read_only = flags & 1,
		.discard = flags & 2,
		.writethrough = flags & 4,
	};

	g.block_size = 512u << input_below(in, 4);
	g.num_queues = 1 + input_below(in, 8);
	g.queue_size = 2u << input_below(in, 8);
	g.physical_block_size = g.block_size << input_below(in, 8);
	g.discard_align = input_u32(in) / g.block_size * g.block_size;
	g.opt_io_size = input_u32(in);
	g.size = input_u64(in) / g.block_size * g.block_size;
	if (!g.size)
		g.size = g.block_size;
	memset(g.id, 'x', sizeof(g.id));
	return g;
}

static bool on_disk(const struct blk_geometry *g, uint64_t offset, uint64_t len)
{
	return (unsigned __int128)offset + len <= g->size &&
	       offset % g->block_size == 0 && len % g->block_size == 0;
}

static bool driver_has(uint64_t features, unsigned int bit)
{
	return features >> bit & 1;
}

static void check_config(const struct blk_geometry *g, uint8_t writeback)
{
	struct {
		struct virtio_blk_config config;
		uint8_t beyond[16];
	} c;

	memset(&c, 0x5a, sizeof(c));
	blk_fill_config(g, writeback, &c.config);
	for (size_t i = 0; i < sizeof(c.beyond); i++)
		MUST(c.beyond[i] == 0x5a);
	MUST(le64toh(c.config.capacity) == g->size / 512);
	MUST(le32toh(c.config.blk_size) == g->block_size);
	MUST(c.config.wce == writeback);
	MUST(le32toh(c.config.seg_max) >= 1);
	MUST(!c.config.unused);
	for (size_t i = 0; i < sizeof(c.config.unused1); i++)
		MUST(!c.config.unused1[i]);
}

/* 2.2.1, and what the device must not offer (5.2.5.2). */
static void check_features(const struct blk_geometry *g)
{
	uint64_t f = blk_features(g);

	MUST(driver_has(f, VIRTIO_F_VERSION_1));
	MUST(driver_has(f, VIRTIO_BLK_F_FLUSH));
	MUST(driver_has(f, VIRTIO_BLK_F_RO) == g->read_only);
	MUST(driver_has(f, VIRTIO_BLK_F_MQ) == (g->num_queues > 1));
	MUST(!driver_has(f, VIRTIO_BLK_F_DISCARD) ||
	     (g->discard && !g->read_only));
	MUST(!driver_has(f, VIRTIO_BLK_F_WRITE_ZEROES) || !g->read_only);
	MUST(!driver_has(f, VIRTIO_BLK_F_SCSI));
	/* Stable unless the driver took on the duty to flush. */
	MUST(blk_write_stable(0, 1));
	MUST(blk_write_stable(UINT64_C(1) << VIRTIO_BLK_F_FLUSH, 0));
	MUST(!blk_write_stable(UINT64_C(1) << VIRTIO_BLK_F_FLUSH, 1));
}

static void check_ranges(const struct blk_geometry *g,
			 const struct blk_request *req,
			 const uint8_t *payload)
{
	struct blk_range range[BLK_MAX_RANGES + 1];
	uint32_t n = UINT32_MAX;
	uint8_t *exact, status;

	MUST(req->len && req->len <= PAYLOAD_MAX && req->len % 16 == 0);
	exact = malloc(req->len);	/* of this size, for asan */
	memcpy(exact, payload, req->len);
	memset(range, 0x5a, sizeof(range));
	status = blk_parse_ranges(g, req, exact, range, &n);
	free(exact);
	MUST(status <= VIRTIO_BLK_S_UNSUPP);
	MUST(n <= req->len / 16);
	MUST(range[BLK_MAX_RANGES].offset == UINT64_C(0x5a5a5a5a5a5a5a5a));
	for (uint32_t i = 0; i < n; i++) {
		MUST(range[i].len && on_disk(g, range[i].offset, range[i].len));
		MUST(range[i].len / 512 <= BLK_MAX_RANGE_SECTORS);
		MUST(range[i].unmap || req->op == BLK_WRITE_ZEROES);
	}
}

static void check_accepted(const struct blk_geometry *g, uint64_t features,
			   uint32_t type, uint64_t sector, uint64_t readable,
			   uint64_t writable, const struct blk_request *req,
			   const uint8_t *payload)
{
	switch (type) {
	case VIRTIO_BLK_T_IN:
	case VIRTIO_BLK_T_OUT:
		MUST(req->op == (type == VIRTIO_BLK_T_IN ? BLK_READ :
							   BLK_WRITE));
		MUST(req->len == (type == VIRTIO_BLK_T_IN ? writable :
							    readable));
		MUST(req->len && on_disk(g, req->offset, req->len));
		MUST(req->offset / 512 == sector);
		MUST(type == VIRTIO_BLK_T_IN || !g->read_only);
		break;
	case VIRTIO_BLK_T_FLUSH:
		MUST(req->op == BLK_FLUSH);
		break;
	case VIRTIO_BLK_T_GET_ID:
		MUST(req->op == BLK_GET_ID && req->len &&
		     req->len <= BLK_ID_LEN && req->len <= writable);
		break;
	case VIRTIO_BLK_T_DISCARD:
		MUST(req->op == BLK_DISCARD && !g->read_only);
		MUST(driver_has(features, VIRTIO_BLK_F_DISCARD));
		check_ranges(g, req, payload);
		break;
	case VIRTIO_BLK_T_WRITE_ZEROES:
		MUST(req->op == BLK_WRITE_ZEROES && !g->read_only);
		MUST(driver_has(features, VIRTIO_BLK_F_WRITE_ZEROES));
		check_ranges(g, req, payload);
		break;
	default:
		MUST(!"a type that nobody knows was accepted");
	}
}

/* A request that is surely right must not be refused either. */
static void check_refused(const struct blk_geometry *g, uint32_t type,
			  uint64_t sector, uint64_t readable, uint64_t writable,
			  uint8_t status)
{
	uint64_t len = type == VIRTIO_BLK_T_IN ? writable : readable;
	bool fits = sector <= UINT64_MAX / 512 && len &&
		    on_disk(g, sector * 512, len);

	MUST(status == VIRTIO_BLK_S_IOERR || status == VIRTIO_BLK_S_UNSUPP);
	switch (type) {
	case VIRTIO_BLK_T_IN:
		MUST(!fits && status == VIRTIO_BLK_S_IOERR);
		break;
	case VIRTIO_BLK_T_OUT:
		MUST(g->read_only || !fits);
		MUST(status == VIRTIO_BLK_S_IOERR);
		break;
	case VIRTIO_BLK_T_FLUSH:
		MUST(!"a flush was refused");
		break;
	case VIRTIO_BLK_T_GET_ID:
		MUST(!writable);
		break;
	case VIRTIO_BLK_T_DISCARD:
	case VIRTIO_BLK_T_WRITE_ZEROES:
		MUST(!g->read_only || status == VIRTIO_BLK_S_IOERR);
		break;
	default:
		MUST(status == VIRTIO_BLK_S_UNSUPP);
	}
}

/* Near the end of the disk, or anywhere. */
static uint64_t read_sector(struct input *in, const struct blk_geometry *g)
{
	uint8_t how = input_u8(in);
	uint64_t v = input_u64(in);

	switch (how % 3) {
	case 0:
		return v;
	case 1:
		return g->size / 512 - v % 64;
	default:
		return v % 64;
	}
}

static uint64_t read_len(struct input *in)
{
	uint8_t how = input_u8(in);
	uint64_t v = input_u32(in);

	switch (how % 3) {
	case 0:
		return v << (how / 3 % 32);
	case 1:
		return v % 128 * 512;
	default:
		return v % 20 * 16;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	struct blk_geometry g = read_geometry(&in);
	uint64_t features = blk_features(&g);
	struct virtio_blk_outhdr hdr = { 0 };
	struct blk_request req;
	uint8_t payload[PAYLOAD_MAX], status;
	uint64_t sector, readable, writable;
	uint32_t type;

	check_features(&g);
	check_config(&g, (uint8_t)input_below(&in, 2));
	features &= ~input_u64(&in);
	type = input_u8(&in);
	if (type & 0x80)
		type = input_u32(&in);
	sector = read_sector(&in, &g);
	readable = read_len(&in);
	writable = read_len(&in);
	for (size_t i = 0; i < sizeof(payload); i++)
		payload[i] = input_u8(&in);
	hdr.type = htole32(type);
	hdr.sector = htole64(sector);
	memset(&req, 0x5a, sizeof(req));
	status = blk_parse(&g, features, &hdr, readable, writable, &req);
	if (status == VIRTIO_BLK_S_OK)
		check_accepted(&g, features, type, sector, readable, writable,
			       &req, payload);
	else
		check_refused(&g, type, sector, readable, writable, status);
	return 0;
}
