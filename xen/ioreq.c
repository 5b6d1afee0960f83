// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Door 1: the guest's accesses. Xen stops a vCPU, fills its slot of the shared
 * page, sets the slot READY and signals the vCPU's event channel. We copy the
 * slot once, set it INPROCESS, and whoever handles the access answers through
 * ioreq_done(): data, then RESP_READY, then the event that wakes the vCPU.
 *
 * The page belongs to Xen, the guest cannot write it. It outlives us: a slot
 * found INPROCESS that we did not take was taken by a worker that died, and is
 * taken again. A write repeated changes nothing. A read of PCI's interrupt
 * status may have cleared it for nobody; but a disk that is taken up again
 * raises its interrupts once more.
 */
#include "xen/ioreq.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "xen/evtchn.h"
#include "xen/handles.h"
#include <xen/hvm/dm_op.h>
#include <xen/hvm/ioreq.h>
#include <xen/memory.h>

struct ioreq_vcpu {
	int port;		/* local, -1: not bound */
	bool taken;		/* between ioreq_next() and ioreq_done() */
};

struct xen_ioreq {
	struct xen_dm *dm;
	struct xen_evtchn *ec;
	struct xen_foreign *f;
	ioservid_t id;
	bool created;		/* here, not taken up */
	uint32_t vcpus;
	uint32_t taken;		/* of them */
	xenforeignmemory_resource_handle *resource;
	struct shared_iopage *page;
	struct ioreq_vcpu *vcpu;
};

static volatile struct ioreq *ioreq_slot(struct xen_ioreq *io, uint32_t vcpu)
{
	return &io->page->vcpu_ioreq[vcpu];
}

static int ioreq_make_server(struct xen_ioreq *io, uint32_t *id)
{
	if (*id != UINT32_MAX) {
		io->id = (ioservid_t)*id;
		return 0;
	}
	if (xendevicemodel_create_ioreq_server(io->dm->handle, io->dm->domid,
					       HVM_IOREQSRV_BUFIOREQ_OFF,
					       &io->id))
		return xen_error();
	io->created = true;
	*id = io->id;
	return 0;
}

static int ioreq_map_page(struct xen_ioreq *io)
{
	void *addr = NULL;

	io->resource = xenforeignmemory_map_resource(io->f->handle,
			io->dm->domid, XENMEM_resource_ioreq_server, io->id,
			XENMEM_resource_ioreq_server_frame_ioreq(0), 1, &addr,
			PROT_READ | PROT_WRITE, 0);
	if (!io->resource)
		return xen_error();
	io->page = addr;
	return 0;
}

static int ioreq_set_enabled(struct xen_ioreq *io, int enabled)
{
	if (xendevicemodel_set_ioreq_server_state(io->dm->handle, io->dm->domid,
						  io->id, enabled))
		return xen_error();
	return 0;
}

static int ioreq_bind(struct xen_ioreq *io)
{
	for (uint32_t i = 0; i < io->vcpus; i++) {
		int port = xen_evtchn_bind(io->ec, ioreq_slot(io, i)->vp_eport);

		if (port < 0)
			return port;
		io->vcpu[i].port = port;
	}
	return 0;
}

static int ioreq_count_vcpus(struct xen_ioreq *io)
{
	unsigned int n = 0;

	if (xendevicemodel_nr_vcpus(io->dm->handle, io->dm->domid, &n))
		return xen_error();
	/* One page of slots is all that Xen has. */
	if (!n || n > XEN_PAGE_BYTES / sizeof(struct ioreq))
		return -ERANGE;
	io->vcpu = calloc(n, sizeof(*io->vcpu));
	if (!io->vcpu)
		return -ENOMEM;
	for (unsigned int i = 0; i < n; i++)
		io->vcpu[i].port = -1;
	io->vcpus = n;
	return 0;
}

int ioreq_open(struct xen_ioreq **out, struct xen_dm *dm,
	       struct xen_evtchn *ec, struct xen_foreign *f, uint32_t *id,
	       const char **step)
{
	struct xen_ioreq *io = calloc(1, sizeof(*io));
	int ret;

	*out = NULL;
	*step = "calloc";
	if (!io)
		return -ENOMEM;
	io->dm = dm;
	io->ec = ec;
	io->f = f;

	*step = "nr_vcpus";
	ret = ioreq_count_vcpus(io);
	if (ret)
		goto close;
	*step = "create_ioreq_server";
	ret = ioreq_make_server(io, id);
	if (ret)
		goto close;
	*step = "map the ioreq page";
	ret = ioreq_map_page(io);
	if (ret)
		goto destroy;
	*step = "enable the ioreq server";
	/* Enabling writes each vCPU's port into the page: the page is first. */
	ret = ioreq_set_enabled(io, 1);
	if (ret)
		goto destroy;
	*step = "bind event channels";
	ret = ioreq_bind(io);
	if (ret)
		goto destroy;
	*out = io;
	return 0;

destroy:
	/* No range yet, but once enabled an INVALIDATE may have come. */
	if (io->created) {
		*id = UINT32_MAX;
		ioreq_destroy(io);
		return ret;
	}
close:
	ioreq_close(io);
	return ret;
}

