/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interrupts into the guest.
 */
#ifndef XEN_IRQ_H
#define XEN_IRQ_H

#include <stdint.h>

struct xen_dm;

/*
 * One edge on an Arm shared peripheral interrupt, @irq its absolute number
 * (32 and up). libxl describes the line to the guest as rising edge, so there
 * is nothing to lower. Edges merge while one is pending. 0 or -errno; -EINVAL
 * when the line does not exist or belongs to a passed-through device.
 */
int irq_raise(struct xen_dm *dm, uint32_t irq);

/*
 * x86 only, elsewhere Xen refuses. The level of pin INTA of device @slot on PCI
 * bus 0: it interrupts for as long as it is 1.
 */
int irq_set_intx(struct xen_dm *dm, uint32_t slot, uint32_t level);

/*
 * x86 only. A message-signalled interrupt, as the guest has put it into the
 * table of its device. -EINVAL and -ERANGE: what it put there is none.
 */
int irq_send_msi(struct xen_dm *dm, uint64_t address, uint32_t data);

#endif
