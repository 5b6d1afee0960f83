// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libxenforeignmemory. A page that is paged out makes a map call wait for ever,
 * as the real library does. MAP_FIXED is not simulated.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "tests/sim/lib/base.h"
#include <xen/memory.h>
#include <xenforeignmemory.h>

struct xenforeignmemory_handle {
	struct sim_base base;
};

struct xenforeignmemory_resource_handle {
	void *addr;
};

xenforeignmemory_handle *xenforeignmemory_open(struct xentoollog_logger *logger,
					       unsigned int open_flags)
{
	xenforeignmemory_handle *fmem = calloc(1, sizeof(*fmem));
	int ret;

	(void)logger;
	(void)open_flags;
	if (!fmem)
		return NULL;
	ret = sim_base_open(&fmem->base, SIM_FM_OPEN, sim_base_restrict);
	if (!ret)
		return fmem;
	free(fmem);
	errno = -ret;
	return NULL;
}

int xenforeignmemory_close(xenforeignmemory_handle *fmem)
{
	if (!fmem)
		return 0;
	sim_base_close(&fmem->base);
	free(fmem);
	return 0;
}

int xenforeignmemory_restrict(xenforeignmemory_handle *fmem, domid_t domid)
{
	return sim_base_restrict(&fmem->base.active, domid);
}

static int map_once(xenforeignmemory_handle *fmem, uint32_t dom, int prot,
		    size_t pages, const xen_pfn_t arr[], int err[],
		    void **map)
{
	int ret = sim_base_enter(&fmem->base, SIM_FM_MAP, pages, dom);

	if (ret)
		return ret;
	ret = sim_foreign_map(fmem->base.w, dom, prot, pages, arr, err, map);
	sim_unlock(fmem->base.w);
	return ret;
}

void *xenforeignmemory_map2(xenforeignmemory_handle *fmem, uint32_t dom,
			    void *addr, int prot, int flags, size_t pages,
			    const xen_pfn_t arr[], int err[])
{
	void *map;
	int ret = -EINVAL;

	(void)addr;
	if (pages && !(flags & MAP_FIXED))
		while ((ret = map_once(fmem, dom, prot, pages, arr, err,
				       &map)) == -ENOENT)
			sim_nap(100);
	if (!ret)
		return map;
	errno = -ret;
	return NULL;
}

void *xenforeignmemory_map(xenforeignmemory_handle *fmem, uint32_t dom,
			   int prot, size_t pages, const xen_pfn_t arr[],
			   int err[])
{
	return xenforeignmemory_map2(fmem, dom, NULL, prot, 0, pages, arr, err);
}

int xenforeignmemory_unmap(xenforeignmemory_handle *fmem, void *addr,
			   size_t pages)
{
	int ret = sim_base_enter(&fmem->base, SIM_FM_UNMAP, pages,
				 SIM_ANY_DOMAIN);

	if (ret)
		return sim_base_fail(ret);
	return sim_base_leave(&fmem->base,
			      sim_foreign_unmap(fmem->base.w, addr, pages));
}

static int resource_map(xenforeignmemory_handle *fmem, domid_t domid,
			unsigned int type, unsigned int id,
			unsigned long frame, unsigned long nr_frames, int prot,
			void **addr)
{
	int ret = sim_base_enter(&fmem->base, SIM_FM_RESOURCE, 1, domid);

	if (ret)
		return ret;
	if (type != XENMEM_resource_ioreq_server || nr_frames != 1 || frame > 1)
		ret = -EINVAL;
	else if (frame != XENMEM_resource_ioreq_server_frame_ioreq(0))
		ret = -ENOENT;	/* no buffered requests */
	else
		ret = sim_resource_map(fmem->base.w, domid, id, prot, addr);
	sim_unlock(fmem->base.w);
	return ret;
}

xenforeignmemory_resource_handle *xenforeignmemory_map_resource(
	xenforeignmemory_handle *fmem, domid_t domid, unsigned int type,
	unsigned int id, unsigned long frame, unsigned long nr_frames,
	void **paddr, int prot, int flags)
{
	xenforeignmemory_resource_handle *fres = calloc(1, sizeof(*fres));
	int ret = -EINVAL;

	if (!fres)
		return NULL;
	if (!(flags & ~(MAP_SHARED | MAP_PRIVATE)) && !*paddr)
		ret = resource_map(fmem, domid, type, id, frame, nr_frames,
				   prot, &fres->addr);
	if (!ret) {
		*paddr = fres->addr;
		return fres;
	}
	free(fres);
	errno = -ret;
	return NULL;
}

int xenforeignmemory_unmap_resource(xenforeignmemory_handle *fmem,
				    xenforeignmemory_resource_handle *fres)
{
	int ret = sim_base_enter(&fmem->base, SIM_FM_UNRESOURCE, 1,
				 SIM_ANY_DOMAIN);

	if (!ret) {
		ret = sim_resource_unmap(fmem->base.w, fres->addr);
		sim_unlock(fmem->base.w);
	}
	/* Gone with or without its mapping, as with the real one. */
	free(fres);
	return sim_base_fail(ret);
}
