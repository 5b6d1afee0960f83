/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The device-model operations of one guest (Xen: xen/hvm/dm_op.h).
 *
 * One handle serves one guest. Not fork-safe: a child may only close it. Not
 * thread-safe. Nothing here logs. All functions return 0 or -errno; a Xen
 * without CONFIG_IOREQ_SERVER answers every operation with -ENOSYS, a guest
 * that is gone with -ESRCH.
 */
#ifndef XEN_DM_H
#define XEN_DM_H

#include <stdint.h>

struct xen_dm;

/* *dm is NULL after a failure. */
int xen_dm_open(struct xen_dm **dm, uint32_t domid);
void xen_dm_close(struct xen_dm *dm);

/*
 * Does this Xen have device-model operations? 0, whether the guest is there or
 * not; -ENOSYS as above; anything else is why it can't be said.
 */
int xen_dm_probe(struct xen_dm *dm);

#endif
