// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The device-model handle of one guest. ioreq.c and irq.c make the calls;
 * this file only opens, restricts and closes.
 */
#include "xen/dm.h"

#include <stdlib.h>

#include "xen/handles.h"
#include "xen/quiet.h"

int xen_dm_open(struct xen_dm **dm, uint32_t domid)
{
	struct xen_dm *d = calloc(1, sizeof(*d));
	int ret;

	*dm = NULL;
	if (!d)
		return -ENOMEM;
	d->domid = (domid_t)domid;
	d->handle = xendevicemodel_open(&xen_quiet, 0);
	if (!d->handle) {
		ret = xen_error();
		free(d);
		return ret;
	}
	*dm = d;
	return 0;
}

void xen_dm_close(struct xen_dm *dm)
{
	if (!dm)
		return;
	xendevicemodel_close(dm->handle);
	free(dm);
}

int xen_dm_probe(struct xen_dm *dm)
{
	unsigned int vcpus;
	int ret = 0;

	if (xendevicemodel_nr_vcpus(dm->handle, dm->domid, &vcpus))
		ret = xen_error();
	return ret == -ESRCH ? 0 : ret;
}