void ioreq_close(struct xen_ioreq *io)
{
	if (!io)
		return;
	for (uint32_t i = 0; i < io->vcpus; i++)
		if (io->vcpu[i].port >= 0)
			xen_evtchn_unbind(io->ec, (uint32_t)io->vcpu[i].port);
	if (io->resource)
		xenforeignmemory_unmap_resource(io->f->handle, io->resource);
	free(io->vcpu);
	free(io);
}

uint32_t ioreq_vcpus(const struct xen_ioreq *io)
{
	return io->vcpus;
}

int ioreq_add_range(struct xen_ioreq *io, uint64_t base, uint64_t size)
{
	if (xendevicemodel_map_io_range_to_ioreq_server(io->dm->handle,
			io->dm->domid, io->id, 1, base, base + size - 1))
		return xen_error();
	return 0;
}

int ioreq_remove_range(struct xen_ioreq *io, uint64_t base, uint64_t size)
{
	if (xendevicemodel_unmap_io_range_from_ioreq_server(io->dm->handle,
			io->dm->domid, io->id, 1, base, base + size - 1))
		return xen_error();
	return 0;
}

int ioreq_add_pci(struct xen_ioreq *io, uint32_t slot)
{
	if (xendevicemodel_map_pcidev_to_ioreq_server(io->dm->handle,
			io->dm->domid, io->id, 0, 0, (uint8_t)slot, 0))
		return xen_error();
	return 0;
}

int ioreq_remove_pci(struct xen_ioreq *io, uint32_t slot)
{
	if (xendevicemodel_unmap_pcidev_from_ioreq_server(io->dm->handle,
			io->dm->domid, io->id, 0, 0, (uint8_t)slot, 0))
		return xen_error();
	return 0;
}

static int ioreq_find_vcpu(const struct xen_ioreq *io, int port)
{
	for (uint32_t i = 0; i < io->vcpus; i++)
		if (io->vcpu[i].port == port)
			return (int)i;
	return -1;
}

static bool ioreq_size_ok(uint32_t size, uint32_t max)
{
	return size && size <= max && !(size & (size - 1));
}

/*
 * What a copy of a slot's fields is. Of string instructions x86 makes one
 * request with a count, or with an address in place of the data. No driver has
 * a reason to use them on our registers: they are not carried out.
 */
static enum ioreq_kind ioreq_kind(uint8_t type, uint8_t dir, bool plain,
				  uint32_t size)
{
	if (type == IOREQ_TYPE_INVALIDATE)
		return IOREQ_UNMAP_ALL;
	if (type == IOREQ_TYPE_COPY && plain && ioreq_size_ok(size, 8))
		return dir == IOREQ_READ ? IOREQ_MMIO_READ : IOREQ_MMIO_WRITE;
	if (type == IOREQ_TYPE_PCI_CONFIG && plain && ioreq_size_ok(size, 4))
		return dir == IOREQ_READ ? IOREQ_CONFIG_READ :
					   IOREQ_CONFIG_WRITE;
	return IOREQ_OTHER;
}

/* Copy the slot of @vcpu and judge the copy. */
static void ioreq_read_slot(struct xen_ioreq *io, uint32_t vcpu,
			    struct ioreq_access *acc)
{
	volatile struct ioreq *slot = ioreq_slot(io, vcpu);
	bool plain = slot->count == 1 && !slot->data_is_ptr;

	acc->vcpu = vcpu;
	acc->sbdf = 0;
	acc->addr = slot->addr;
	acc->data = slot->data;
	acc->size = slot->size;
	acc->kind = ioreq_kind(slot->type, slot->dir, plain, acc->size);
	if (acc->kind == IOREQ_CONFIG_READ || acc->kind == IOREQ_CONFIG_WRITE) {
		acc->sbdf = (uint32_t)(acc->addr >> 32);
		acc->addr &= UINT32_MAX;
	}
}

/*
 * An event that brings no access, as that of a fresh binding. An answer that
 * still lies there may be of a worker that ended before it woke the vCPU; one
 * that is woken twice looks and sleeps on.
 */
