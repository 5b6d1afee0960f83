// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Grant tables. As with Xen, each grant of each mapping has an entry of its own
 * in a table that is as long as Xen's, so that a process that is killed loses
 * exactly what it had. A guest that takes a grant back learns what Linux would
 * learn: that it is still in use, also when the unmap is under way but late.
 *
 * A copy happens under the lock, as a hypercall does: no guest sees a grant in
 * use because of it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "tests/sim/sim.h"
#include <xen/grant_table.h>

/* --- the guest's side -------------------------------------------------------------- */

static struct sim_grant *dom_grant(struct sim_dom *dom, uint32_t ref)
{
	struct sim_domain *d = &dom->w->s->dom[dom->index];

	if (d->domid != dom->domid || !sim_alive(d) || ref >= d->grant_entries)
		return NULL;
	return &d->grant[ref];
}

int sim_grant(struct sim_dom *dom, uint32_t ref, uint64_t gfn,
	      enum sim_grant_access access)
{
	struct sim_grant *g;
	int ret = -EINVAL;

	sim_lock(dom->w);
	g = dom_grant(dom, ref);
	if (g && gfn <= UINT32_MAX && ref >= SIM_GRANT_FIRST) {
		ret = -EBUSY;
		if (!g->granted && !g->maps) {
			g->gfn = (uint32_t)gfn;
			g->granted = access == SIM_GRANT_WRITE ?
				SIM_GRANTED_WRITE : SIM_GRANTED_READ;
			ret = 0;
		}
	}
	sim_unlock(dom->w);
	return ret;
}

static int ungrant(struct sim_world *w, struct sim_grant *g)
{
	if (!g->granted)
		return -ENOENT;
	if (g->maps) {
		/* Only what is really there counts. */
		sim_reap(w);
		sim_grant_settle(w);
	}
	if (g->maps) {
		w->s->busy_ungrants++;
		return -EBUSY;
	}
	g->granted = SIM_GRANTED_NOT;
	return 0;
}

int sim_ungrant(struct sim_dom *dom, uint32_t ref)
{
	struct sim_grant *g;
	int ret = -EINVAL;

	sim_lock(dom->w);
	g = dom_grant(dom, ref);
	if (g && ref >= SIM_GRANT_FIRST)
		ret = ungrant(dom->w, g);
	sim_unlock(dom->w);
	return ret;
}

uint32_t sim_grant_entries(const struct sim_dom *dom)
{
	return dom->w->s->dom[dom->index].grant_entries;
}

uint32_t sim_grant_mapped(struct sim_dom *dom, uint32_t ref)
{
	struct sim_grant *g;
	uint32_t maps = 0;

	sim_lock(dom->w);
	sim_grant_settle(dom->w);
	g = dom_grant(dom, ref);
	if (g)
		maps = g->maps;
	sim_unlock(dom->w);
	return maps;
}

/* --- tracks ------------------------------------------------------------------------- */

static uint32_t track_get(struct sim_world *w, uint32_t dom, uint32_t ref,
			  uint32_t next)
{
	struct sim_shared *s = w->s;
	uint32_t i = s->track_free;

	if (i)
		s->track_free = s->track[i].next;
	else
		i = s->track_used++;
	s->track[i] = (struct sim_track){
		.next = next, .process = w->process, .dom = dom, .ref = ref };
	s->tracks++;
	s->dom[dom].grant_pages++;
	s->dom[dom].grant[ref].maps++;
	return i;
}

static void track_put(struct sim_world *w, uint32_t i)
{
	struct sim_shared *s = w->s;
	struct sim_track *t = &s->track[i];
	uint32_t dom = t->dom;

	s->dom[dom].grant[t->ref].maps--;
	s->dom[dom].grant_pages--;
	s->tracks--;
	s->late_tracks -= t->due != 0;
	*t = (struct sim_track){ .next = s->track_free };
	s->track_free = i;
	sim_bury(w, dom);
}

void sim_grant_settle(struct sim_world *w)
{
	uint64_t now = sim_now();

	for (uint32_t i = 1; w->s->late_tracks && i < w->s->track_used; i++)
		if (w->s->track[i].due && w->s->track[i].due <= now)
			track_put(w, i);
}

void sim_grant_forget(struct sim_world *w, uint32_t process)
{
	for (uint32_t i = 1; w->s->tracks && i < w->s->track_used; i++)
		if (w->s->track[i].process == process && !w->s->track[i].due)
			track_put(w, i);
}

/* --- map, unmap ------------------------------------------------------------------------ */

struct grant_call {
	uint32_t n;
	const uint32_t *domids, *refs;
	int prot;
	uint32_t *dom, *frame;	/* what was found */
};

static int grant_find(struct sim_world *w, const struct grant_call *c,
		      uint32_t i)
{
	uint32_t dom = sim_find(w, c->domids[i]);
	const struct sim_domain *d = &w->s->dom[dom];
	const struct sim_grant *g;
	int ret = sim_call(w, SIM_GNT_PAGE, 0);

	/* gntdev knows one error for all of them. */
	if (ret || !dom || !sim_alive(d) || c->refs[i] >= d->grant_entries)
		return -EINVAL;
	g = &d->grant[c->refs[i]];
	if (!g->granted || (g->granted == SIM_GRANTED_READ &&
			    (c->prot & PROT_WRITE)))
		return -EINVAL;
	c->dom[i] = dom;
	c->frame[i] = sim_frame(d, g->gfn);
	if (c->frame[i] == SIM_NO_FRAME)
		return -EINVAL;
	return c->frame[i] & SIM_PAGED ? -EAGAIN : 0;
}

