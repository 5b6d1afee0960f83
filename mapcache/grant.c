// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The grant tier: pages mapped by reference, for exactly as long as they are
 * held. Nothing is cached here, and nothing may be: the guest looks at each
 * completion whether its grants are still in use.
 *
 * All granted pages of one request and direction are one kernel object: one
 * map call, one unmap call. Direction decides protection: device-readable
 * pages are granted read-only, and mapping such a page writable fails.
 */
#include "mapcache/internal.h"

#include <stdlib.h>

int grant_init(struct mapcache *mc, const struct mapcache_config *config,
	       struct xen_grant *xen)
{
	struct grant_tier *t = &mc->grant;

	t->xen = xen;
	t->budget = config->grant_budget;
	if (!xen)
		return 0;
	t->refs = calloc(t->budget ? t->budget : 1, sizeof(*t->refs));
	return t->refs ? 0 : -ENOMEM;
}

void grant_fini(struct mapcache *mc)
{
	free(mc->grant.refs);
}

static void grant_count(struct mapcache *mc, uint32_t pages)
{
	mc->stats->grant_maps++;
	mc->stats->grant_pages += pages;
}

static void grant_drop(struct mapcache *mc, void *addr, uint32_t pages)
{
	if (xen_grant_unmap(mc->grant.xen, addr, pages))
		mc->stats->unmap_failures++;
	mc->stats->grant_unmaps++;
	mc->stats->grant_pages -= pages;
}

/* The kernel says EINVAL for whatever is wrong with a reference. */
static int grant_error(int ret)
{
	return ret == -EINVAL ? -EFAULT : ret;
}

static enum xen_grant_access grant_access(enum mapcache_access access)
{
	return access == MAPCACHE_WRITE ? XEN_GRANT_WRITE : XEN_GRANT_READ;
}

int grant_pin(struct mapcache *mc, gpa_t addr, uint32_t len,
	      enum mapcache_access access, struct mapcache_pin *pin)
{
	uint64_t pages = gpa_pages(addr, len);
	void *base;
	int ret;

	if (!mc->grant.xen)
		return -EFAULT;
	/* Not out of the budget: rings are few, and a disk needs its own. */
	ret = xen_grant_map(mc->grant.xen, gpa_ref(addr), (uint32_t)pages,
			    grant_access(access), &base);
	if (ret)
		return grant_error(ret);
	grant_count(mc, (uint32_t)pages);
	pin->base = base;
	pin->pages = (uint32_t)pages;
	pin->addr = (uint8_t *)base + gpa_offset(addr);
	pin->grant = 1;
	return 0;
}

void grant_unpin(struct mapcache *mc, struct mapcache_pin *pin)
{
	grant_drop(mc, pin->base, pin->pages);
}

/* Add the references of one segment to the scratch list. */
static int grant_collect(struct mapcache *mc,
			 const struct mapcache_segment *seg, uint32_t *n)
{
	struct grant_tier *t = &mc->grant;
	uint64_t pages = gpa_pages(seg->addr, seg->len);

	if (pages > t->budget - t->live - *n)
		return -ENOBUFS;
	for (uint64_t i = 0; i < pages; i++)
		t->refs[(*n)++] = gpa_ref(seg->addr) + (uint32_t)i;
	return 0;
}

int grant_map(struct mapcache *mc, const struct mapcache_segment seg[],
	      uint32_t n, enum mapcache_access access,
	      struct mapcache_map *map)
{
	struct grant_tier *t = &mc->grant;
	uint32_t pages = 0;
	int ret;

	for (uint32_t i = 0; i < n; i++) {
		if (!gpa_is_grant(seg[i].addr))
			continue;
		if (!t->xen)
			return -EFAULT;
		ret = grant_collect(mc, &seg[i], &pages);
		if (ret)
			return ret;
	}
	if (!pages)
		return 0;
	ret = xen_grant_map_refs(t->xen, t->refs, pages,
				 grant_access(access), &map->grants);
	if (ret) {
		map->grants = NULL;
		return grant_error(ret);
	}
	map->grant_pages = pages;
	t->live += pages;
	grant_count(mc, pages);
	return 0;
}

void grant_unmap(struct mapcache *mc, struct mapcache_map *map)
{
	if (!map->grants)
		return;
	grant_drop(mc, map->grants, map->grant_pages);
	mc->grant.live -= map->grant_pages;
	map->grants = NULL;
	map->grant_pages = 0;
}
