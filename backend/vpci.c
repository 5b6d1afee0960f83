// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Door 2 on PCI: a register access in BAR 0. Two flat switches over the common
 * configuration, in the order of the structure in virtio 1.2, 4.1.4.3, and the
 * regions behind it. Fields are accessed in their own width.
 */
#include "backend/vpci.h"

#include <linux/virtio_pci.h>

#include "backend/msix.h"

static const struct vdev_effect nothing = { .kind = VDEV_NOTHING };

/* Of the field at @offset; addresses are two fields of 32 bits. */
static uint32_t vpci_width(uint64_t offset)
{
	switch (offset) {
	case VIRTIO_PCI_COMMON_MSIX:
	case VIRTIO_PCI_COMMON_NUMQ:
		return 2;
	case VIRTIO_PCI_COMMON_STATUS:
	case VIRTIO_PCI_COMMON_CFGGENERATION:
		return 1;
	default:
		return offset < VIRTIO_PCI_COMMON_Q_SELECT ||
		       (offset >= VIRTIO_PCI_COMMON_Q_DESCLO &&
			offset < VIRTIO_PCI_COMMON_Q_NDATA) ? 4 : 2;
	}
}

static uint64_t vpci_read_queue(struct vdev *v, uint64_t offset)
{
	uint32_t i = v->reg->queue_sel;
	const struct state_queue *q = vdev_queue(v, i);

	if (!q)
		return offset == VIRTIO_PCI_COMMON_Q_MSIX ? STATE_NO_VECTOR : 0;
	switch (offset) {
	case VIRTIO_PCI_COMMON_Q_SIZE:
		return q->num;
	case VIRTIO_PCI_COMMON_Q_MSIX:
		return q->vector;
	case VIRTIO_PCI_COMMON_Q_ENABLE:
		return q->ready;
	case VIRTIO_PCI_COMMON_Q_NOFF:
		return i;
	case VIRTIO_PCI_COMMON_Q_DESCLO:
		return (uint32_t)q->desc;
	case VIRTIO_PCI_COMMON_Q_DESCHI:
		return q->desc >> 32;
	case VIRTIO_PCI_COMMON_Q_AVAILLO:
		return (uint32_t)q->driver;
	case VIRTIO_PCI_COMMON_Q_AVAILHI:
		return q->driver >> 32;
	case VIRTIO_PCI_COMMON_Q_USEDLO:
		return (uint32_t)q->device;
	case VIRTIO_PCI_COMMON_Q_USEDHI:
		return q->device >> 32;
	default:
		/* queue_reset too: a reset is over when it is answered. */
		return 0;
	}
}

static uint64_t vpci_read_common(struct vdev *v, uint64_t offset)
{
	const struct state_disk *r = v->reg;

	switch (offset) {
	case VIRTIO_PCI_COMMON_DFSELECT:
		return r->device_features_sel;
	case VIRTIO_PCI_COMMON_DF:
		return vdev_device_features(v, r->device_features_sel);
	case VIRTIO_PCI_COMMON_GFSELECT:
		return r->driver_features_sel;
	case VIRTIO_PCI_COMMON_GF:
		return r->driver_features_sel < 2 ? (uint32_t)
		       (r->features >> (32 * r->driver_features_sel)) : 0;
	case VIRTIO_PCI_COMMON_MSIX:
		return r->config_vector;
	case VIRTIO_PCI_COMMON_NUMQ:
		return v->num_queues;
	case VIRTIO_PCI_COMMON_STATUS:
		return vdev_status(v);
	case VIRTIO_PCI_COMMON_CFGGENERATION:
		return r->generation & 0xff;
	case VIRTIO_PCI_COMMON_Q_SELECT:
		return r->queue_sel;
	default:
		return vpci_read_queue(v, offset);
	}
}

uint64_t vpci_read(struct vdev *v, uint64_t offset, uint32_t size,
		   const void *config, uint32_t config_len)
{
	const struct state_msix *msix = &v->reg->pci.msix;
	uint64_t at = offset % VPCI_REGION, isr;

	switch (offset - at) {
	case VPCI_COMMON:
		if (at >= VPCI_COMMON_LEN || size != vpci_width(at) ||
		    at % size)
			return 0;
		return vpci_read_common(v, at);
	case VPCI_ISR:
		if (at)
			return 0;
		isr = v->reg->isr;
		vdev_acknowledge(v, UINT32_MAX);
		return isr;
	case VPCI_DEVICE:
		return vdev_read_config(at, size, config, config_len);
	case VPCI_MSIX_TABLE:
		return msix_read_table(msix, vpci_vectors(v), at, size);
	case VPCI_MSIX_PENDING:
		return msix_read_pending(msix, at, size);
	default:
		return 0;
	}
}

