/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A disk of 1 MiB and what it is asked, for the tests of blk.c. The numbers are
 * virtio 1.2's, written down again.
 */
#ifndef TESTS_UNIT_BLK_DISK_H
#define TESTS_UNIT_BLK_DISK_H

#include <stdint.h>

#include "backend/blk.h"

#define SECTORS UINT64_C(2048)	/* 1 MiB */

enum { OK = 0, IOERR = 1, UNSUPP = 2 };
enum { T_IN = 0, T_OUT = 1, T_SCSI = 2, T_FLUSH = 4, T_GET_ID = 8,
	T_DISCARD = 11, T_WRITE_ZEROES = 13,
	T_SECURE_ERASE = 14, T_ZONE_APPEND = 15 };

/* SECTORS of 512 bytes, writable, with discard; tests change what they want. */
struct blk_geometry blk_disk(void);

/*
 * blk_parse() when all features are accepted, of a header made of @type and
 * @sector: the status to answer. *req is filled with noise before.
 */
uint8_t blk_ask(const struct blk_geometry *g, uint32_t type, uint64_t sector,
		uint64_t in, uint64_t out, struct blk_request *req);

#endif
