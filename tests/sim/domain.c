// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Domains: how they begin, stop and go. A domain that is destroyed while
 * somebody has memory of it mapped is a zombie until that ends, as in Xen.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include "tests/sim/sim.h"
#include <xen/grant_table.h>

/* Where libxl puts a guest's pages for xenstore and console on Arm. */
#define STORE_GFN 0x39001u

uint32_t sim_find(struct sim_world *w, uint32_t domid)
{
	for (uint32_t i = 1; i < SIM_DOMS; i++)
		if (w->s->dom[i].state != SIM_GONE &&
		    w->s->dom[i].domid == domid)
			return i;
	return 0;
}

void sim_near_close(struct sim_near *near)
{
	if (near->base)
		munmap(near->base, near->base_len);
	if (near->ram >= 0)
		close(near->ram);
	if (near->wake >= 0)
		close(near->wake);
	*near = (struct sim_near){ .ram = -1, .wake = -1 };
}

static void ram_path(char *path, size_t len, uint32_t domid)
{
	snprintf(path, len, "ram.%u", domid);
}

struct sim_near *sim_near(struct sim_world *w, uint32_t dom)
{
	struct sim_near *near = &w->near[dom];
	char path[32];
	int flags;

	if (near->domid == w->s->dom[dom].domid)
		return near;
	sim_near_close(near);
	ram_path(path, sizeof(path), w->s->dom[dom].domid);
	near->ram = openat(w->dirfd, path, O_RDWR | O_CLOEXEC);
	if (near->ram < 0)
		return NULL;
	near->wake = sim_pipe_make(w, "wake", w->s->dom[dom].domid);
	if (near->wake < 0) {
		errno = -near->wake;
		sim_near_close(near);
		return NULL;
	}
	flags = fcntl(near->wake, F_GETFL);
	fcntl(near->wake, F_SETFL, flags | O_NONBLOCK);
	near->domid = w->s->dom[dom].domid;
	return near;
}

/* --- begin -------------------------------------------------------------------- */

/* Entries are used in turn, so that who comes late to a dead domain sees it. */
static uint32_t domain_free_entry(struct sim_shared *s)
{
	for (uint32_t n = 1; n < SIM_DOMS; n++) {
		uint32_t i = s->next_dom;

		s->next_dom = i + 1 < SIM_DOMS ? i + 1 : 1;
		if (s->dom[i].state == SIM_GONE)
			return i;
	}
	return 0;
}

static void leader_init(pthread_mutex_t *leader)
{
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(leader, &attr);
	pthread_mutexattr_destroy(&attr);
}

static int ram_make(struct sim_world *w, struct sim_domain *d)
{
	char path[32];
	int fd, ret;

	ram_path(path, sizeof(path), d->domid);
	fd = openat(w->dirfd, path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC,
		    0600);
	if (fd < 0)
		return -errno;
	/* Sparse: spare frames and untouched ones cost nothing. */
	ret = ftruncate(fd, (off_t)(d->pages + SIM_SPARE_FRAMES) * SIM_PAGE) ?
		-errno : 0;
	close(fd);
	return ret;
}

static int domain_fill(struct sim_world *w, struct sim_domain *d,
		       const struct sim_dom_config *c)
{
	d->domid = w->s->next_domid++;
	snprintf(d->name, sizeof(d->name), "%s", c->name);
	if (c->uuid)
		memcpy(d->uuid, c->uuid, sizeof(d->uuid));
	else if (getrandom(d->uuid, sizeof(d->uuid), 0) != sizeof(d->uuid))
		return -EIO;
	d->vcpus = c->vcpus;
	d->grant_entries = c->grant_entries ? c->grant_entries : SIM_GRANTS;
	d->pages = (uint32_t)(c->ram_bytes / SIM_PAGE);
	for (uint32_t i = 0; i < d->pages; i++)
		d->frame[i] = i;
	/* One frame more for the store's page, which is not in RAM. */
	d->frames = d->pages + 1;
	d->store_gfn = STORE_GFN;
	d->store_port = (uint32_t)sim_guest_port(d, -1);
	d->grant[GNTTAB_RESERVED_XENSTORE] = (struct sim_grant){
		.gfn = STORE_GFN, .granted = SIM_GRANTED_WRITE };
	leader_init(&d->leader);
	return ram_make(w, d);
}

