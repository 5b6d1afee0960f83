/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a program in a simulated guest reaches the guest's disks: machine.c is the
 * guest's kernel and listens on a socket for each disk, preload.c makes a
 * block device of it. A connection carries one operation at a time: a question,
 * the data of a write, an answer, the data of a read.
 */
#ifndef GUEST_BLOCK_H
#define GUEST_BLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define BLOCK_LEN_MAX (UINT32_C(4) << 20)

enum block_op {
	BLOCK_OP_SIZE,	/* the answer's value: bytes */
	BLOCK_OP_READ,
	BLOCK_OP_WRITE,
	BLOCK_OP_FLUSH,
	BLOCK_OP_DISCARD,
	BLOCK_OP_ZERO,
};

struct block_ask {
	uint32_t op;
	uint32_t len;		/* of the data of BLOCK_OP_READ and BLOCK_OP_WRITE */
	uint64_t offset;
	uint64_t range;		/* bytes to discard or to zero */
	uint32_t align;		/* of the program's buffer in its page */
	uint32_t pad;
};

struct block_answer {
	int32_t ret;		/* 0 or -errno; data follows only a 0 */
	uint32_t pad;
	uint64_t value;
};

/* All of it; false at the end of the stream, or after an error. */
bool block_get(int fd, void *buf, uint64_t len);
bool block_put(int fd, const void *buf, uint64_t len);

#endif