/* What has no vector in the table gets none (4.1.5.1.2.1). */
static uint16_t vpci_vector(const struct vdev *v, uint32_t value)
{
	return value < vpci_vectors(v) ? (uint16_t)value : STATE_NO_VECTOR;
}

static struct vdev_effect vpci_write_queue(struct vdev *v, uint64_t offset,
					   uint32_t value)
{
	uint32_t q = v->reg->queue_sel;

	switch (offset) {
	case VIRTIO_PCI_COMMON_Q_SIZE:
		vdev_write_queue_num(v, q, value);
		break;
	case VIRTIO_PCI_COMMON_Q_MSIX:
		vdev_write_queue_vector(v, q, vpci_vector(v, value));
		break;
	case VIRTIO_PCI_COMMON_Q_ENABLE:
		/* No driver may write 0 here (4.1.4.3.2). */
		return value == 1 ? vdev_write_queue_ready(v, q, 1) : nothing;
	case VIRTIO_PCI_COMMON_Q_DESCLO:
	case VIRTIO_PCI_COMMON_Q_DESCHI:
		vdev_write_queue_address(v, q, VDEV_DESC, !!(offset & 4),
					 value);
		break;
	case VIRTIO_PCI_COMMON_Q_AVAILLO:
	case VIRTIO_PCI_COMMON_Q_AVAILHI:
		vdev_write_queue_address(v, q, VDEV_DRIVER, !!(offset & 4),
					 value);
		break;
	case VIRTIO_PCI_COMMON_Q_USEDLO:
	case VIRTIO_PCI_COMMON_Q_USEDHI:
		vdev_write_queue_address(v, q, VDEV_DEVICE, !!(offset & 4),
					 value);
		break;
	case VIRTIO_PCI_COMMON_Q_RESET:
		return value == 1 ? vdev_reset_queue(v, q) : nothing;
	default:
		break;
	}
	return nothing;
}

static struct vdev_effect vpci_write_common(struct vdev *v, uint64_t offset,
					    uint32_t value)
{
	struct state_disk *r = v->reg;

	switch (offset) {
	case VIRTIO_PCI_COMMON_DFSELECT:
		r->device_features_sel = value;
		break;
	case VIRTIO_PCI_COMMON_GFSELECT:
		r->driver_features_sel = value;
		break;
	case VIRTIO_PCI_COMMON_GF:
		vdev_write_driver_features(v, r->driver_features_sel, value);
		break;
	case VIRTIO_PCI_COMMON_MSIX:
		r->config_vector = vpci_vector(v, value);
		break;
	case VIRTIO_PCI_COMMON_STATUS:
		return vdev_write_status(v, value);
	case VIRTIO_PCI_COMMON_Q_SELECT:
		r->queue_sel = value;
		break;
	default:
		return vpci_write_queue(v, offset, value);
	}
	return nothing;
}

/* Each queue has an address of its own; the index written there says no more. */
static struct vdev_effect vpci_notify(struct vdev *v, uint64_t at,
				      uint32_t size)
{
	if ((size != 2 && size != 4) || at % VPCI_NOTIFY_STEP)
		return nothing;
	return vdev_kick(v, (uint32_t)(at / VPCI_NOTIFY_STEP));
}

struct vdev_effect vpci_write(struct vdev *v, uint64_t offset, uint32_t size,
			      uint64_t data, uint32_t config_len)
{
	uint64_t at = offset % VPCI_REGION;

	switch (offset - at) {
	case VPCI_COMMON:
		if (at >= VPCI_COMMON_LEN || size != vpci_width(at) ||
		    at % size)
			return nothing;
		return vpci_write_common(v, at, (uint32_t)(data &
					 (UINT32_MAX >> (32 - 8 * size))));
	case VPCI_DEVICE:
		return vdev_write_config(at, size, data, config_len);
	case VPCI_NOTIFY:
		return vpci_notify(v, at, size);
	case VPCI_MSIX_TABLE:
		msix_write_table(&v->reg->pci.msix, vpci_vectors(v), at, size,
				 data);
		break;
	default:
		break;
	}
	return nothing;
}
