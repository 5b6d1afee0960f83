// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libxengnttab, a back end's half of it. A page that is paged out makes a map
 * call wait for ever, as the real library does; a copy gives up. A copy's own
 * side must be memory that no Xen library mapped, because Xen would not find
 * those pages in dom0. What it finds wrong with it aborts the call half way.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/lib/base.h"
#include <xengnttab.h>

#define COPY_BATCH 16u	/* of the kernel, for one hypercall */

struct xengntdev_handle {
	struct sim_base base;
};

xengnttab_handle *xengnttab_open(struct xentoollog_logger *logger,
				 unsigned int open_flags)
{
	xengnttab_handle *xgt = calloc(1, sizeof(*xgt));
	int ret;

	(void)logger;
	(void)open_flags;
	if (!xgt)
		return NULL;
	ret = sim_base_open(&xgt->base, SIM_GNT_OPEN, sim_base_kill);
	if (!ret)
		return xgt;
	free(xgt);
	errno = -ret;
	return NULL;
}

int xengnttab_close(xengnttab_handle *xgt)
{
	if (!xgt)
		return 0;
	sim_base_close(&xgt->base);
	free(xgt);
	return 0;
}

int xengnttab_set_max_grants(xengnttab_handle *xgt, uint32_t nr_grants)
{
	/* Without effect on kernels of today. */
	(void)xgt;
	(void)nr_grants;
	return 0;
}

/* --- map ----------------------------------------------------------------------- */

static int map_once(xengnttab_handle *xgt, uint32_t count,
		    const uint32_t domids[], const uint32_t refs[], int prot,
		    void **map)
{
	int ret = sim_base_enter(&xgt->base, SIM_GNT_MAP, 1, SIM_ANY_DOMAIN);

	if (ret)
		return ret;
	ret = sim_grant_map(xgt->base.w, count, domids, refs, prot, map);
	sim_unlock(xgt->base.w);
	return ret;
}

void *xengnttab_map_grant_refs(xengnttab_handle *xgt, uint32_t count,
			       uint32_t *domids, uint32_t *refs, int prot)
{
	void *map;
	int ret = -EINVAL;

	if (count)
		while ((ret = map_once(xgt, count, domids, refs, prot,
				       &map)) == -EAGAIN)
			sim_nap(1000);
	if (!ret)
		return map;
	errno = -ret;
	return NULL;
}

void *xengnttab_map_domain_grant_refs(xengnttab_handle *xgt, uint32_t count,
				      uint32_t domid, uint32_t *refs, int prot)
{
	uint32_t *domids = calloc(count ? count : 1, sizeof(*domids));
	void *map;

	if (!domids)
		return NULL;
	for (uint32_t i = 0; i < count; i++)
		domids[i] = domid;
	map = xengnttab_map_grant_refs(xgt, count, domids, refs, prot);
	free(domids);
	return map;
}

void *xengnttab_map_grant_ref(xengnttab_handle *xgt, uint32_t domid,
			      uint32_t ref, int prot)
{
	return xengnttab_map_grant_refs(xgt, 1, &domid, &ref, prot);
}

int xengnttab_unmap(xengnttab_handle *xgt, void *start_address, uint32_t count)
{
	struct sim_base *b = &xgt->base;
	int late = 0, ret = -EBADF;

	if (b->dead || b->w->child)
		return sim_base_fail(ret);
	sim_lock(b->w);
	ret = sim_call_late(b->w, SIM_GNT_UNMAP, 1, &late);
	if (!ret)
		ret = sim_grant_unmap(b->w, start_address, count, late);
	return sim_base_leave(b, ret);
}

/* --- copy ------------------------------------------------------------------------- */

/* One side of a segment: a pointer, or a status that is the segment's. */
static int copy_side(struct sim_world *w, const union xengnttab_copy_ptr *side,
		     bool granted, bool writable, uint16_t len, uint8_t **p)
{
	int status;

	if (!granted) {
		*p = side->virt;
		return sim_map_covers(w, side->virt, len) ?
			GNTST_bad_page : GNTST_okay;
	}
	if (side->foreign.offset + len > SIM_PAGE)
		return GNTST_bad_copy_arg;
	status = sim_grant_page(w, side->foreign.domid, side->foreign.ref,
				writable, p);
	*p += side->foreign.offset;
	return status;
}

static int copy_segment(struct sim_world *w,
			const xengnttab_grant_copy_segment_t *s)
{
	uint8_t *from = NULL, *to = NULL;
	int status;

	if (sim_call(w, SIM_GNT_SEGMENT, 0))
		return GNTST_general_error;
	status = copy_side(w, &s->source, s->flags & GNTCOPY_source_gref,
			   false, s->len, &from);
	if (!status)
		status = copy_side(w, &s->dest, s->flags & GNTCOPY_dest_gref,
				   true, s->len, &to);
	if (!status)
		memmove(to, from, s->len);
	return status;
}

static bool copy_sane(const xengnttab_grant_copy_segment_t *s)
{
	return s->flags & (GNTCOPY_source_gref | GNTCOPY_dest_gref) &&
		!(s->flags & ~(GNTCOPY_source_gref | GNTCOPY_dest_gref));
}

int xengnttab_grant_copy(xengnttab_handle *xgt, uint32_t count,
			 xengnttab_grant_copy_segment_t *segs)
{
	int ret = sim_base_enter(&xgt->base, SIM_GNT_COPY,
				 (count + COPY_BATCH - 1) / COPY_BATCH,
				 SIM_ANY_DOMAIN);

	if (ret)
		return sim_base_fail(ret);
	for (uint32_t i = 0; i < count; i++) {
		if (!copy_sane(&segs[i])) {
			ret = -EINVAL;
			break;
		}
		segs[i].status = (int16_t)copy_segment(xgt->base.w, &segs[i]);
	}
	return sim_base_leave(&xgt->base, ret);
}
