// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * virtio-mmio on Xen: a window in the guest's address space, and one line
 * whose edges mean that the interrupt status is worth a look.
 */
#include "backend/transport.h"

#include <errno.h>

#include "backend/vmmio.h"
#include "xen/irq.h"

int transport_open(struct transport *t, struct device *dev, bool attach)
{
	int ret = ioreq_add_range(t->io, dev->vdev.reg->base,
				  VMMIO_WINDOW_SIZE);

	return ret == -EEXIST && attach ? 0 : ret;
}

int transport_close(struct transport *t, struct device *dev)
{
	return ioreq_remove_range(t->io, dev->vdev.reg->base,
				  VMMIO_WINDOW_SIZE);
}

bool transport_owns(const struct state_disk *reg,
		    const struct ioreq_access *acc)
{
	return acc->addr >= reg->base &&
	       acc->addr - reg->base < VMMIO_WINDOW_SIZE;
}

enum device_answer transport_access(struct transport *t, struct device *dev,
				    struct ioreq_access *acc)
{
	uint64_t offset = acc->addr - dev->vdev.reg->base;
	struct vdev_effect e;

	(void)t;
	dev->backing.stats->accesses++;
	if (acc->kind == IOREQ_MMIO_READ) {
		acc->data = vmmio_read(&dev->vdev, offset, acc->size,
				       &dev->config, BLK_CONFIG_LEN);
		return DEVICE_DONE;
	}
	e = vmmio_write(&dev->vdev, offset, acc->size, acc->data,
			BLK_CONFIG_LEN);
	return device_apply(dev, &e);
}

int transport_notify(struct transport *t, struct device *dev)
{
	uint32_t bits = 0;
	int ret;

	if (dev->events & DEVICE_EVENT_CONFIG)
		bits |= VDEV_ISR_CONFIG;
	if (dev->events & ~DEVICE_EVENT_CONFIG)
		bits |= VDEV_ISR_QUEUE;
	if (!vdev_interrupt(&dev->vdev, bits) && !dev->irq_owed) {
		dev->backing.stats->irqs_suppressed++;
		dev->events = 0;
		return 0;
	}
	ret = irq_raise(t->dm, dev->vdev.reg->irq);
	dev->irq_owed = ret != 0;
	if (ret)
		return ret;
	dev->backing.stats->irqs++;
	dev->events = 0;
	return 0;
}
