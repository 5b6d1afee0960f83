// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vCPUs: what Xen does between a guest's access and its answer. The slot of a
 * vCPU may only go forward: NONE, READY, INPROCESS, RESP_READY, and the last
 * step back to NONE is Xen's. A device model that breaks this takes the guest
 * down with it. The vCPU looks at its slot only when it is signalled.
 */
#include <errno.h>

#include "tests/sim/sim.h"

struct vcpu {
	struct sim_dom *dom;
	struct sim_domain *d;
	uint32_t n;
	int server;		/* whose answer; -1: those of all */
	uint64_t data;
	int ret;
};

static int vcpu_crash(struct vcpu *v, uint32_t id, uint32_t state)
{
	sim_violate(v->dom->w, "dom%u: the slot of vCPU %u in ioreq server %u went from state %u to %u",
		    v->dom->domid, v->n, id, v->d->vcpu[v->n].seen[id], state);
	sim_end(v->dom->w, v->dom->index, SIM_CRASH);
	return -ESRCH;
}

/* 0: not yet, 1: taken, < 0: gone. */
static int vcpu_take(struct vcpu *v, uint32_t id)
{
	volatile struct ioreq *slot = sim_slot(v->d, id, v->n);
	struct sim_vcpu *vcpu = &v->d->vcpu[v->n];
	struct sim_guest_port *port;
	uint32_t state = slot->state;

	if (!vcpu->waits[id])
		return -EFAULT;
	if (state < vcpu->seen[id] || state > STATE_IORESP_READY)
		return vcpu_crash(v, id, state);
	vcpu->seen[id] = (uint8_t)state;
	port = &v->d->port[v->d->server[id].port[v->n]];
	if (state != STATE_IORESP_READY || !port->pending)
		return 0;
	/* Pairs with the device model's barrier before RESP_READY. */
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	port->pending = false;
	v->data = slot->data;
	slot->state = STATE_IOREQ_NONE;
	vcpu->waits[id] = false;
	return 1;
}

static int vcpu_gone(const struct vcpu *v)
{
	return v->d->domid != v->dom->domid || v->d->state != SIM_RUNNING ?
		-ESRCH : 0;
}

static int answered(void *arg)
{
	struct vcpu *v = arg;
	int ret = vcpu_gone(v);

	if (ret || v->d->pauses)
		return ret;
	return vcpu_take(v, (uint32_t)v->server);
}

/* It runs, and no server owes it an answer. */
static int settled(void *arg)
{
	struct vcpu *v = arg;
	int ret = vcpu_gone(v);

	if (ret || v->d->pauses)
		return ret;
	for (uint32_t id = 0; id < SIM_SERVERS; id++) {
		if (!v->d->vcpu[v->n].waits[id])
			continue;
		ret = vcpu_take(v, id);
		if (ret <= 0)
			return ret;
	}
	return 1;
}

static int vcpu_wait(struct vcpu *v, int (*done)(void *arg))
{
	struct sim_world *w = v->dom->w;

	return sim_wait(w, v->dom->index, done, v, (int)w->s->vcpu_timeout);
}

/* Fill the slot and signal. With the lock. */
static int vcpu_send(struct vcpu *v, uint32_t id, const struct sim_access *a)
{
	struct sim_server *s = &v->d->server[id];
	struct sim_vcpu *vcpu = &v->d->vcpu[v->n];
	volatile struct ioreq *slot;

	if (s->page == SIM_IO_PAGES)
		return -EFAULT;
	slot = sim_slot(v->d, id, v->n);
	if (slot->state != STATE_IOREQ_NONE ||
	    slot->vp_eport != s->port[v->n]) {
		sim_violate(v->dom->w, "dom%u: device model set bad state %u, port %u in the slot of vCPU %u",
			    v->dom->domid, slot->state, slot->vp_eport, v->n);
		return -EFAULT;
	}
	slot->addr = a->addr;
	slot->data = a->data;
	slot->count = a->count;
	slot->size = a->size;
	slot->data_is_ptr = a->data_is_ptr;
	slot->dir = a->read ? IOREQ_READ : IOREQ_WRITE;
	slot->df = 0;
	slot->type = a->type;
	v->d->port[s->port[v->n]].pending = false;
	vcpu->seen[id] = STATE_IOREQ_READY;
	vcpu->waits[id] = true;
	/* Pairs with the device model's barrier after it sees READY. */
	__atomic_thread_fence(__ATOMIC_RELEASE);
	slot->state = STATE_IOREQ_READY;
	sim_guest_port_send(v->dom->w, v->d, s->port[v->n]);
	return 0;
}

