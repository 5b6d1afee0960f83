// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libxendevicemodel, the part that an ioreq server needs. Buffered requests do
 * not exist, as on Arm.
 */
#include <errno.h>
#include <stdlib.h>

#include "tests/sim/lib/base.h"
#include <xen/hvm/dm_op.h>
#include <xen/hvm/hvm_op.h>
#include <xendevicemodel.h>

struct xendevicemodel_handle {
	struct sim_base base;
};

xendevicemodel_handle *xendevicemodel_open(struct xentoollog_logger *logger,
					   unsigned int open_flags)
{
	xendevicemodel_handle *dmod = calloc(1, sizeof(*dmod));
	int ret;

	(void)logger;
	(void)open_flags;
	if (!dmod)
		return NULL;
	ret = sim_base_open(&dmod->base, SIM_DM_OPEN, sim_base_restrict);
	if (!ret)
		return dmod;
	free(dmod);
	errno = -ret;
	return NULL;
}

int xendevicemodel_close(xendevicemodel_handle *dmod)
{
	if (!dmod)
		return 0;
	sim_base_close(&dmod->base);
	free(dmod);
	return 0;
}

int xendevicemodel_restrict(xendevicemodel_handle *dmod, domid_t domid)
{
	return sim_base_restrict(&dmod->base.active, domid);
}

/* The domain, with the lock held, or -errno without. */
static int dm_enter(xendevicemodel_handle *dmod, enum sim_call call,
		    domid_t domid, struct sim_domain **d)
{
	int ret = sim_base_enter(&dmod->base, call, 1, domid);
	uint32_t dom;

	if (ret)
		return ret;
	dom = sim_find(dmod->base.w, domid);
	*d = &dmod->base.w->s->dom[dom];
	if (!dom)
		ret = -ESRCH;
	else if (!sim_alive(*d))
		ret = -EINVAL;
	else if (!sim_near(dmod->base.w, dom))
		ret = -errno;
	if (ret)
		sim_unlock(dmod->base.w);
	return ret;
}

int xendevicemodel_nr_vcpus(xendevicemodel_handle *dmod, domid_t domid,
			    unsigned int *vcpus)
{
	struct sim_domain *d;
	int ret = dm_enter(dmod, SIM_DM_VCPUS, domid, &d);

	if (ret)
		return sim_base_fail(ret);
	*vcpus = d->vcpus;
	return sim_base_leave(&dmod->base, 0);
}

/* --- ioreq servers ----------------------------------------------------------------- */

int xendevicemodel_create_ioreq_server(xendevicemodel_handle *dmod,
				       domid_t domid, int handle_bufioreq,
				       ioservid_t *id)
{
	struct sim_domain *d;
	int ret = dm_enter(dmod, SIM_DM_CREATE, domid, &d);

	if (ret)
		return sim_base_fail(ret);
	ret = handle_bufioreq == HVM_IOREQSRV_BUFIOREQ_OFF ?
		sim_server_create(dmod->base.w, d, id) : -EINVAL;
	return sim_base_leave(&dmod->base, ret);
}

int xendevicemodel_destroy_ioreq_server(xendevicemodel_handle *dmod,
					domid_t domid, ioservid_t id)
{
	struct sim_domain *d;
	int ret = dm_enter(dmod, SIM_DM_DESTROY, domid, &d);

	if (ret)
		return sim_base_fail(ret);
	return sim_base_leave(&dmod->base,
			      sim_server_destroy(dmod->base.w, d, id));
}

int xendevicemodel_set_ioreq_server_state(xendevicemodel_handle *dmod,
					  domid_t domid, ioservid_t id,
					  int enabled)
{
	struct sim_domain *d;
	int ret = dm_enter(dmod, SIM_DM_STATE, domid, &d);

	if (ret)
		return sim_base_fail(ret);
	return sim_base_leave(&dmod->base,
			      sim_server_enable(d, id, enabled != 0));
}

static int range_map(xendevicemodel_handle *dmod, domid_t domid, uint32_t id,
		     const struct sim_range *range)
{
	struct sim_domain *d;
	int ret = dm_enter(dmod, SIM_DM_MAP_RANGE, domid, &d);

	if (ret)
		return sim_base_fail(ret);
	return sim_base_leave(&dmod->base, sim_server_add(d, id, range));
}

static int range_unmap(xendevicemodel_handle *dmod, domid_t domid, uint32_t id,
		       const struct sim_range *range)
{
	struct sim_domain *d;
	int ret = dm_enter(dmod, SIM_DM_UNMAP_RANGE, domid, &d);

	if (ret)
		return sim_base_fail(ret);
	return sim_base_leave(&dmod->base, sim_server_remove(d, id, range));
}

int xendevicemodel_map_io_range_to_ioreq_server(xendevicemodel_handle *dmod,
						domid_t domid, ioservid_t id,
						int is_mmio, uint64_t start,
						uint64_t end)
{
	const struct sim_range range = { start, end, is_mmio ?
		SIM_RANGE_MEMORY : SIM_RANGE_PORT, true };

	return range_map(dmod, domid, id, &range);
}

