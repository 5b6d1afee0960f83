// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ioreq servers: who gets which access. They belong to the domain, not to the
 * process that made them, and are there until they are destroyed or the domain
 * is. Enabling one is what writes the event channels into its page.
 */
#include <errno.h>
#include <string.h>

#include "tests/sim/sim.h"

static struct sim_server *server(struct sim_domain *d, uint32_t id)
{
	return id < SIM_SERVERS && d->server[id].used ? &d->server[id] : NULL;
}

static uint32_t server_free_id(const struct sim_domain *d)
{
	uint32_t id = 0;

	while (id < SIM_SERVERS && d->server[id].used)
		id++;
	return id;
}

int sim_server_create(struct sim_world *w, struct sim_domain *d, uint16_t *id)
{
	uint32_t i = server_free_id(d);
	struct sim_server *s = &d->server[i];

	if (d->state == SIM_DYING)
		return -EINVAL;
	if (i == SIM_SERVERS)
		return -ENOSPC;
	memset(s, 0, sizeof(*s));
	s->page = SIM_IO_PAGES;
	for (uint32_t v = 0; v < d->vcpus; v++) {
		int port = sim_guest_port(d, (int)v);

		if (port < 0) {
			while (v-- > 0)
				sim_guest_port_close(w, d, s->port[v]);
			return port;
		}
		s->port[v] = (uint16_t)port;
	}
	s->used = true;
	*id = (uint16_t)i;
	return 0;
}

static void server_end(struct sim_world *w, struct sim_domain *d, uint32_t id)
{
	struct sim_server *s = &d->server[id];

	for (uint32_t v = 0; v < d->vcpus; v++) {
		d->vcpu[v].waits[id] = false;
		sim_guest_port_close(w, d, s->port[v]);
	}
	s->used = s->enabled = false;
	sim_wake(w, (uint32_t)(d - w->s->dom));
}

int sim_server_destroy(struct sim_world *w, struct sim_domain *d, uint32_t id)
{
	if (!server(d, id))
		return -ENOENT;
	/* Xen frees the page in which the vCPU is about to look. */
	for (uint32_t v = 0; v < d->vcpus; v++)
		if (d->vcpu[v].waits[id])
			sim_violate(w, "dom%u: ioreq server %u destroyed while vCPU %u waits in it",
				    d->domid, id, v);
	server_end(w, d, id);
	return 0;
}

void sim_server_destroy_all(struct sim_world *w, struct sim_domain *d)
{
	for (uint32_t id = 0; id < SIM_SERVERS; id++)
		if (d->server[id].used)
			server_end(w, d, id);
}

int sim_server_enable(struct sim_domain *d, uint32_t id, bool on)
{
	struct sim_server *s = server(d, id);

	if (!s)
		return -ENOENT;
	/* Without a page there is nowhere to write the ports. */
	for (uint32_t v = 0; on && !s->enabled && v < d->vcpus; v++)
		if (s->page < SIM_IO_PAGES)
			sim_slot(d, id, v)->vp_eport = s->port[v];
	s->enabled = on;
	return 0;
}

int sim_server_page(struct sim_domain *d, uint32_t id, uint32_t *page)
{
	struct sim_server *s = server(d, id);
	bool taken[SIM_IO_PAGES] = { false };

	if (!s)
		return -ENOENT;
	if (s->page == SIM_IO_PAGES) {
		/* One that no server has and nobody still looks at. */
		for (uint32_t i = 0; i < SIM_SERVERS; i++)
			if (d->server[i].used &&
			    d->server[i].page < SIM_IO_PAGES)
				taken[d->server[i].page] = true;
		for (uint32_t i = 0; i < SIM_IO_PAGES; i++)
			if (!taken[i] && !d->io_maps[i]) {
				memset(&d->io[i], 0, sizeof(d->io[i]));
				s->page = i;
				break;
			}
	}
	*page = s->page;
	return s->page == SIM_IO_PAGES ? -ENOMEM : 0;
}

int sim_server_add(struct sim_domain *d, uint32_t id,
		   const struct sim_range *range)
{
	struct sim_server *s = server(d, id);
	struct sim_range *place = NULL;

	if (!s)
		return -ENOENT;
	if (range->start > range->end)
		return -EINVAL;
	for (uint32_t i = 0; i < SIM_RANGES; i++) {
		struct sim_range *r = &s->range[i];

		if (!r->used)
			place = place ? place : r;
		else if (r->kind == range->kind && r->start <= range->end &&
			 r->end >= range->start)
			return -EEXIST;
	}
	if (!place)
		return -ENOSPC;
	*place = *range;
	place->used = true;
	return 0;
}

int sim_server_remove(struct sim_domain *d, uint32_t id,
		      const struct sim_range *range)
{
	struct sim_server *s = server(d, id);

	if (!s)
		return -ENOENT;
	for (uint32_t i = 0; i < SIM_RANGES; i++) {
		struct sim_range *r = &s->range[i];

		if (r->used && r->kind == range->kind &&
		    r->start == range->start && r->end == range->end) {
			r->used = false;
			return 0;
		}
	}
	return -ENOENT;
}

static bool server_has(const struct sim_server *s, enum sim_range_kind kind,
		       uint64_t first, uint64_t last)
{
	for (uint32_t i = 0; i < SIM_RANGES; i++)
		if (s->range[i].used && s->range[i].kind == kind &&
		    s->range[i].start <= first && s->range[i].end >= last)
			return true;
	return false;
}

int sim_server_select(const struct sim_domain *d, const struct sim_access *a)
{
	enum sim_range_kind kind = SIM_RANGE_MEMORY;
	uint64_t first = a->addr;
	uint64_t last = first + (uint64_t)a->size * (a->count ? a->count : 1) - 1;

	if (a->type == IOREQ_TYPE_PIO)
		kind = SIM_RANGE_PORT;
	if (a->type == IOREQ_TYPE_PCI_CONFIG) {
		kind = SIM_RANGE_PCI;
		first = last = a->addr >> 32;
	}
	/* The newest wins, as in Xen. */
	for (int id = SIM_SERVERS - 1; id >= 0; id--)
		if (d->server[id].used && d->server[id].enabled &&
		    server_has(&d->server[id], kind, first, last))
			return id;
	return -1;
}
