/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * I/O buffers of a worker: one region of ordinary, page-aligned memory that
 * the kernel knows as registered buffer 0, given out in power-of-two blocks of
 * pages (buddy system). Not thread-safe; nothing is allocated after
 * pool_open().
 */
#ifndef BACKEND_POOL_H
#define BACKEND_POOL_H

#include <stddef.h>
#include <stdint.h>

#define POOL_PAGE      4096u
#define POOL_BLOCK_MAX (1u << 20)	/* bytes, largest block */

struct pool;

/* @size: bytes, at least one largest block; rounded down to whole ones. */
int pool_open(struct pool **pool, uint64_t size);
void pool_close(struct pool *pool);

void *pool_base(const struct pool *pool);
size_t pool_size(const struct pool *pool);

/*
 * A block of at least @len bytes, 1 to POOL_BLOCK_MAX; NULL when there is no
 * room now. What it held before is still in it.
 */
void *pool_get(struct pool *pool, uint32_t len);
/* Give back a block got with the same @len. NULL is fine. */
void pool_put(struct pool *pool, void *block, uint32_t len);

#endif
