// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Grants: map, unmap, copy. libxengnttab retries a paged-out page for ever
 * inside a map call; grant copy gives up by itself, which is one more reason
 * why it is the usual way for request data.
 */
#include "xen/grant.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "xen/handles.h"
#include "xen/quiet.h"
#include <xen/grant_table.h>

struct xen_grant {
	xengnttab_handle *handle;
	domid_t domid;
	uint32_t max_pages;
	uint32_t *refs;		/* scratch of one map call */
	xengnttab_grant_copy_segment_t seg[XEN_GRANT_COPY_MAX];
};

int xen_grant_open(struct xen_grant **g, uint32_t domid, uint32_t max_pages)
{
	struct xen_grant *n = calloc(1, sizeof(*n));
	int ret = -ENOMEM;

	*g = NULL;
	if (!n)
		return -ENOMEM;
	n->domid = (domid_t)domid;
	n->max_pages = max_pages;
	n->refs = calloc(max_pages, sizeof(*n->refs));
	if (!n->refs)
		goto free;
	n->handle = xengnttab_open(&xen_quiet, 0);
	if (!n->handle) {
		ret = xen_error();
		goto free;
	}
	*g = n;
	return 0;
free:
	free(n->refs);
	free(n);
	return ret;
}

void xen_grant_close(struct xen_grant *g)
{
	if (!g)
		return;
	xengnttab_close(g->handle);
	free(g->refs);
	free(g);
}

/* #syscalls worker: ioctl mmap */
int xen_grant_map_refs(struct xen_grant *g, const uint32_t refs[],
		       uint32_t pages, enum xen_grant_access access,
		       void **addr)
{
	int prot = PROT_READ | (access == XEN_GRANT_WRITE ? PROT_WRITE : 0);

	if (!pages || pages > g->max_pages)
		return -EINVAL;
	/* The library's prototype lacks a const; it does not write. */
	*addr = xengnttab_map_domain_grant_refs(g->handle, pages, g->domid,
						(uint32_t *)refs, prot);
	return *addr ? 0 : xen_error();
}

int xen_grant_map(struct xen_grant *g, uint32_t ref, uint32_t pages,
		  enum xen_grant_access access, void **addr)
{
	if (!pages || pages > g->max_pages)
		return -EINVAL;
	for (uint32_t i = 0; i < pages; i++)
		g->refs[i] = ref + i;
	return xen_grant_map_refs(g, g->refs, pages, access, addr);
}

/* #syscalls worker: ioctl munmap */
int xen_grant_unmap(struct xen_grant *g, void *addr, uint32_t pages)
{
	return xengnttab_unmap(g->handle, addr, pages) ? xen_error() : 0;
}

static void grant_fill(struct xen_grant *g, uint32_t i,
		       const struct xen_grant_copy *c)
{
	xengnttab_grant_copy_segment_t *s = &g->seg[i];
	union xengnttab_copy_ptr *guest, *host;

	if (c->direction == XEN_GRANT_TO_HOST) {
		guest = &s->source;
		host = &s->dest;
		s->flags = GNTCOPY_source_gref;
	} else {
		guest = &s->dest;
		host = &s->source;
		s->flags = GNTCOPY_dest_gref;
	}
	guest->foreign.ref = c->ref;
	guest->foreign.offset = c->offset;
	guest->foreign.domid = g->domid;
	host->virt = c->host;
	s->len = c->len;
	s->status = GNTST_general_error;
}

/* #syscalls worker: ioctl */
int xen_grant_copy(struct xen_grant *g, struct xen_grant_copy seg[],
		   uint32_t n)
{
	if (n > XEN_GRANT_COPY_MAX)
		return -EINVAL;
	for (uint32_t i = 0; i < n; i++)
		grant_fill(g, i, &seg[i]);
	if (xengnttab_grant_copy(g->handle, n, g->seg))
		return xen_error();
	for (uint32_t i = 0; i < n; i++)
		seg[i].status = g->seg[i].status == GNTST_okay ? 0 : -EFAULT;
	return 0;
}
