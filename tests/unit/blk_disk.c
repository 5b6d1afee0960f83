// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the tests of blk.c share.
 */
#include "tests/unit/blk_disk.h"

#include <endian.h>
#include <string.h>

#define ALL_FEATURES UINT64_MAX

struct blk_geometry blk_disk(void)
{
	struct blk_geometry g = {
		.size = SECTORS * 512, .block_size = 512,
		.physical_block_size = 4096, .num_queues = 4,
		.queue_size = 128, .discard = true,
	};

	memcpy(g.id, "serial-number", 13);
	return g;
}

uint8_t blk_ask(const struct blk_geometry *g, uint32_t type, uint64_t sector,
		uint64_t in, uint64_t out, struct blk_request *req)
{
	struct virtio_blk_outhdr hdr = {
		.type = htole32(type), .ioprio = UINT32_MAX,
		.sector = htole64(sector),
	};

	memset(req, 0xee, sizeof(*req));
	return blk_parse(g, ALL_FEATURES, &hdr, in, out, req);
}
