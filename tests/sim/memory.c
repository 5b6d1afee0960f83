// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Guest memory: which frame of the RAM file is behind a guest frame number, and
 * mapping frames into a back end. A frame is never used twice, so a mapping of
 * a page that the guest gave back keeps the old page, as in Xen.
 *
 * A page that can't be mapped is left PROT_NONE: the CPU faults on it, and the
 * kernel answers EFAULT. On Arm the first is fatal, too, and the second takes
 * dom0 along.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "tests/sim/sim.h"

#define RAM_GFN (SIM_RAM_BASE / SIM_PAGE)

uint32_t sim_frame(const struct sim_domain *d, uint64_t gfn)
{
	if (gfn == d->store_gfn)
		return d->pages;
	if (gfn < RAM_GFN || gfn - RAM_GFN >= d->pages)
		return SIM_NO_FRAME;
	return d->frame[gfn - RAM_GFN];
}

int sim_map_frames(int fd, uint8_t *addr, const uint32_t frames[], size_t n,
		   int prot)
{
	for (size_t i = 0, run; i < n; i += run) {
		run = 1;
		if (frames[i] == SIM_NO_FRAME)
			continue;
		while (i + run < n && frames[i + run] == frames[i] + run)
			run++;
		if (mmap(addr + i * SIM_PAGE, run * SIM_PAGE, prot,
			 MAP_SHARED | MAP_FIXED, fd,
			 (off_t)(frames[i] & ~SIM_PAGED) * SIM_PAGE) ==
		    MAP_FAILED)
			return -errno;
	}
	return 0;
}

/* --- the guest's side ------------------------------------------------------------ */

/* change(d, index of the page) under the lock; the guest's view follows. */
static int page_change(struct sim_dom *dom, uint64_t gfn,
		       int (*change)(struct sim_domain *d, uint32_t page))
{
	struct sim_world *w = dom->w;
	struct sim_domain *d = &w->s->dom[dom->index];
	int ret = -ESRCH;

	sim_lock(w);
	if (d->domid != dom->domid || !sim_alive(d))
		goto unlock;
	ret = -EINVAL;
	if (gfn < RAM_GFN || gfn - RAM_GFN >= d->pages)
		goto unlock;
	ret = change(d, (uint32_t)(gfn - RAM_GFN));
unlock:
	sim_unlock(w);
	return ret;
}

static int change_remove(struct sim_domain *d, uint32_t page)
{
	if (d->frame[page] == SIM_NO_FRAME)
		return -ENOENT;
	d->frame[page] = SIM_NO_FRAME;
	for (uint32_t i = 0; i < d->vcpus; i++)
		d->vcpu[i].invalidate = true;
	return 0;
}

static int change_restore(struct sim_domain *d, uint32_t page)
{
	if (d->frame[page] != SIM_NO_FRAME)
		return -EEXIST;
	if (d->frames == d->pages + SIM_SPARE_FRAMES)
		return -ENOMEM;
	d->frame[page] = d->frames++;
	return 0;
}

static int change_out(struct sim_domain *d, uint32_t page)
{
	if (d->frame[page] == SIM_NO_FRAME)
		return -ENOENT;
	d->frame[page] |= SIM_PAGED;
	return 0;
}

static int change_in(struct sim_domain *d, uint32_t page)
{
	if (d->frame[page] == SIM_NO_FRAME)
		return -ENOENT;
	d->frame[page] &= ~SIM_PAGED;
	return 0;
}

int sim_page_remove(struct sim_dom *dom, uint64_t gfn)
{
	int ret = page_change(dom, gfn, change_remove);

	if (!ret && mmap(dom->ram + (gfn - RAM_GFN) * SIM_PAGE, SIM_PAGE,
			 PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
			 -1, 0) == MAP_FAILED)
		ret = -errno;
	return ret;
}

int sim_page_restore(struct sim_dom *dom, uint64_t gfn)
{
	struct sim_world *w = dom->w;
	uint32_t page = (uint32_t)(gfn - RAM_GFN);
	int ret = page_change(dom, gfn, change_restore);

	if (ret)
		return ret;
	sim_lock(w);
	ret = sim_map_frames(w->near[dom->index].ram,
			     dom->ram + (size_t)page * SIM_PAGE,
			     &w->s->dom[dom->index].frame[page], 1,
			     PROT_READ | PROT_WRITE);
	sim_unlock(w);
	return ret;
}

int sim_page_out(struct sim_dom *dom, uint64_t gfn, bool out)
{
	return page_change(dom, gfn, out ? change_out : change_in);
}

/* --- what the libraries mapped ---------------------------------------------------- */

struct sim_map *sim_map_find(struct sim_world *w, enum sim_map_kind kind,
			     const void *addr)
{
	struct sim_map *m;

	LIST_FOREACH(m, &w->maps, link)
		if (m->addr == addr && m->kind == kind)
			return m;
	return NULL;
}

bool sim_map_covers(struct sim_world *w, const void *addr, size_t len)
{
	const uint8_t *start = addr;
	struct sim_map *m;

	LIST_FOREACH(m, &w->maps, link)
		if (start < m->addr + m->pages * SIM_PAGE &&
		    start + len > m->addr)
			return true;
	return false;
}

