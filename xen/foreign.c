// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Foreign mappings: the only calls of libxenforeignmemory besides the ioreq
 * page. Per-page errors are handed up as they are; who may touch which page
 * is the mapcache's business.
 */
#include "xen/foreign.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "xen/handles.h"
#include "xen/quiet.h"

int xen_foreign_open(struct xen_foreign **f, uint32_t domid,
		     uint32_t max_pages)
{
	struct xen_foreign *n = calloc(1, sizeof(*n));
	int ret = -ENOMEM;

	*f = NULL;
	if (!n)
		return -ENOMEM;
	n->domid = (domid_t)domid;
	n->max_pages = max_pages;
	n->gfn = calloc(max_pages, sizeof(*n->gfn));
	if (!n->gfn)
		goto free;
	n->handle = xenforeignmemory_open(&xen_quiet, 0);
	if (!n->handle) {
		ret = xen_error();
		goto free;
	}
	*f = n;
	return 0;
free:
	free(n->gfn);
	free(n);
	return ret;
}

void xen_foreign_close(struct xen_foreign *f)
{
	if (!f)
		return;
	xenforeignmemory_close(f->handle);
	free(f->gfn);
	free(f);
}

/* #syscalls worker: mmap munmap ioctl */
int xen_foreign_map(struct xen_foreign *f, uint64_t gfn, uint32_t pages,
		    void **addr, int err[])
{
	if (!pages || pages > f->max_pages)
		return -EINVAL;
	for (uint32_t i = 0; i < pages; i++)
		f->gfn[i] = gfn + i;
	*addr = xenforeignmemory_map(f->handle, f->domid,
				     PROT_READ | PROT_WRITE, pages, f->gfn,
				     err);
	return *addr ? 0 : xen_error();
}

int xen_foreign_unmap(struct xen_foreign *f, void *addr, uint32_t pages)
{
	return xenforeignmemory_unmap(f->handle, addr, pages) ? xen_error() : 0;
}
