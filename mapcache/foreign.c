// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The foreign tier: guest-physical memory in buckets.
 *
 * One hypercall per page is what mapping costs on Arm, so a bucket is mapped
 * once and kept. It is a mapping of its own and is unmapped whole, the kernel
 * allows nothing else. Mapping succeeds page by page: the bitmap has a bit for
 * each page that may be touched, and touching another would kill us, or dom0
 * if the kernel does it on our behalf. A page that could not be mapped is
 * tried again when it is asked for, alone, because the guest may have got it
 * since; only if it is there now is its bucket worth mapping again.
 *
 * At least one bucket is always left unpinned: a copy needs one at a time,
 * and so always succeeds, however much is pinned by maps.
 */
#include "mapcache/internal.h"

#include <stdlib.h>
#include <string.h>

static uint32_t round_up_pow2(uint32_t n)
{
	uint32_t p = 1;

	while (p < n)
		p <<= 1;
	return p;
}

int foreign_init(struct mapcache *mc, const struct mapcache_config *config,
		 struct xen_foreign *xen)
{
	struct foreign_tier *t = &mc->foreign;
	uint32_t size = config->bucket_size;
	uint64_t n = config->foreign_budget / (size ? size : 1);
	uint32_t words;

	if (size < MAPCACHE_BUCKET_MIN || size > MAPCACHE_BUCKET_MAX ||
	    (size & (size - 1)))
		return -EINVAL;
	if (n < MAPCACHE_BUCKETS_MIN)
		n = MAPCACHE_BUCKETS_MIN;
	if (n > UINT16_MAX)
		n = UINT16_MAX;
	t->xen = xen;
	t->bucket_size = size;
	t->bucket_shift = (uint32_t)__builtin_ctz(size);
	t->bucket_pages = size / GPA_PAGE_SIZE;
	t->nbuckets = (uint32_t)n;
	t->hash_mask = round_up_pow2(t->nbuckets * 2) - 1;
	words = (t->bucket_pages + 63) / 64;
	t->bucket = calloc(t->nbuckets, sizeof(*t->bucket));
	t->hash = calloc(t->hash_mask + 1, sizeof(*t->hash));
	t->bitmaps = calloc((size_t)t->nbuckets * words, sizeof(*t->bitmaps));
	t->err = calloc(t->bucket_pages, sizeof(*t->err));
	if (!t->bucket || !t->hash || !t->bitmaps || !t->err)
		return -ENOMEM;
	for (uint32_t i = 0; i < t->nbuckets; i++)
		t->bucket[i].valid = &t->bitmaps[(size_t)i * words];
	return 0;
}

static struct bucket_chain *foreign_chain(struct foreign_tier *t,
					  uint64_t index)
{
	/* Fibonacci hashing: neighbours spread, high bits count too. */
	uint64_t h = index * UINT64_C(0x9e3779b97f4a7c15);

	return &t->hash[(h >> 32) & t->hash_mask];
}

static void foreign_drop(struct mapcache *mc, struct bucket *b)
{
	struct foreign_tier *t = &mc->foreign;

	if (!b->stale)
		LIST_REMOVE(b, chain);
	else
		mc->stats->stale--;
	if (xen_foreign_unmap(t->xen, b->addr, t->bucket_pages))
		mc->stats->unmap_failures++;
	mc->stats->foreign_unmaps++;
	mc->stats->foreign_pages -= t->bucket_pages;
	b->addr = NULL;
	b->stale = false;
}

void foreign_fini(struct mapcache *mc)
{
	struct foreign_tier *t = &mc->foreign;

	for (uint32_t i = 0; t->bucket && i < t->nbuckets; i++)
		if (t->bucket[i].addr)
			foreign_drop(mc, &t->bucket[i]);
	free(t->bucket);
	free(t->hash);
	free(t->bitmaps);
	free(t->err);
}

/* A free slot, by eviction if need be. Two turns of the hand are enough. */
static struct bucket *foreign_slot(struct mapcache *mc)
{
	struct foreign_tier *t = &mc->foreign;

