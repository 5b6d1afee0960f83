// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Event channels. dom0's end belongs to an open file, a named pipe from which
 * the ports of pending events are read, four bytes each, as from
 * /dev/xen/evtchn: once read a port is masked until it is written back, and
 * what comes meanwhile is kept as one event. A new binding has an event at once.
 *
 * The guest's end survives the process that was bound to it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/sim/sim.h"

/* --- files --------------------------------------------------------------------- */

/*
 * The writing end; of our own handles too, so that there is one way. Nobody in
 * the world but guests and tests may open a path at any time.
 */
static int handle_peer(struct sim_world *w, uint32_t handle, bool may_open)
{
	uint32_t number = w->s->handle[handle].number;

	if (w->peer_number[handle] == number)
		return w->peer[handle];
	if (!may_open)
		return -1;
	if (w->peer[handle] >= 0)
		close(w->peer[handle]);
	w->peer[handle] = sim_pipe_open(w, "evtchn", number);
	w->peer_number[handle] = number;
	return w->peer[handle];
}

static int handle_find(const struct sim_shared *s)
{
	for (uint32_t i = 1; i < SIM_HANDLES; i++)
		if (!s->handle[i].number)
			return (int)i;
	return -EMFILE;
}

int sim_handle_open(struct sim_world *w, int *fd)
{
	uint32_t number = ++w->s->next_number;
	int i = handle_find(w->s);

	if (i < 0) {
		sim_reap(w);
		i = handle_find(w->s);
	}
	if (i < 0)
		return i;
	*fd = sim_pipe_make(w, "evtchn", number);
	if (*fd < 0)
		return *fd;
	w->s->handle[i] = (struct sim_handle){
		.number = number, .process = w->process, .restricted = -1 };
	handle_peer(w, (uint32_t)i, true);
	return i;
}

int sim_handle_adopt(struct sim_world *w, int fd)
{
	char proc[32], path[512], *name;
	uint32_t number;
	ssize_t n;

	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
	n = readlink(proc, path, sizeof(path) - 1);
	if (n < 0)
		return -errno;
	path[n] = '\0';
	name = strrchr(path, '/');
	if (!name || sscanf(name, "/evtchn.%u", &number) != 1)
		return -EBADF;
	for (uint32_t i = 1; i < SIM_HANDLES; i++)
		if (w->s->handle[i].number == number) {
			w->s->handle[i].process = w->process;
			handle_peer(w, i, true);
			return (int)i;
		}
	return -EBADF;
}

static void port_free(struct sim_world *w, uint32_t port)
{
	struct sim_local_port *p = &w->s->local[port];

	/* The guest's end becomes unbound, ready for the next. */
	if (p->peer == SIM_PEER_GUEST)
		w->s->dom[p->dom].port[p->port].local = 0;
	*p = (struct sim_local_port){ 0 };
}

static void handle_free(struct sim_world *w, uint32_t handle)
{
	for (uint32_t i = 1; i < SIM_LOCAL_PORTS; i++)
		if (w->s->local[i].handle == handle)
			port_free(w, i);
	sim_pipe_remove(w, "evtchn", w->s->handle[handle].number);
	w->s->handle[handle] = (struct sim_handle){ 0 };
}

void sim_handle_close(struct sim_world *w, uint32_t handle)
{
	handle_free(w, handle);
}

void sim_handle_forget(struct sim_world *w, uint32_t process)
{
	for (uint32_t i = 1; i < SIM_HANDLES; i++)
		if (w->s->handle[i].number &&
		    w->s->handle[i].process == process)
			handle_free(w, i);
}

void sim_handle_meet(struct sim_world *w)
{
	for (uint32_t i = 1; i < SIM_LOCAL_PORTS; i++)
		if (w->s->local[i].handle &&
		    w->s->local[i].peer == SIM_PEER_VIRQ)
			handle_peer(w, w->s->local[i].handle, true);
}

int sim_handle_restrict(struct sim_world *w, uint32_t handle, uint32_t domid)
{
	struct sim_handle *h = &w->s->handle[handle];

	if (!domid || domid >= DOMID_FIRST_RESERVED)
		return -EINVAL;
	if (h->restricted >= 0 && h->restricted != (int32_t)domid)
		return -EINVAL;
	h->restricted = (int32_t)domid;
	return 0;
}

/* --- dom0's end ------------------------------------------------------------------- */

static void port_deliver(struct sim_world *w, uint32_t port)
{
	struct sim_local_port *p = &w->s->local[port];
	int fd;

	if (p->masked) {
		p->pending = true;
		return;
	}
	fd = handle_peer(w, p->handle,
			 !w->s->process[w->process].backend);
	/* Nobody reads: the process is gone, and the event with it. */
	if (fd < 0 || write(fd, &port, sizeof(port)) != sizeof(port))
		return;
	p->masked = true;
	p->pending = false;
}

static int port_alloc(struct sim_world *w, uint32_t handle)
{
	for (uint32_t i = 1; i < SIM_LOCAL_PORTS; i++)
		if (!w->s->local[i].handle) {
			w->s->local[i] = (struct sim_local_port){
				.handle = handle };
			return (int)i;
		}
	return -ENOSPC;
}

