// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which transport a disk has is in its registers, and is chosen here.
 */
#include "backend/transport.h"

#include <string.h>

static const struct transport_kind *transport_of(const struct state_disk *reg)
{
	return reg->transport == STATE_PCI ? &transport_pci : &transport_mmio;
}

bool transport_set_isr(struct device *dev)
{
	uint32_t bits = 0;

	if (dev->events & DEVICE_EVENT_CONFIG)
		bits |= VDEV_ISR_CONFIG;
	if (dev->events & ~DEVICE_EVENT_CONFIG)
		bits |= VDEV_ISR_QUEUE;
	dev->events = 0;
	if (vdev_interrupt(&dev->vdev, bits))
		return true;
	dev->backing.stats->irqs_suppressed += bits != 0;
	return false;
}

void transport_init(struct state_disk *reg, const struct proto_disk *desc)
{
	memset(reg, 0, sizeof(*reg));
	reg->devid = desc->devid;
	reg->transport = desc->transport;
	transport_of(reg)->init(reg, desc);
}

void transport_describe(const struct state_disk *reg, char *text, size_t len)
{
	transport_of(reg)->describe(reg, text, len);
}

int transport_open(struct transport *t, struct device *dev, bool attach)
{
	return transport_of(dev->vdev.reg)->open(t, dev, attach);
}

int transport_close(struct transport *t, struct state_disk *reg)
{
	return transport_of(reg)->close(t, reg);
}

bool transport_owns(const struct state_disk *reg,
		    const struct ioreq_access *acc, uint64_t *offset)
{
	return transport_of(reg)->owns(reg, acc, offset);
}

enum device_answer transport_access(struct transport *t, struct device *dev,
				    uint64_t offset, struct ioreq_access *acc,
				    struct vdev_effect *effect)
{
	dev->backing.stats->accesses++;
	return transport_of(dev->vdev.reg)->access(t, dev, offset, acc, effect);
}

int transport_notify(struct transport *t, struct device *dev)
{
	return transport_of(dev->vdev.reg)->notify(t, dev);
}