	for (uint32_t i = 0; i < 2 * t->nbuckets; i++) {
		struct bucket *b = &t->bucket[t->hand];

		t->hand = (t->hand + 1) % t->nbuckets;
		if (!b->addr)
			return b;
		if (b->pins)
			continue;
		if (b->referenced) {
			b->referenced = false;
			continue;
		}
		foreign_drop(mc, b);
		mc->stats->evictions++;
		return b;
	}
	return NULL;
}

static void foreign_note_pages(struct mapcache *mc, struct bucket *b)
{
	struct foreign_tier *t = &mc->foreign;

	memset(b->valid, 0, (t->bucket_pages + 63) / 64 * sizeof(*b->valid));
	for (uint32_t i = 0; i < t->bucket_pages; i++) {
		if (!t->err[i])
			b->valid[i / 64] |= UINT64_C(1) << (i % 64);
		else
			mc->stats->foreign_bad_pages++;
	}
}

static int foreign_load(struct mapcache *mc, uint64_t index,
			struct bucket **out)
{
	struct foreign_tier *t = &mc->foreign;
	struct bucket *b = foreign_slot(mc);
	void *addr;
	int ret;

	if (!b)
		return -ENOBUFS;
	mc->stats->misses++;
	ret = xen_foreign_map(t->xen, index << (t->bucket_shift -
						GPA_PAGE_SHIFT),
			      t->bucket_pages, &addr, t->err);
	if (ret)
		return ret;
	mc->stats->foreign_maps++;
	mc->stats->foreign_pages += t->bucket_pages;
	b->index = index;
	b->addr = addr;
	b->referenced = true;
	foreign_note_pages(mc, b);
	LIST_INSERT_HEAD(foreign_chain(t, index), b, chain);
	*out = b;
	return 0;
}

static struct bucket *foreign_find(struct foreign_tier *t, uint64_t index)
{
	struct bucket *b;

	LIST_FOREACH(b, foreign_chain(t, index), chain)
		if (b->index == index)
			return b;
	return NULL;
}

/* Never found again; unmapped now or at the last unpin. */
static void foreign_retire(struct mapcache *mc, struct bucket *b)
{
	if (!b->pins) {
		foreign_drop(mc, b);
		return;
	}
	LIST_REMOVE(b, chain);
	b->stale = true;
	mc->stats->stale++;
}

static bool bucket_page_valid(const struct bucket *b, uint32_t page)
{
	return b->valid[page / 64] >> (page % 64) & 1;
}

/* All pages of @len bytes from @offset, which lie inside the bucket. */
static bool bucket_range_valid(const struct bucket *b, uint32_t offset,
			       uint32_t len)
{
	uint32_t last = (offset + len - 1) >> GPA_PAGE_SHIFT;

	for (uint32_t p = offset >> GPA_PAGE_SHIFT; p <= last; p++)
		if (!bucket_page_valid(b, p))
			return false;
	return true;
}

/* Can the first bad page from @offset on be mapped by now? */
static bool foreign_page_came(struct mapcache *mc, const struct bucket *b,
			      uint32_t offset)
{
	struct foreign_tier *t = &mc->foreign;
	uint32_t page = offset >> GPA_PAGE_SHIFT;
	void *addr;

	while (bucket_page_valid(b, page))
		page++;
	if (xen_foreign_map(t->xen, b->index * t->bucket_pages + page, 1,
			    &addr, t->err))
		return false;
	if (xen_foreign_unmap(t->xen, addr, 1))
		mc->stats->unmap_failures++;
	return !t->err[0];
}

/* The bucket in which all of @len bytes from @addr may be touched. */
static int foreign_get(struct mapcache *mc, gpa_t addr, uint32_t len,
		       struct bucket **out)
{
	struct foreign_tier *t = &mc->foreign;
	uint32_t offset = (uint32_t)addr.raw & (t->bucket_size - 1);
	uint64_t index = addr.raw >> t->bucket_shift;
	struct bucket *b = foreign_find(t, index);
	int ret;

	if (b && !bucket_range_valid(b, offset, len)) {
		if (!foreign_page_came(mc, b, offset))
			return -EFAULT;
		foreign_retire(mc, b);
		b = NULL;
	}
	if (b) {
		mc->stats->hits++;
	} else {
		ret = foreign_load(mc, index, &b);
		if (ret)
			return ret;
		if (!bucket_range_valid(b, offset, len))
			return -EFAULT;
	}
	b->referenced = true;
	*out = b;
	return 0;
}