/* Pages of one domain that follow each other are placed together. */
static int grant_place(struct sim_world *w, const struct grant_call *c,
		       uint8_t *addr)
{
	for (uint32_t i = 0, run; i < c->n; i += run) {
		struct sim_near *near = sim_near(w, c->dom[i]);
		int ret;

		if (!near)
			return -errno;
		for (run = 1; i + run < c->n && c->dom[i + run] == c->dom[i];)
			run++;
		ret = sim_map_frames(near->ram, addr + (size_t)i * SIM_PAGE,
				     c->frame + i, run, c->prot);
		if (ret)
			return ret;
	}
	return 0;
}

static int grant_do(struct sim_world *w, const struct grant_call *c,
		    struct sim_map *m)
{
	int ret;

	for (uint32_t i = 0; i < c->n; i++) {
		ret = grant_find(w, c, i);
		if (ret)
			return ret;
	}
	sim_grant_settle(w);
	if (w->s->tracks + c->n > w->s->track_limit)
		return -EINVAL;
	m->addr = mmap(NULL, (size_t)c->n * SIM_PAGE, PROT_NONE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (m->addr == MAP_FAILED)
		return -errno;
	ret = grant_place(w, c, m->addr);
	if (ret) {
		munmap(m->addr, (size_t)c->n * SIM_PAGE);
		return ret;
	}
	m->kind = SIM_MAP_GRANT;
	m->pages = c->n;
	m->dom = c->dom[0];
	m->first = 0;
	for (uint32_t i = c->n; i-- > 0;)
		m->first = track_get(w, c->dom[i], c->refs[i], m->first);
	return 0;
}

int sim_grant_map(struct sim_world *w, uint32_t n, const uint32_t domids[],
		  const uint32_t refs[], int prot, void **addr)
{
	struct grant_call c = { n, domids, refs, prot, NULL, NULL };
	struct sim_map *m = malloc(sizeof(*m));
	int ret = -ENOMEM;

	c.dom = calloc(n, sizeof(*c.dom));
	c.frame = calloc(n, sizeof(*c.frame));
	if (m && c.dom && c.frame)
		ret = grant_do(w, &c, m);
	free(c.dom);
	free(c.frame);
	if (ret) {
		free(m);
		return ret;
	}
	LIST_INSERT_HEAD(&w->maps, m, link);
	w->s->process[w->process].grant_maps++;
	*addr = m->addr;
	return 0;
}

int sim_grant_unmap(struct sim_world *w, void *addr, uint32_t n, int late)
{
	struct sim_map *m = sim_map_find(w, SIM_MAP_GRANT, addr);
	uint64_t due = late ? sim_now() + (uint64_t)late * 1000000 : 0;

	if (!m || m->pages != n) {
		sim_violate(w, "%u grants unmapped that were not mapped like this",
			    n);
		return -EINVAL;
	}
	munmap(addr, (size_t)n * SIM_PAGE);
	for (uint32_t i = m->first, next; i; i = next) {
		next = w->s->track[i].next;
		if (due) {
			w->s->track[i].due = due;
			w->s->late_tracks++;
		} else {
			track_put(w, i);
		}
	}
	w->s->process[w->process].grant_maps--;
	LIST_REMOVE(m, link);
	free(m);
	return 0;
}

/* --- copy ---------------------------------------------------------------------------------- */

static int near_base(struct sim_world *w, uint32_t dom, uint8_t **base)
{
	struct sim_near *near = sim_near(w, dom);

	if (!near)
		return -errno;
	if (!near->base) {
		size_t len = (size_t)(w->s->dom[dom].pages + SIM_SPARE_FRAMES) *
			SIM_PAGE;
		void *map = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED,
				 near->ram, 0);

		if (map == MAP_FAILED)
			return -errno;
		near->base = map;
		near->base_len = len;
	}
	*base = near->base;
	return 0;
}

int sim_grant_page(struct sim_world *w, uint32_t domid, uint32_t ref,
		   bool writable, uint8_t **page)
{
	uint32_t dom = sim_find(w, domid), frame;
	const struct sim_domain *d = &w->s->dom[dom];
	uint8_t *base = NULL;

	if (!dom || !sim_alive(d))
		return GNTST_bad_domain;
	if (ref >= d->grant_entries || !d->grant[ref].granted)
		return GNTST_bad_gntref;
	if (writable && d->grant[ref].granted == SIM_GRANTED_READ)
		return GNTST_permission_denied;
	frame = sim_frame(d, d->grant[ref].gfn);
	/* The kernel gives up on a page that stays paged out. */
	if (frame == SIM_NO_FRAME || (frame & SIM_PAGED))
		return GNTST_bad_page;
	if (near_base(w, dom, &base))
		return GNTST_general_error;
	*page = base + (size_t)frame * SIM_PAGE;
	return GNTST_okay;
}
