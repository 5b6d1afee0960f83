// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The mapcache's front: sorts addresses into the two tiers, and makes a
 * request's map out of both. Whatever the guest wrote into a descriptor is
 * judged here (gpa_range_ok) before a tier sees it.
 */
#include "mapcache/internal.h"

#include <stdlib.h>

int mapcache_open(struct mapcache **out, const struct mapcache_config *config,
		  struct xen_foreign *f, struct xen_grant *g,
		  struct mapcache_stats *stats)
{
	struct mapcache *mc = calloc(1, sizeof(*mc));
	int ret;

	*out = NULL;
	if (!mc)
		return -ENOMEM;
	mc->stats = stats;
	mc->grant_io = config->grant_io;
	ret = foreign_init(mc, config, f);
	if (!ret)
		ret = grant_init(mc, config, g);
	if (ret) {
		mapcache_close(mc);
		return ret;
	}
	*out = mc;
	return 0;
}

void mapcache_close(struct mapcache *mc)
{
	if (!mc)
		return;
	foreign_fini(mc);
	grant_fini(mc);
	free(mc);
}

int mapcache_pin(struct mapcache *mc, gpa_t addr, uint32_t len,
		 enum mapcache_access access, struct mapcache_pin *pin)
{
	int ret = -EFAULT;

	if (len && gpa_range_ok(addr, len))
		ret = gpa_is_grant(addr) ?
		      grant_pin(mc, addr, len, access, pin) :
		      foreign_pin(mc, addr, len, pin);
	if (ret)
		mc->stats->failures++;
	return ret;
}

void mapcache_unpin(struct mapcache *mc, struct mapcache_pin *pin)
{
	if (!pin->addr)
		return;
	if (pin->grant)
		grant_unpin(mc, pin);
	else
		foreign_unpin(mc, pin);
	*pin = (struct mapcache_pin){ 0 };
}

/* The iovec of a granted segment whose object is mapped; *page moves on. */
static int map_add_grant(const struct mapcache_segment *seg,
			 struct mapcache_map *map, uint64_t *page)
{
	if (map->niov == map->max_iov)
		return -ENOBUFS;
	map->iov[map->niov].iov_base = (uint8_t *)map->grants +
		*page * GPA_PAGE_SIZE + gpa_offset(seg->addr);
	map->iov[map->niov++].iov_len = seg->len;
	*page += gpa_pages(seg->addr, seg->len);
	return 0;
}

static int map_fill(struct mapcache *mc, const struct mapcache_segment seg[],
		    uint32_t n, struct mapcache_map *map)
{
	uint64_t page = 0;
	int ret = 0;

	for (uint32_t i = 0; i < n && !ret; i++) {
		if (!seg[i].len)
			continue;
		if (gpa_is_grant(seg[i].addr))
			ret = map_add_grant(&seg[i], map, &page);
		else
			ret = foreign_map(mc, &seg[i], map);
	}
	return ret;
}

int mapcache_map(struct mapcache *mc, const struct mapcache_segment seg[],
		 uint32_t n, enum mapcache_access access,
		 struct mapcache_map *map)
{
	int ret = 0;

	map->niov = 0;
	map->nbuckets = 0;
	map->grants = NULL;
	map->grant_pages = 0;
	for (uint32_t i = 0; i < n; i++)
		if (!gpa_range_ok(seg[i].addr, seg[i].len))
			ret = -EFAULT;
	if (!ret)
		ret = grant_map(mc, seg, n, access, map);
	if (!ret)
		ret = map_fill(mc, seg, n, map);
	if (ret) {
		mapcache_unmap(mc, map);
		if (ret != -ENOBUFS)
			mc->stats->failures++;
	}
	return ret;
}

void mapcache_unmap(struct mapcache *mc, struct mapcache_map *map)
{
	for (uint32_t i = 0; i < map->nbuckets; i++)
		foreign_release(mc, map->bucket[i]);
	map->nbuckets = 0;
	map->niov = 0;
	grant_unmap(mc, map);
}

void mapcache_invalidate(struct mapcache *mc)
{
	mc->stats->invalidations++;
	foreign_invalidate(mc);
}