static int ioreq_pass(struct xen_ioreq *io, uint32_t vcpu, uint8_t state)
{
	uint32_t port = (uint32_t)io->vcpu[vcpu].port;
	int ret = 0;

	if (state == STATE_IORESP_READY)
		ret = xen_evtchn_notify(io->ec, port);
	return ret ? ret : xen_evtchn_unmask(io->ec, port);
}

int ioreq_next(struct xen_ioreq *io, struct ioreq_access *acc)
{
	for (;;) {
		int port = xen_evtchn_next(io->ec);
		uint8_t state;
		int vcpu, ret;

		if (port == -EAGAIN)
			return 0;
		if (port < 0)
			return port;
		vcpu = ioreq_find_vcpu(io, port);
		if (vcpu < 0)
			continue;
		/* Asked twice; masked until it is answered. */
		if (io->vcpu[vcpu].taken)
			continue;
		state = ioreq_slot(io, (uint32_t)vcpu)->state;
		if (state != STATE_IOREQ_READY &&
		    state != STATE_IOREQ_INPROCESS) {
			ret = ioreq_pass(io, (uint32_t)vcpu, state);
			if (ret)
				return ret;
			continue;
		}
		/* Pairs with the write barrier before Xen's READY. */
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		ioreq_read_slot(io, (uint32_t)vcpu, acc);
		ioreq_slot(io, (uint32_t)vcpu)->state = STATE_IOREQ_INPROCESS;
		io->vcpu[vcpu].taken = true;
		/* Each port is masked from its event to its answer. */
		acc->last = ++io->taken == io->vcpus;
		return 1;
	}
}

int ioreq_done(struct xen_ioreq *io, const struct ioreq_access *acc)
{
	volatile struct ioreq *slot = ioreq_slot(io, acc->vcpu);
	struct ioreq_vcpu *vcpu = &io->vcpu[acc->vcpu];
	int ret;

	if (vcpu->taken)
		io->taken--;
	vcpu->taken = false;
	if (acc->kind == IOREQ_MMIO_READ || acc->kind == IOREQ_CONFIG_READ)
		slot->data = acc->data;
	else if (acc->kind == IOREQ_OTHER && slot->dir == IOREQ_READ &&
		 !slot->data_is_ptr)
		slot->data = UINT64_MAX;
	/* Pairs with Xen's read barrier after it sees RESP_READY. */
	__atomic_thread_fence(__ATOMIC_RELEASE);
	slot->state = STATE_IORESP_READY;
	/* Wake the vCPU before the unmask: it is the one who waits. */
	ret = xen_evtchn_notify(io->ec, (uint32_t)vcpu->port);
	return ret ? ret : xen_evtchn_unmask(io->ec, (uint32_t)vcpu->port);
}

/*
 * Answer for good: nobody is there. Not by events: who took an access and never
 * answered it, we or another worker, got its event long ago. Without a port of
 * its own a vCPU can't be woken.
 */
static void ioreq_refuse(struct xen_ioreq *io, uint32_t vcpu)
{
	struct ioreq_access acc;
	uint8_t state = ioreq_slot(io, vcpu)->state;
	int port = io->vcpu[vcpu].port;

	if (port < 0)
		return;
	/* Perhaps by somebody who did not live to wake it. */
	if (state == STATE_IORESP_READY)
		xen_evtchn_notify(io->ec, (uint32_t)port);
	if (state != STATE_IOREQ_READY && state != STATE_IOREQ_INPROCESS)
		return;
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	ioreq_read_slot(io, vcpu, &acc);
	acc.data = UINT64_MAX;
	ioreq_done(io, &acc);
}

/* Has every vCPU taken its answer? */
static bool ioreq_quiet(struct xen_ioreq *io)
{
	bool quiet = true;

	for (uint32_t i = 0; io->page && i < io->vcpus; i++) {
		ioreq_refuse(io, i);
		if (ioreq_slot(io, i)->state != STATE_IOREQ_NONE)
			quiet = false;
	}
	return quiet;
}

int ioreq_destroy(struct xen_ioreq *io)
{
	const struct timespec nap = { .tv_nsec = 5000000 };
	int ret = ioreq_set_enabled(io, 0);

	/* Without that there is no end of accesses. */
	if (ret)
		goto close;
	for (int i = 0; i < 20 && !ioreq_quiet(io); i++)
		nanosleep(&nap, NULL);
	if (!ioreq_quiet(io))
		ret = -EBUSY;
	else if (xendevicemodel_destroy_ioreq_server(io->dm->handle,
						     io->dm->domid, io->id))
		ret = xen_error();
close:
	ioreq_close(io);
	return ret;
}
