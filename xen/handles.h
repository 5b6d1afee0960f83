/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside xen/ only: what the opaque handles of the public headers hold.
 */
#ifndef XEN_HANDLES_H
#define XEN_HANDLES_H

/* Xen shows the device-model interface to programs that ask for it. */
#define __XEN_TOOLS__ 1

#include <errno.h>
#include <stdint.h>

#include <xendevicemodel.h>
#include <xenevtchn.h>
#include <xenforeignmemory.h>
#include <xengnttab.h>

#include "xen/foreign.h"

struct xen_dm {
	xendevicemodel_handle *handle;
	domid_t domid;
};

struct xen_evtchn {
	xenevtchn_handle *handle;
	domid_t domid;
};

struct xen_foreign {
	xenforeignmemory_handle *handle;
	domid_t domid;
	xen_pfn_t *gfn;		/* scratch of one map call */
	uint32_t max_pages;
};

/* The libraries say -1 and errno; everybody above xen/ hears -errno. */
static inline int xen_error(void)
{
	return errno > 0 ? -errno : -EIO;
}

#endif
