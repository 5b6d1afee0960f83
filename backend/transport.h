/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The seam between Xen and a disk: how the guest's accesses reach the device,
 * and how the device reaches the guest. A transport finds the disk that an
 * access is for, lets its register machine (vmmio.h) decode it, has the device
 * carry out the effect, and turns the device's events into its kind of
 * interrupt. Registers that are the transport's own live in the state as well.
 *
 * Functions return 0 or -errno.
 */
#ifndef BACKEND_TRANSPORT_H
#define BACKEND_TRANSPORT_H

#include <stdbool.h>

#include "backend/device.h"
#include "xen/ioreq.h"

struct xen_dm;

struct transport {		/* of one guest; the handles are borrowed */
	struct xen_ioreq *io;
	struct xen_dm *dm;
};

/*
 * The disk can be reached from now on, where its registers say. @attach: an
 * earlier worker may have done it.
 */
int transport_open(struct transport *t, struct device *dev, bool attach);
/* It can't any more. */
int transport_close(struct transport *t, struct device *dev);

/* Is @acc for the disk with these registers? The device need not be there. */
bool transport_owns(const struct state_disk *reg,
		    const struct ioreq_access *acc);

/*
 * Door 2. After DEVICE_WAIT the same access is to be handed in again; it has
 * changed nothing that would make the second time another.
 */
enum device_answer transport_access(struct transport *t, struct device *dev,
				    struct ioreq_access *acc);

/*
 * Tell the guest of dev->events. After a failure they, or what is left of
 * them, are still there: try again later.
 */
int transport_notify(struct transport *t, struct device *dev);

#endif
