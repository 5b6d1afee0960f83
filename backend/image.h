/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A disk's image as the manager sees it: opened, locked and measured, before
 * a worker gets a duplicate of the descriptor. Raw files and block devices;
 * formats are never guessed.
 *
 * The locks (all of the file, by OFD lock and for files by flock as well;
 * exclusive for a writable disk, shared for a read-only one) belong to the
 * open file, which the kernel keeps until the last request of a worker on it is
 * done, even of one that was killed. image_release() ends them at once.
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
	bool read_only;
	bool lapsed;		/* fd only keeps it, without a lock */
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
 * Its worker ended, nobody knows with what under way: let go of the open file
 * without unlocking it, and keep the image by another.
 */
void image_lapse(struct image *image);

/*
 * The same image once more in a new open file with its own lock. As
 * image_open(), but it stays lapsed when that fails; -EBUSY most likely means
 * that requests of the old open file are still under way.
 */
int image_retake(struct image *image, const char *path, char *text,
		 size_t len);

/*
 * Close it; the lock goes with the last who has the open file, the kernel
 * included. Does nothing if it is not open.
 */
void image_close(struct image *image);

/*
 * The same, but unlocks even while others hold on to the open file, so there
 * must be no requests under way.
 */
void image_release(struct image *image);

#endif