static int vcpu_broadcast(struct vcpu *v)
{
	const struct sim_access a = {
		.type = IOREQ_TYPE_INVALIDATE, .count = 1, .size = 4,
		.data = UINT64_MAX };
	int ret;

	sim_lock(v->dom->w);
	ret = vcpu_gone(v);
	v->d->vcpu[v->n].invalidate = false;
	for (uint32_t id = 0; !ret && id < SIM_SERVERS; id++)
		if (v->d->server[id].used && v->d->server[id].enabled)
			vcpu_send(v, id, &a);
	sim_unlock(v->dom->w);
	return ret ? ret : vcpu_wait(v, settled);
}

/* The vCPU runs, with nothing left to do for Xen. */
static int vcpu_enter(struct vcpu *v, struct sim_dom *dom, uint32_t n)
{
	int ret;

	*v = (struct vcpu){ .dom = dom, .d = &dom->w->s->dom[dom->index],
			    .n = n };
	if (n >= v->d->vcpus)
		return -EINVAL;
	ret = vcpu_wait(v, settled);
	if (!ret && v->d->vcpu[n].invalidate)
		ret = vcpu_broadcast(v);
	return ret;
}

static uint64_t masked(uint64_t data, uint32_t size)
{
	return size < 8 ? data & ((UINT64_C(1) << size * 8) - 1) : data;
}

int sim_access(struct sim_dom *dom, uint32_t vcpu, struct sim_access *a)
{
	struct vcpu v;
	int ret = vcpu_enter(&v, dom, vcpu);

	if (ret)
		return ret;
	sim_lock(dom->w);
	ret = vcpu_gone(&v);
	if (!ret) {
		v.server = sim_server_select(v.d, a);
		ret = v.server < 0 ? -EFAULT :
			vcpu_send(&v, (uint32_t)v.server, a);
	}
	sim_unlock(dom->w);
	if (!ret)
		ret = vcpu_wait(&v, answered);
	if (!ret && a->read)
		a->data = masked(v.data, a->size);
	return ret;
}

int sim_mmio_write(struct sim_dom *dom, uint32_t vcpu, uint64_t addr,
		   uint32_t size, uint64_t data)
{
	struct sim_access a = {
		.type = IOREQ_TYPE_COPY, .count = 1, .size = size,
		.addr = addr, .data = masked(data, size) };

	return sim_access(dom, vcpu, &a);
}

int sim_mmio_read(struct sim_dom *dom, uint32_t vcpu, uint64_t addr,
		  uint32_t size, uint64_t *data)
{
	struct sim_access a = {
		.type = IOREQ_TYPE_COPY, .read = true, .count = 1,
		.size = size, .addr = addr };
	int ret = sim_access(dom, vcpu, &a);

	if (!ret)
		*data = a.data;
	return ret;
}

int sim_invalidate(struct sim_dom *dom, uint32_t vcpu)
{
	struct vcpu v;
	int ret = vcpu_enter(&v, dom, vcpu);

	return ret ? ret : vcpu_broadcast(&v);
}

void sim_vcpu_timeout(struct sim_world *w, int ms)
{
	sim_lock(w);
	w->s->vcpu_timeout = (uint32_t)ms;
	sim_unlock(w);
}

/* --- interrupts ------------------------------------------------------------------- */

struct irq {
	struct sim_dom *dom;
	struct sim_domain *d;
	uint32_t irq, seen;
};

uint32_t sim_irqs(struct sim_dom *dom, uint32_t irq)
{
	return irq < SIM_IRQS ?
		atomic_load(&dom->w->s->dom[dom->index].irq[irq]) : 0;
}

static int irq_came(void *arg)
{
	struct irq *i = arg;

	if (atomic_load(&i->d->irq[i->irq]) != i->seen)
		return 1;
	return i->d->domid != i->dom->domid || !sim_alive(i->d) ? -ESRCH : 0;
}

int sim_irq_wait(struct sim_dom *dom, uint32_t irq, uint32_t seen,
		 int timeout_ms)
{
	struct irq i = { dom, &dom->w->s->dom[dom->index], irq, seen };

	if (irq >= SIM_IRQS)
		return -EINVAL;
	return sim_wait(dom->w, dom->index, irq_came, &i, timeout_ms);
}
