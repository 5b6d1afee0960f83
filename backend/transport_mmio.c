// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * virtio-mmio on Xen: a window in the guest's address space, and one line
 * whose edges mean that the interrupt status is worth a look.
 */
#include "backend/transport.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "backend/vmmio.h"
#include "xen/irq.h"

static void mmio_init(struct state_disk *reg, const struct proto_disk *desc)
{
	reg->base = desc->base;
	reg->irq = desc->irq;
}

static void mmio_describe(const struct state_disk *reg, char *text, size_t len)
{
	snprintf(text, len, "window %#" PRIx64, reg->base);
}

static int mmio_open(struct transport *t, struct device *dev, bool attach)
{
	int ret = ioreq_add_range(t->io, dev->vdev.reg->base,
				  VMMIO_WINDOW_SIZE);

	return ret == -EEXIST && attach ? 0 : ret;
}

static int mmio_close(struct transport *t, struct state_disk *reg)
{
	int ret = ioreq_remove_range(t->io, reg->base, VMMIO_WINDOW_SIZE);

	return ret == -ENOENT ? 0 : ret;
}

static bool mmio_owns(const struct state_disk *reg,
		      const struct ioreq_access *acc, uint64_t *offset)
{
	*offset = acc->addr - reg->base;
	return (acc->kind == IOREQ_MMIO_READ ||
		acc->kind == IOREQ_MMIO_WRITE) && acc->addr >= reg->base &&
	       *offset < VMMIO_WINDOW_SIZE;
}

static enum device_answer mmio_access(struct transport *t, struct device *dev,
				      uint64_t offset, struct ioreq_access *acc,
				      struct vdev_effect *effect)
{
	(void)t;
	if (acc->kind == IOREQ_MMIO_READ) {
		acc->data = vmmio_read(&dev->vdev, offset, acc->size,
				       &dev->config, BLK_CONFIG_LEN);
		return DEVICE_DONE;
	}
	if (effect->kind == VDEV_NOTHING)
		*effect = vmmio_write(&dev->vdev, offset, acc->size, acc->data,
				      BLK_CONFIG_LEN);
	return device_apply(dev, effect);
}

static int mmio_notify(struct transport *t, struct device *dev)
{
	int ret;

	if (transport_set_isr(dev))
		dev->irq_owed = true;
	if (!dev->irq_owed)
		return 0;
	ret = irq_raise(t->dm, dev->vdev.reg->irq);
	if (ret)
		return ret;
	dev->irq_owed = false;
	dev->backing.stats->irqs++;
	return 0;
}

const struct transport_kind transport_mmio = {
	.init = mmio_init,
	.describe = mmio_describe,
	.open = mmio_open,
	.close = mmio_close,
	.owns = mmio_owns,
	.access = mmio_access,
	.notify = mmio_notify,
};
