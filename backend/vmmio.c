// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Door 2: a register access. Two flat switches, in the order of the table in
 * virtio 1.2, 4.2.2. Registers are 32 bits wide and aligned; the configuration
 * space behind them takes every natural width.
 */
#include "backend/vmmio.h"

#include <linux/virtio_mmio.h>

#define VMMIO_MAGIC       0x74726976u	/* "virt" */
#define VMMIO_VERSION     2u
#define VMMIO_QUEUE_RESET 0x0c0u	/* not in the kernel's header */

uint64_t vmmio_read(struct vdev *v, uint64_t offset, uint32_t size,
		    const void *config, uint32_t config_len)
{
	const struct state_disk *r = v->reg;
	const struct state_queue *q;

	if (offset >= VIRTIO_MMIO_CONFIG)
		return vdev_read_config(offset - VIRTIO_MMIO_CONFIG, size,
					config, config_len);
	if (size != 4)
		return 0;
	q = vdev_queue(v, r->queue_sel);
	switch (offset) {
	case VIRTIO_MMIO_MAGIC_VALUE:
		return VMMIO_MAGIC;
	case VIRTIO_MMIO_VERSION:
		return VMMIO_VERSION;
	case VIRTIO_MMIO_DEVICE_ID:
		return v->device_id;
	case VIRTIO_MMIO_VENDOR_ID:
		return VMMIO_VENDOR_ID;
	case VIRTIO_MMIO_DEVICE_FEATURES:
		return vdev_device_features(v, r->device_features_sel);
	case VIRTIO_MMIO_QUEUE_NUM_MAX:
		return q ? v->queue_size_max : 0;
	case VIRTIO_MMIO_QUEUE_READY:
		return q ? q->ready : 0;
	case VIRTIO_MMIO_INTERRUPT_STATUS:
		return r->isr;
	case VIRTIO_MMIO_STATUS:
		return vdev_status(v);
	case VIRTIO_MMIO_SHM_LEN_LOW:
	case VIRTIO_MMIO_SHM_LEN_HIGH:
	case VIRTIO_MMIO_SHM_BASE_LOW:
	case VIRTIO_MMIO_SHM_BASE_HIGH:
		return UINT32_MAX;	/* no such region */
	case VMMIO_QUEUE_RESET:
		return 0;	/* a reset is over when it is answered */
	case VIRTIO_MMIO_CONFIG_GENERATION:
		return r->generation;
	default:
		return 0;
	}
}

struct vdev_effect vmmio_write(struct vdev *v, uint64_t offset, uint32_t size,
			       uint64_t data, uint32_t config_len)
{
	struct vdev_effect nothing = { .kind = VDEV_NOTHING };
	struct state_disk *r = v->reg;
	uint32_t value = (uint32_t)data;
	uint32_t q = r->queue_sel;

	if (offset >= VIRTIO_MMIO_CONFIG)
		return vdev_write_config(offset - VIRTIO_MMIO_CONFIG, size,
					 data, config_len);
	if (size != 4)
		return nothing;
	switch (offset) {
	case VIRTIO_MMIO_DEVICE_FEATURES_SEL:
		r->device_features_sel = value;
		break;
	case VIRTIO_MMIO_DRIVER_FEATURES:
		vdev_write_driver_features(v, r->driver_features_sel, value);
		break;
	case VIRTIO_MMIO_DRIVER_FEATURES_SEL:
		r->driver_features_sel = value;
		break;
	case VIRTIO_MMIO_QUEUE_SEL:
		r->queue_sel = value;
		break;
	case VIRTIO_MMIO_QUEUE_NUM:
		vdev_write_queue_num(v, q, value);
		break;
	case VIRTIO_MMIO_QUEUE_READY:
		return vdev_write_queue_ready(v, q, value);
	case VIRTIO_MMIO_QUEUE_NOTIFY:
		return vdev_kick(v, value);
	case VIRTIO_MMIO_INTERRUPT_ACK:
		vdev_acknowledge(v, value);
		break;
	case VIRTIO_MMIO_STATUS:
		return vdev_write_status(v, value);
	case VIRTIO_MMIO_QUEUE_DESC_LOW:
	case VIRTIO_MMIO_QUEUE_DESC_HIGH:
		vdev_write_queue_address(v, q, VDEV_DESC, !!(offset & 4),
					 value);
		break;
	case VIRTIO_MMIO_QUEUE_AVAIL_LOW:
	case VIRTIO_MMIO_QUEUE_AVAIL_HIGH:
		vdev_write_queue_address(v, q, VDEV_DRIVER, !!(offset & 4),
					 value);
		break;
	case VIRTIO_MMIO_QUEUE_USED_LOW:
	case VIRTIO_MMIO_QUEUE_USED_HIGH:
		vdev_write_queue_address(v, q, VDEV_DEVICE, !!(offset & 4),
					 value);
		break;
	case VMMIO_QUEUE_RESET:
		return value == 1 ? vdev_reset_queue(v, q) : nothing;
	default:
		break;
	}
	return nothing;
}