/* What is left of @len in the bucket of @addr. */
static uint32_t foreign_fit(struct foreign_tier *t, gpa_t addr, uint32_t len)
{
	uint32_t room = t->bucket_size -
			((uint32_t)addr.raw & (t->bucket_size - 1));

	return len < room ? len : room;
}

int64_t foreign_peek(struct mapcache *mc, gpa_t addr, uint32_t len,
		     uint8_t **host)
{
	struct foreign_tier *t = &mc->foreign;
	uint32_t fit = foreign_fit(t, addr, len);
	struct bucket *b;
	int ret = foreign_get(mc, addr, fit, &b);

	if (ret)
		return ret;
	*host = b->addr + ((uint32_t)addr.raw & (t->bucket_size - 1));
	return fit;
}

void foreign_release(struct mapcache *mc, uint16_t bucket)
{
	struct bucket *b = &mc->foreign.bucket[bucket];

	if (--b->pins)
		return;
	mc->foreign.npinned--;
	if (b->stale)
		foreign_drop(mc, b);
}

static int foreign_hold(struct mapcache *mc, struct bucket *b,
			struct mapcache_map *map)
{
	struct foreign_tier *t = &mc->foreign;

	if (!b->pins) {
		if (t->npinned + 1 >= t->nbuckets)
			return -ENOBUFS;
		t->npinned++;
	}
	b->pins++;
	map->bucket[map->nbuckets++] = (uint16_t)(b - t->bucket);
	return 0;
}

int foreign_map(struct mapcache *mc, const struct mapcache_segment *seg,
		struct mapcache_map *map)
{
	struct foreign_tier *t = &mc->foreign;
	gpa_t addr = seg->addr;
	uint32_t len = seg->len;

	while (len) {
		uint32_t fit = foreign_fit(t, addr, len);
		struct bucket *b;
		int ret;

		if (map->niov == map->max_iov)
			return -ENOBUFS;
		ret = foreign_get(mc, addr, fit, &b);
		if (!ret)
			ret = foreign_hold(mc, b, map);
		if (ret)
			return ret;
		map->iov[map->niov].iov_base =
			b->addr + ((uint32_t)addr.raw & (t->bucket_size - 1));
		map->iov[map->niov++].iov_len = fit;
		addr = gpa_add(addr, fit);
		len -= fit;
	}
	return 0;
}

void foreign_invalidate(struct mapcache *mc)
{
	struct foreign_tier *t = &mc->foreign;

	for (uint32_t i = 0; i < t->nbuckets; i++) {
		struct bucket *b = &t->bucket[i];

		if (b->addr && !b->stale)
			foreign_retire(mc, b);
	}
}

int foreign_pin(struct mapcache *mc, gpa_t addr, uint32_t len,
		struct mapcache_pin *pin)
{
	struct foreign_tier *t = &mc->foreign;
	uint64_t pages = gpa_pages(addr, len);
	void *base;
	int ret;

	if (pages > t->bucket_pages)
		return -ENOBUFS;
	ret = xen_foreign_map(t->xen, gpa_frame(addr), (uint32_t)pages, &base,
			      t->err);
	if (ret)
		return ret;
	for (uint32_t i = 0; i < pages && !ret; i++)
		if (t->err[i])
			ret = -EFAULT;
	if (ret) {
		if (xen_foreign_unmap(t->xen, base, (uint32_t)pages))
			mc->stats->unmap_failures++;
		return ret;
	}
	mc->stats->foreign_pages += pages;
	pin->base = base;
	pin->pages = (uint32_t)pages;
	pin->addr = (uint8_t *)base + gpa_offset(addr);
	pin->grant = 0;
	return 0;
}

void foreign_unpin(struct mapcache *mc, struct mapcache_pin *pin)
{
	if (xen_foreign_unmap(mc->foreign.xen, pin->base, pin->pages))
		mc->stats->unmap_failures++;
	mc->stats->foreign_pages -= pin->pages;
}