int xendevicemodel_unmap_io_range_from_ioreq_server(xendevicemodel_handle *dmod,
						    domid_t domid,
						    ioservid_t id, int is_mmio,
						    uint64_t start,
						    uint64_t end)
{
	const struct sim_range range = { start, end, is_mmio ?
		SIM_RANGE_MEMORY : SIM_RANGE_PORT, true };

	return range_unmap(dmod, domid, id, &range);
}

static struct sim_range pci_range(uint16_t segment, uint8_t bus, uint8_t device,
				  uint8_t function)
{
	const uint64_t sbdf = (uint64_t)segment << 16 | (uint64_t)bus << 8 |
		(uint64_t)(device & 0x1f) << 3 | (function & 7);

	return (struct sim_range){ sbdf, sbdf, SIM_RANGE_PCI, true };
}

int xendevicemodel_map_pcidev_to_ioreq_server(xendevicemodel_handle *dmod,
					      domid_t domid, ioservid_t id,
					      uint16_t segment, uint8_t bus,
					      uint8_t device, uint8_t function)
{
	const struct sim_range range = pci_range(segment, bus, device,
						 function);

	return device > 0x1f || function > 7 ? sim_base_fail(-EINVAL) :
		range_map(dmod, domid, id, &range);
}

int xendevicemodel_unmap_pcidev_from_ioreq_server(xendevicemodel_handle *dmod,
						  domid_t domid, ioservid_t id,
						  uint16_t segment,
						  uint8_t bus, uint8_t device,
						  uint8_t function)
{
	const struct sim_range range = pci_range(segment, bus, device,
						 function);

	return device > 0x1f || function > 7 ? sim_base_fail(-EINVAL) :
		range_unmap(dmod, domid, id, &range);
}

/* --- interrupts ------------------------------------------------------------------------ */

static void irq_edge(struct sim_world *w, struct sim_domain *d, uint32_t irq)
{
	atomic_fetch_add(&d->irq[irq], 1);
	sim_wake(w, (uint32_t)(d - w->s->dom));
}

/* Each call with level 1 is one edge; level 0 has no effect. */
int xendevicemodel_set_irq_level(xendevicemodel_handle *dmod, domid_t domid,
				 uint32_t irq, unsigned int level)
{
	struct sim_domain *d;
	int ret = dm_enter(dmod, SIM_DM_IRQ, domid, &d);

	if (ret)
		return sim_base_fail(ret);
	if (level > 1 || irq < 32 || irq >= 1020)
		ret = -EINVAL;
	else if (level)
		irq_edge(dmod->base.w, d, irq);
	return sim_base_leave(&dmod->base, ret);
}

/* A line of the old interrupt controllers: an edge from 0 to 1 only. */
int xendevicemodel_set_isa_irq_level(xendevicemodel_handle *dmod,
				     domid_t domid, uint8_t irq,
				     unsigned int level)
{
	struct sim_domain *d;
	int ret = dm_enter(dmod, SIM_DM_IRQ, domid, &d);

	if (ret)
		return sim_base_fail(ret);
	if (level > 1 || irq > 15) {
		ret = -EINVAL;
	} else if (level && !(d->lines & 1u << irq)) {
		d->lines |= 1u << irq;
		irq_edge(dmod->base.w, d, irq);
	} else if (!level) {
		d->lines &= ~(UINT64_C(1) << irq);
	}
	return sim_base_leave(&dmod->base, ret);
}

/* Of bus 0, at the interrupt that Xen wires it to: 16 to 47. */
int xendevicemodel_set_pci_intx_level(xendevicemodel_handle *dmod,
				      domid_t domid, uint16_t segment,
				      uint8_t bus, uint8_t device,
				      uint8_t intx, unsigned int level)
{
	const uint32_t irq = ((device << 2) + (device >> 3) + intx) % 32 + 16;
	const uint64_t line = UINT64_C(1) << irq;
	struct sim_domain *d;
	int ret = dm_enter(dmod, SIM_DM_IRQ, domid, &d);

	if (ret)
		return sim_base_fail(ret);
	if (level > 1 || segment || bus || device > 31 || intx > 3) {
		ret = -EINVAL;
	} else if (level && !(d->lines & line)) {
		d->lines |= line;
		irq_edge(dmod->base.w, d, irq);
	} else if (!level) {
		d->lines &= ~line;
	}
	return sim_base_leave(&dmod->base, ret);
}

int xendevicemodel_inject_msi(xendevicemodel_handle *dmod, domid_t domid,
			      uint64_t msi_addr, uint32_t msi_data)
{
	struct sim_domain *d;
	int ret = dm_enter(dmod, SIM_DM_MSI, domid, &d);

	if (ret)
		return sim_base_fail(ret);
	if (msi_addr >> 20 != 0xfee)
		ret = -EINVAL;
	else
		irq_edge(dmod->base.w, d, SIM_MSI + (msi_data & 0xff));
	return sim_base_leave(&dmod->base, ret);
}
