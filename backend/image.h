/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A disk's image as the manager sees it: opened, locked and measured, before
 * a worker gets a duplicate of the descriptor. Raw files and block devices;
 * formats are never guessed.
 *
 * The locks (all of the file, by OFD lock and for files by flock as well;
 * exclusive for a writable disk, shared for a read-only one) belong to the
 * open file, so they last until image_close() or, if the manager dies, until
 * the worker ends.
 */
#ifndef BACKEND_IMAGE_H
#define BACKEND_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum image_choice {
	IMAGE_AUTO,	/* if it can be */
	IMAGE_ON,	/* refuse the image if it can't be */
	IMAGE_OFF,
};

struct image {
	int fd;			/* -1: not open */
	uint64_t size;		/* bytes, multiple of block_size */
	uint32_t block_size;	/* logical, 512 … 4096 */
	uint32_t physical_block_size;	/* power of two >= block_size */
	uint32_t opt_io_size;	/* bytes, 0: unknown */
	uint32_t discard_align;	/* bytes, 0: unknown */
	bool block;		/* a block device */
	bool direct;		/* opened with O_DIRECT */
	bool discard;		/* blocks can be given back */
};

/*
 * Open @path. 0 or -errno, and then @text is a sentence for the administrator
 * that names the path and what to do; @image is not open. -EBUSY means that
 * another process has it, which may be a matter of moments.
 */
int image_open(struct image *image, const char *path, bool read_only,
	       enum image_choice direct, char *text, size_t len);

/*
 * Unlocks even while the kernel holds on to the open file for somebody else,
 * so there must be no requests under way. Does nothing if it is not open.
 */
void image_close(struct image *image);

#endif
