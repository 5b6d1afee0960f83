/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The seam between Xen and a disk: how the guest's accesses reach the device,
 * and how the device reaches the guest. A transport finds the disk that an
 * access is for, lets its register machine (vmmio.h, vpci.h) decode it, has the
 * device carry out the effect, and turns the device's events into its kind of
 * interrupt. Registers that are the transport's own live in the state as well.
 *
 * Functions return 0 or -errno.
 */
#ifndef BACKEND_TRANSPORT_H
#define BACKEND_TRANSPORT_H

#include <stdbool.h>

#include <stddef.h>

#include "backend/device.h"
#include "backend/log.h"
#include "backend/proto.h"
#include "xen/ioreq.h"

struct xen_dm;

struct transport {		/* of one guest */
	struct xen_ioreq *io;		/* borrowed, as the next two */
	struct xen_dm *dm;
	struct state_disk *disk;	/* its STATE_MAX_DISKS */
	uint32_t domid;
	struct log_limit limit;		/* of lines about the guest */
};

/*
 * One transport. The functions below choose by the disk's registers and say
 * what each does.
 */
struct transport_kind {
	void (*init)(struct state_disk *reg, const struct proto_disk *desc);
	void (*describe)(const struct state_disk *reg, char *text, size_t len);
	int (*open)(struct transport *t, struct device *dev, bool attach);
	int (*close)(struct transport *t, struct state_disk *reg);
	bool (*owns)(const struct state_disk *reg,
		     const struct ioreq_access *acc, uint64_t *offset);
	enum device_answer (*access)(struct transport *t, struct device *dev,
				     uint64_t offset, struct ioreq_access *acc,
				     struct vdev_effect *effect);
	int (*notify)(struct transport *t, struct device *dev);
};

extern const struct transport_kind transport_mmio, transport_pci;

/*
 * For a transport with one line: events go into the interrupt status. True if
 * it has a bit that it had not, so that the line is needed.
 */
bool transport_set_isr(struct device *dev);

/* First registers for a disk that is new to its guest, before device_open(). */
void transport_init(struct state_disk *reg, const struct proto_disk *desc);

#define TRANSPORT_TEXT_LEN 48

/* Where its registers are: "window 0x2000000". For people. */
void transport_describe(const struct state_disk *reg, char *text, size_t len);

/*
 * The disk can be reached from now on, where its registers say. @attach: an
 * earlier worker may have done it.
 */
int transport_open(struct transport *t, struct device *dev, bool attach);
/*
 * It can't any more. The device need not be there: what an earlier worker left
 * in Xen goes, and what is gone already is no error.
 */
int transport_close(struct transport *t, struct state_disk *reg);

/*
 * Is @acc for the disk with these registers, and where in them? The device need
 * not be there.
 */
bool transport_owns(const struct state_disk *reg,
		    const struct ioreq_access *acc, uint64_t *offset);

/*
 * Door 2, with what transport_owns() said, and @effect VDEV_NOTHING. After
 * DEVICE_WAIT the same is to be handed in again, with what @effect is now: an
 * access means what it meant when it came, whatever other vCPUs have moved or
 * selected since.
 */
enum device_answer transport_access(struct transport *t, struct device *dev,
				    uint64_t offset, struct ioreq_access *acc,
				    struct vdev_effect *effect);

/*
 * Tell the guest of dev->events, and of what could not be told before. After a
 * failure dev->irq_owed says that something is left: try again later.
 */
int transport_notify(struct transport *t, struct device *dev);

#endif