static bool config_sane(const struct sim_dom_config *c)
{
	return c->name && c->vcpus && c->vcpus <= SIM_VCPUS && c->ram_bytes &&
		!(c->ram_bytes % SIM_PAGE) && c->ram_bytes <= SIM_RAM_MAX &&
		c->grant_entries <= SIM_GRANTS &&
		(!c->grant_entries || c->grant_entries >= SIM_GRANT_FIRST);
}

static int domain_make(struct sim_world *w, const struct sim_dom_config *c,
		       uint32_t *domid)
{
	struct sim_domain *d;
	uint32_t i;
	int ret;

	if (!config_sane(c))
		return -EINVAL;
	sim_reap(w);
	i = domain_free_entry(w->s);
	if (!i)
		return -ENOSPC;
	d = &w->s->dom[i];
	/* Zeros, without touching what has never been used. */
	if (fallocate(w->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		      (char *)d - (char *)w->s, sizeof(*d)))
		return -errno;
	ret = domain_fill(w, d, c);
	*domid = d->domid;
	if (!ret)
		d->state = SIM_RUNNING;
	return ret;
}

struct sim_dom *sim_dom_create(struct sim_world *w,
			       const struct sim_dom_config *config)
{
	uint32_t domid = 0;
	int ret;

	sim_lock(w);
	ret = domain_make(w, config, &domid);
	sim_unlock(w);
	if (!ret)
		return sim_dom_open(w, domid);
	errno = -ret;
	return NULL;
}

/* --- handles -------------------------------------------------------------------- */

