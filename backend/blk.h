/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtio-blk, device side (virtio 1.2, 5.2): features, configuration space,
 * and the judgement of a request's header. Pure: a header and lengths in, a
 * checked request or a status out. After blk_parse() said yes, nobody needs to
 * look at a sector number again.
 */
#ifndef BACKEND_BLK_H
#define BACKEND_BLK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/virtio_blk.h>

#define BLK_SECTOR_SIZE 512u
#define BLK_ID_LEN      VIRTIO_BLK_ID_BYTES
/* Ranges of one DISCARD or WRITE_ZEROES request. */
#define BLK_MAX_RANGES  16u
/* Sectors of one such range: 2 GiB, in what a 32-bit field holds. */
#define BLK_MAX_RANGE_SECTORS (1u << 22)
/* Longest data segment, bytes. */
#define BLK_SIZE_MAX    (1u << 20)

/* What the disk is. Set once. */
struct blk_geometry {
	uint64_t size;			/* bytes, multiple of block_size */
	uint32_t block_size;		/* logical, bytes */
	uint32_t physical_block_size;	/* bytes */
	uint32_t opt_io_size;		/* bytes, 0: unknown */
	uint32_t discard_align;		/* bytes */
	uint32_t num_queues;
	uint32_t queue_size;
	bool read_only;
	bool discard;			/* the store can deallocate */
	bool writethrough;		/* start with writeback = 0 */
	uint8_t id[BLK_ID_LEN];
};

enum blk_op {
	BLK_READ,
	BLK_WRITE,
	BLK_FLUSH,
	BLK_DISCARD,
	BLK_WRITE_ZEROES,
	BLK_GET_ID,
};

/* A request that was checked against geometry and features. */
struct blk_request {
	enum blk_op op;
	uint64_t offset;	/* bytes; READ, WRITE */
	uint64_t len;		/* bytes of data; 0 for FLUSH */
};

/* One checked range of a DISCARD or WRITE_ZEROES. */
struct blk_range {
	uint64_t offset;	/* bytes */
	uint64_t len;		/* bytes */
	bool unmap;		/* the driver allows deallocation */
};

uint64_t blk_features(const struct blk_geometry *g);

/* @writeback: the current value of the field. Little endian throughout. */
void blk_fill_config(const struct blk_geometry *g, uint8_t writeback,
		     struct virtio_blk_config *config);
/* Bytes of it that the device has. */
#define BLK_CONFIG_LEN ((uint32_t)offsetof(struct virtio_blk_config, \
					   max_secure_erase_sectors))

/* writeback at the moment that @features are agreed (5.2.6.2). */
uint8_t blk_first_writeback(const struct blk_geometry *g, uint64_t features);
/* Must a write be stable before it completes (5.2.6.2)? */
bool blk_write_stable(uint64_t features, uint8_t writeback);

/*
 * Door 4. Judge a header. @in and @out: bytes of data for the device to read
 * (behind the header) and to write (before the status byte). Returns
 * VIRTIO_BLK_S_OK with *req filled, or the status to answer.
 */
uint8_t blk_parse(const struct blk_geometry *g, uint64_t features,
		  const struct virtio_blk_outhdr *hdr, uint64_t in,
		  uint64_t out, struct blk_request *req);

/*
 * Judge the payload of a DISCARD or WRITE_ZEROES, a private copy of
 * req->len bytes. range[] has room for BLK_MAX_RANGES; *n is how many.
 */
uint8_t blk_parse_ranges(const struct blk_geometry *g,
			 const struct blk_request *req, const void *payload,
			 struct blk_range range[], uint32_t *n);

#endif