/* The frames of a map call; per page what it says to the caller. */
static int foreign_frames(struct sim_world *w, const struct sim_domain *d,
			  size_t n, const xen_pfn_t gfn[], uint32_t frames[],
			  int err[])
{
	/* dom0's entry stands for none. */
	bool there = d->domid && sim_alive(d);
	int first = 0;

	for (size_t i = 0; i < n; i++) {
		int ret = sim_call(w, SIM_FM_PAGE, 0);

		frames[i] = there ? sim_frame(d, gfn[i]) : SIM_NO_FRAME;
		if (!ret && !there)
			ret = -ESRCH;
		else if (!ret && frames[i] == SIM_NO_FRAME)
			ret = -EINVAL;
		else if (!ret && (frames[i] & SIM_PAGED))
			return -ENOENT;
		if (ret)
			frames[i] = SIM_NO_FRAME;
		if (ret && !first)
			first = ret;
		if (err)
			err[i] = ret;
	}
	return err ? 0 : first;
}

static int foreign_place(struct sim_world *w, uint32_t dom, int prot, size_t n,
			 const uint32_t frames[], struct sim_map *m)
{
	struct sim_near *near = dom ? sim_near(w, dom) : NULL;
	int ret;

	if (dom && !near)
		return -errno;
	m->addr = mmap(NULL, n * SIM_PAGE, PROT_NONE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (m->addr == MAP_FAILED)
		return -errno;
	m->kind = SIM_MAP_FOREIGN;
	m->pages = n;
	m->dom = dom;
	ret = near ? sim_map_frames(near->ram, m->addr, frames, n, prot) : 0;
	if (ret)
		munmap(m->addr, n * SIM_PAGE);
	return ret;
}

static void foreign_count(struct sim_world *w, const struct sim_map *m,
			  int sign)
{
	struct sim_process *p = &w->s->process[w->process];
	uint32_t pages = (uint32_t)sign * (uint32_t)m->pages;

	p->foreign_maps += (uint32_t)sign;
	p->foreign_pages[m->dom] += pages;
	w->s->dom[m->dom].foreign_pages += pages;
}

int sim_foreign_map(struct sim_world *w, uint32_t domid, int prot, size_t n,
		    const xen_pfn_t gfn[], int err[], void **addr)
{
	uint32_t dom = sim_find(w, domid);
	struct sim_map *m;
	uint32_t *frames;
	int ret;

	frames = malloc(n * sizeof(*frames));
	m = malloc(sizeof(*m));
	ret = -ENOMEM;
	if (frames && m)
		ret = foreign_frames(w, &w->s->dom[dom], n, gfn, frames, err);
	if (!ret)
		ret = foreign_place(w, dom, prot, n, frames, m);
	free(frames);
	if (ret) {
		free(m);
		return ret;
	}
	LIST_INSERT_HEAD(&w->maps, m, link);
	foreign_count(w, m, 1);
	*addr = m->addr;
	return 0;
}

int sim_foreign_unmap(struct sim_world *w, void *addr, size_t n)
{
	struct sim_map *m = sim_map_find(w, SIM_MAP_FOREIGN, addr);

	/* privcmd does not let a mapping be split. */
	if (!m || m->pages != n) {
		sim_violate(w, "%zu pages of foreign memory unmapped that were not mapped like this",
			    n);
		return -EINVAL;
	}
	munmap(addr, n * SIM_PAGE);
	foreign_count(w, m, -1);
	LIST_REMOVE(m, link);
	sim_bury(w, m->dom);
	free(m);
	return 0;
}

/* --- the ioreq page ------------------------------------------------------------------ */

static void resource_count(struct sim_world *w, const struct sim_map *m,
			   int sign)
{
	struct sim_process *p = &w->s->process[w->process];
	struct sim_domain *d = &w->s->dom[m->dom];

	p->resource_pages[m->dom] += (uint32_t)sign;
	p->io_maps[m->dom][m->first] += (uint8_t)sign;
	d->resource_pages += (uint32_t)sign;
	d->io_maps[m->first] += (uint32_t)sign;
}

int sim_resource_map(struct sim_world *w, uint32_t domid, uint32_t server,
		     int prot, void **addr)
{
	uint32_t dom = sim_find(w, domid);
	struct sim_map *m;
	uint32_t page;
	int ret;

	if (!dom || !sim_alive(&w->s->dom[dom]))
		return -ESRCH;
	ret = sim_server_page(&w->s->dom[dom], server, &page);
	if (ret)
		return ret;
	m = malloc(sizeof(*m));
	if (!m)
		return -ENOMEM;
	*m = (struct sim_map){ .kind = SIM_MAP_RESOURCE, .pages = 1,
			       .dom = dom, .first = page };
	m->addr = mmap(NULL, SIM_PAGE, prot, MAP_SHARED, w->fd,
		       (char *)&w->s->dom[dom].io[page] - (char *)w->s);
	if (m->addr == MAP_FAILED) {
		ret = -errno;
		free(m);
		return ret;
	}
	LIST_INSERT_HEAD(&w->maps, m, link);
	resource_count(w, m, 1);
	*addr = m->addr;
	return 0;
}

int sim_resource_unmap(struct sim_world *w, void *addr)
{
	struct sim_map *m = sim_map_find(w, SIM_MAP_RESOURCE, addr);

	if (!m)
		return -EINVAL;
	munmap(addr, SIM_PAGE);
	resource_count(w, m, -1);
	LIST_REMOVE(m, link);
	sim_bury(w, m->dom);
	free(m);
	return 0;
}