/* The guest's own view: its pages in order, holes where it gave some back. */
static int dom_map(struct sim_dom *dom, struct sim_domain *d)
{
	struct sim_near *near = sim_near(dom->w, dom->index);
	void *ram;

	if (!near)
		return -errno;
	dom->ram_size = (uint64_t)d->pages * SIM_PAGE;
	ram = mmap(NULL, dom->ram_size, PROT_NONE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (ram == MAP_FAILED)
		return -errno;
	dom->ram = ram;
	return sim_map_frames(near->ram, ram, d->frame, d->pages,
			      PROT_READ | PROT_WRITE);
}

static int dom_find(struct sim_dom *dom, uint32_t domid)
{
	dom->index = sim_find(dom->w, domid);
	if (!dom->index)
		return -ESRCH;
	dom->domid = domid;
	return dom_map(dom, &dom->w->s->dom[dom->index]);
}

struct sim_dom *sim_dom_open(struct sim_world *w, uint32_t domid)
{
	struct sim_dom *dom = calloc(1, sizeof(*dom));
	int ret;

	if (!dom)
		return NULL;
	dom->w = w;
	sim_lock(w);
	ret = dom_find(dom, domid);
	sim_unlock(w);
	if (!ret)
		return dom;
	sim_dom_close(dom);
	errno = -ret;
	return NULL;
}

void sim_dom_close(struct sim_dom *dom)
{
	if (dom->ram)
		munmap(dom->ram, dom->ram_size);
	free(dom);
}

uint32_t sim_domid(const struct sim_dom *dom)
{
	return dom->domid;
}

void *sim_ram(struct sim_dom *dom)
{
	return dom->ram;
}

uint64_t sim_ram_size(const struct sim_dom *dom)
{
	return dom->ram_size;
}

/* --- stop and go ------------------------------------------------------------------ */

void sim_bury(struct sim_world *w, uint32_t dom)
{
	struct sim_domain *d = &w->s->dom[dom];
	char path[32];

	if (d->state != SIM_DYING || d->foreign_pages || d->grant_pages ||
	    d->resource_pages)
		return;
	d->state = SIM_GONE;
	ram_path(path, sizeof(path), d->domid);
	unlinkat(w->dirfd, path, 0);
	sim_pipe_remove(w, "wake", d->domid);
	sim_virq(w, VIRQ_DOM_EXC);
}

void sim_end(struct sim_world *w, uint32_t dom, enum sim_shutdown reason)
{
	w->s->dom[dom].state = SIM_SHUT;
	w->s->dom[dom].reason = reason;
	sim_wake(w, dom);
	sim_virq(w, VIRQ_DOM_EXC);
}

static void domain_kill(struct sim_world *w, uint32_t dom)
{
	struct sim_domain *d = &w->s->dom[dom];

	d->state = SIM_DYING;
	sim_server_destroy_all(w, d);
	for (uint32_t i = 1; i < SIM_GUEST_PORTS; i++)
		sim_guest_port_close(w, d, i);
	sim_wake(w, dom);
	sim_virq(w, VIRQ_DOM_EXC);
	sim_reap(w);
	sim_grant_settle(w);
	sim_bury(w, dom);
}

/* change(w, dom, arg) under the lock, if the domain is still there. */
static int dom_change(struct sim_dom *dom,
		      int (*change)(struct sim_world *w, uint32_t dom, int arg),
		      int arg)
{
	struct sim_world *w = dom->w;
	struct sim_domain *d = &w->s->dom[dom->index];
	int ret = -ESRCH;

	sim_lock(w);
	if (d->domid == dom->domid && sim_alive(d))
		ret = change(w, dom->index, arg);
	sim_unlock(w);
	return ret;
}

static int change_kill(struct sim_world *w, uint32_t dom, int arg)
{
	(void)arg;
	domain_kill(w, dom);
	return 0;
}

static int change_end(struct sim_world *w, uint32_t dom, int arg)
{
	if (w->s->dom[dom].state != SIM_RUNNING)
		return -EINVAL;
	sim_end(w, dom, (enum sim_shutdown)arg);
	return 0;
}

static int change_pauses(struct sim_world *w, uint32_t dom, int arg)
{
	if (arg < 0 && !w->s->dom[dom].pauses)
		return -EINVAL;
	w->s->dom[dom].pauses += (uint32_t)arg;
	sim_wake(w, dom);
	return 0;
}

int sim_dom_destroy(struct sim_dom *dom)
{
	return dom_change(dom, change_kill, 0);
}

int sim_dom_shutdown(struct sim_dom *dom, enum sim_shutdown reason)
{
	return dom_change(dom, change_end, (int)reason);
}

int sim_dom_pause(struct sim_dom *dom)
{
	return dom_change(dom, change_pauses, 1);
}

int sim_dom_unpause(struct sim_dom *dom)
{
	return dom_change(dom, change_pauses, -1);
}

static const struct sim_domain *domain_from(const struct sim_shared *s,
					    uint32_t domid)
{
	const struct sim_domain *best = NULL;

	for (uint32_t i = 1; i < SIM_DOMS; i++) {
		const struct sim_domain *d = &s->dom[i];

		if (d->state != SIM_GONE && d->domid >= domid &&
		    (!best || d->domid < best->domid))
			best = d;
	}
	return best;
}

int sim_dom_info(struct sim_world *w, uint32_t domid, struct sim_dom_info *out)
{
	const struct sim_domain *d;

	sim_lock(w);
	sim_reap(w);
	d = domain_from(w->s, domid);
	if (d) {
		*out = (struct sim_dom_info){
			.domid = d->domid, .vcpus = d->vcpus,
			.ram_bytes = (uint64_t)d->pages * SIM_PAGE,
			.state = d->state, .reason = d->reason,
			.store_port = d->store_port, .store_gfn = d->store_gfn,
			.mapped_pages = d->foreign_pages + d->grant_pages +
				d->resource_pages,
		};
		memcpy(out->name, d->name, sizeof(out->name));
		memcpy(out->uuid, d->uuid, sizeof(out->uuid));
	}
	sim_unlock(w);
	return d ? 0 : -ENOENT;
}
