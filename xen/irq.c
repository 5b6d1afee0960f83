// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Door 9: the interrupt. One hypercall each, so callers raise at most one per
 * batch and none that the guest did not ask for.
 */
#include "xen/irq.h"

#include "xen/handles.h"

/* #syscalls worker: ioctl */
int irq_raise(struct xen_dm *dm, uint32_t irq)
{
	if (xendevicemodel_set_irq_level(dm->handle, dm->domid, irq, 1))
		return xen_error();
	return 0;
}

/* #syscalls worker: ioctl */
int irq_set_intx(struct xen_dm *dm, uint32_t slot, uint32_t level)
{
	if (xendevicemodel_set_pci_intx_level(dm->handle, dm->domid, 0, 0,
					      (uint8_t)slot, 0, level))
		return xen_error();
	return 0;
}

/* #syscalls worker: ioctl */
int irq_send_msi(struct xen_dm *dm, uint64_t address, uint32_t data)
{
	if (xendevicemodel_inject_msi(dm->handle, dm->domid, address, data))
		return xen_error();
	return 0;
}
