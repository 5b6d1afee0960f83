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
