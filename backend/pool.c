// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A buddy system over one region: a block of order n is 2^n pages, its buddy
 * differs in one bit of the page number, and two free buddies become one
 * block. Free blocks of an order are linked through an array beside the
 * region, so that nothing is ever written into a buffer by its owner.
 */
#include "backend/pool.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#define POOL_ORDERS   9		/* 4 KiB … 1 MiB */
#define POOL_NONE     UINT32_MAX
#define POOL_NOT_FREE 0xff

struct pool_page {
	uint32_t prev, next;	/* of the free list, by page number */
	uint8_t free_order;	/* of the free block that starts here */
};

struct pool {
	uint8_t *base;
	uint32_t pages;
	uint32_t free[POOL_ORDERS];	/* first free block, or POOL_NONE */
	struct pool_page *page;
};

static void pool_link(struct pool *p, uint32_t page, uint32_t order)
{
	struct pool_page *n = &p->page[page];

	n->free_order = (uint8_t)order;
	n->prev = POOL_NONE;
	n->next = p->free[order];
	if (n->next != POOL_NONE)
		p->page[n->next].prev = page;
	p->free[order] = page;
}

static void pool_unlink(struct pool *p, uint32_t page)
{
	struct pool_page *n = &p->page[page];

	if (n->prev != POOL_NONE)
		p->page[n->prev].next = n->next;
	else
		p->free[n->free_order] = n->next;
	if (n->next != POOL_NONE)
		p->page[n->next].prev = n->prev;
	n->free_order = POOL_NOT_FREE;
}

int pool_open(struct pool **out, uint64_t size)
{
	struct pool *p = calloc(1, sizeof(*p));
	const uint32_t step = POOL_BLOCK_MAX / POOL_PAGE;

	*out = NULL;
	if (!p)
		return -ENOMEM;
	size -= size % POOL_BLOCK_MAX;
	if (!size || size / POOL_PAGE >= POOL_NONE) {
		free(p);
		return -EINVAL;
	}
	p->pages = (uint32_t)(size / POOL_PAGE);
	p->page = calloc(p->pages, sizeof(*p->page));
	p->base = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (!p->page || p->base == MAP_FAILED) {
		if (p->base == MAP_FAILED)
			p->base = NULL;
		pool_close(p);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < p->pages; i++)
		p->page[i].free_order = POOL_NOT_FREE;
	for (uint32_t i = 0; i < POOL_ORDERS; i++)
		p->free[i] = POOL_NONE;
	/* Linked in reverse, so that low addresses are used first. */
	for (uint32_t i = p->pages; i >= step; i -= step)
		pool_link(p, i - step, POOL_ORDERS - 1);
	*out = p;
	return 0;
}

void pool_close(struct pool *p)
{
	if (!p)
		return;
	if (p->base)
		munmap(p->base, pool_size(p));
	free(p->page);
	free(p);
}

void *pool_base(const struct pool *p)
{
	return p->base;
}

size_t pool_size(const struct pool *p)
{
	return (size_t)p->pages * POOL_PAGE;
}

static uint32_t pool_order(uint32_t len)
{
	uint32_t order = 0;

	while ((POOL_PAGE << order) < len)
		order++;
	return order;
}

void *pool_get(struct pool *p, uint32_t len)
{
	uint32_t want = pool_order(len);
	uint32_t order = want;
	uint32_t page;

	while (order < POOL_ORDERS && p->free[order] == POOL_NONE)
		order++;
	if (order == POOL_ORDERS)
		return NULL;
	page = p->free[order];
	pool_unlink(p, page);
	while (order > want) {
		order--;
		pool_link(p, page + (1u << order), order);
	}
	return p->base + (size_t)page * POOL_PAGE;
}

void pool_put(struct pool *p, void *block, uint32_t len)
{
	uint32_t order = pool_order(len);
	uint32_t page;

	if (!block)
		return;
	page = (uint32_t)((size_t)((uint8_t *)block - p->base) / POOL_PAGE);
	while (order < POOL_ORDERS - 1) {
		uint32_t buddy = page ^ (1u << order);

		if (p->page[buddy].free_order != order)
			break;
		pool_unlink(p, buddy);
		page &= ~(1u << order);
		order++;
	}
	pool_link(p, page, order);
}
