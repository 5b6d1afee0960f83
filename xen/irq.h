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

#endif
