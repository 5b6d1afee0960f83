// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Registers change as a device changes them, and nothing else happens.
 */
#include "tests/fuzz/vpci_device.h"

#include <string.h>

#include "backend/device.h"
#include "tests/fuzz/fuzz.h"

struct vpci_device vpci_device;

void vpci_device_open(void)
{
	memset(&vpci_device, 0, sizeof(vpci_device));
}

void vpci_device_turn(struct model *m, bool at_once)
{
	vpci_device.model = m;
	vpci_device.at_once = at_once;
	vpci_device.waits = false;
}

static bool waits(void)
{
	vpci_device.waits = !vpci_device.at_once;
	return vpci_device.waits;
}

enum device_answer device_apply(struct device *dev, const struct vdev_effect *e)
{
	struct model *m = vpci_device.model;

	switch (e->kind) {
	case VDEV_KICK:
		MUST(vpci_device.written == MODEL_NOTIFY + 4 * e->queue);
		MUST(!m->held);
		break;
	case VDEV_RESET_DEVICE:
		if (waits())
			return DEVICE_WAIT;
		vdev_reset(&dev->vdev);
		dev->events = 0;
		dev->irq_owed = false;
		model_reset(m);
		break;
	case VDEV_STOP_QUEUE:
		if (waits())
			return DEVICE_WAIT;
		vdev_queue_stopped(&dev->vdev, e->queue);
		model_stop_queue(m, e->queue);
		break;
	case VDEV_ENABLE_QUEUE:
		vdev_queue_enabled(&dev->vdev, e->queue);
		break;
	case VDEV_FEATURES:
		vdev_features_agreed(&dev->vdev);
		break;
	default:
		break;
	}
	return DEVICE_DONE;
}

enum device_answer device_hold(struct device *dev)
{
	if (waits())
		return DEVICE_WAIT;
	dev->vdev.reg->held = 1;
	return DEVICE_DONE;
}

void device_unhold(struct device *dev)
{
	MUST(dev->vdev.reg->held);
	dev->vdev.reg->held = 0;
}