static int remote_find(struct sim_world *w, uint32_t domid, uint32_t remote,
		       uint32_t *dom)
{
	struct sim_guest_port *g;

	*dom = domid ? sim_find(w, domid) : 0;
	if (domid && (!*dom || !sim_alive(&w->s->dom[*dom])))
		return -ESRCH;
	if (!remote || remote >= SIM_GUEST_PORTS)
		return -EINVAL;
	g = &w->s->dom[*dom].port[remote];
	/* Bound by a process that is gone? */
	if (g->used && g->local)
		sim_reap(w);
	return g->used && !g->local ? 0 : -EINVAL;
}

int sim_port_bind(struct sim_world *w, uint32_t handle, uint32_t domid,
		  uint32_t remote)
{
	int32_t only = w->s->handle[handle].restricted;
	uint32_t dom;
	int port, ret;

	if (only >= 0 && only != (int32_t)domid)
		return -EACCES;
	ret = remote_find(w, domid, remote, &dom);
	if (ret)
		return ret;
	/* Whoever signals it later must reach its vCPUs without a path. */
	if (dom && !sim_near(w, dom))
		return -errno;
	port = port_alloc(w, handle);
	if (port < 0)
		return port;
	w->s->local[port].peer = SIM_PEER_GUEST;
	w->s->local[port].dom = dom;
	w->s->local[port].port = remote;
	w->s->dom[dom].port[remote].local = (uint16_t)port;
	port_deliver(w, (uint32_t)port);
	return port;
}

static bool virq_taken(const struct sim_shared *s, uint32_t virq)
{
	for (uint32_t i = 1; i < SIM_LOCAL_PORTS; i++)
		if (s->local[i].handle && s->local[i].port == virq &&
		    s->local[i].peer == SIM_PEER_VIRQ)
			return true;
	return false;
}

int sim_port_bind_virq(struct sim_world *w, uint32_t handle, uint32_t virq)
{
	int port;

	if (w->s->handle[handle].restricted >= 0)
		return -EACCES;
	if (virq_taken(w->s, virq))
		sim_reap(w);
	if (virq_taken(w->s, virq))
		return -EEXIST;
	port = port_alloc(w, handle);
	if (port > 0) {
		w->s->local[port].peer = SIM_PEER_VIRQ;
		w->s->local[port].port = virq;
	}
	return port;
}

void sim_virq(struct sim_world *w, uint32_t virq)
{
	for (uint32_t i = 1; i < SIM_LOCAL_PORTS; i++)
		if (w->s->local[i].handle && w->s->local[i].port == virq &&
		    w->s->local[i].peer == SIM_PEER_VIRQ)
			port_deliver(w, i);
}

static struct sim_local_port *port_own(struct sim_world *w, uint32_t handle,
				       uint32_t port)
{
	if (port && port < SIM_LOCAL_PORTS &&
	    w->s->local[port].handle == handle)
		return &w->s->local[port];
	return NULL;
}

int sim_port_unbind(struct sim_world *w, uint32_t handle, uint32_t port)
{
	if (!port_own(w, handle, port))
		return -ENOTCONN;
	port_free(w, port);
	return 0;
}

int sim_port_notify(struct sim_world *w, uint32_t handle, uint32_t port)
{
	struct sim_local_port *p = port_own(w, handle, port);
	struct sim_guest_port *g;

	if (!p)
		return -ENOTCONN;
	if (p->peer != SIM_PEER_GUEST)
		return 0;
	g = &w->s->dom[p->dom].port[p->port];
	g->pending = true;
	if (g->vcpu >= 0)
		sim_wake(w, p->dom);
	return 0;
}

int sim_port_unmask(struct sim_world *w, uint32_t handle, uint32_t port)
{
	struct sim_local_port *p = port_own(w, handle, port);

	/* The kernel skips what is not this file's. */
	if (!p || !p->masked)
		return 0;
	p->masked = false;
	if (p->pending)
		port_deliver(w, port);
	return 0;
}

/* --- the guest's end ------------------------------------------------------------------ */

int sim_guest_port(struct sim_domain *d, int vcpu)
{
	for (uint32_t i = 1; i < SIM_GUEST_PORTS; i++)
		if (!d->port[i].used) {
			d->port[i] = (struct sim_guest_port){
				.used = true, .vcpu = (int16_t)vcpu };
			return (int)i;
		}
	return -ENOSPC;
}

/* dom0's end stays, and leads nowhere. */
void sim_guest_port_close(struct sim_world *w, struct sim_domain *d,
			  uint32_t port)
{
	struct sim_guest_port *g = &d->port[port];

	if (g->local)
		w->s->local[g->local].peer = SIM_PEER_NONE;
	*g = (struct sim_guest_port){ 0 };
}

void sim_guest_port_send(struct sim_world *w, struct sim_domain *d,
			 uint32_t port)
{
	if (d->port[port].used && d->port[port].local)
		port_deliver(w, d->port[port].local);
}
