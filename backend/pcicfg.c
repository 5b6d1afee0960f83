// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Configuration space, dword by dword: one switch says what each reads as,
 * another what a write leaves in it.
 *
 * Revision 1, the subsystem ids and the class are those that QEMU's virtio-blk
 * has: drivers of some systems look for them.
 */
#include "backend/pcicfg.h"

#include <stddef.h>

#include <linux/virtio_ids.h>
#include <linux/virtio_pci.h>

#include "backend/msix.h"
#include "backend/vpci.h"

#define PCICFG_VENDOR        0x1af4u
#define PCICFG_DEVICE        (0x1040u + VIRTIO_ID_BLOCK)
#define PCICFG_SUBSYSTEM     0x1100u
#define PCICFG_CLASS         0x010000u	/* mass storage, SCSI */
#define PCICFG_REVISION      1u
#define PCICFG_PIN_A         1u

/* The capabilities, in a list from first to last. */
enum {
	CAP_MSIX = 0x40,
	CAP_COMMON = 0x4c,
	CAP_NOTIFY = 0x5c,
	CAP_ISR = 0x70,
	CAP_DEVICE = 0x80,
	CAP_ACCESS = 0x90,
	CAP_END = 0xa4,
};

#define ACCESS_BAR    (CAP_ACCESS + VIRTIO_PCI_CAP_BAR)
#define ACCESS_OFFSET (CAP_ACCESS + VIRTIO_PCI_CAP_OFFSET)
#define ACCESS_LENGTH (CAP_ACCESS + VIRTIO_PCI_CAP_LENGTH)
#define ACCESS_DATA   (CAP_ACCESS + offsetof(struct virtio_pci_cfg_cap, \
					     pci_cfg_data))

void pcicfg_init(struct state_pci *p, uint32_t slot)
{
	*p = (struct state_pci){ .slot = slot };
	msix_init(&p->msix);
}

/* The first dword of a virtio capability. */
static uint32_t cap_head(uint32_t next, uint32_t len, uint32_t type)
{
	return PCI_CAP_ID_VNDR | next << 8 | len << 16 | type << 24;
}

static uint32_t pcicfg_read_cap(const struct vdev *v, uint32_t reg,
				uint32_t config_len)
{
	const uint32_t len = sizeof(struct virtio_pci_cap);
	const struct state_pci *p = &v->reg->pci;

	switch (reg) {
	case CAP_MSIX:
		return PCI_CAP_ID_MSIX | CAP_COMMON << 8 |
		       (p->msix.control | (vpci_vectors(v) - 1)) << 16;
	case CAP_MSIX + PCI_MSIX_TABLE:
		return VPCI_MSIX_TABLE;		/* in BAR 0, as all else */
	case CAP_MSIX + PCI_MSIX_PBA:
		return VPCI_MSIX_PENDING;
	case CAP_COMMON:
		return cap_head(CAP_NOTIFY, len, VIRTIO_PCI_CAP_COMMON_CFG);
	case CAP_COMMON + VIRTIO_PCI_CAP_OFFSET:
		return VPCI_COMMON;
	case CAP_COMMON + VIRTIO_PCI_CAP_LENGTH:
		return VPCI_COMMON_LEN;
	case CAP_NOTIFY:
		return cap_head(CAP_ISR, sizeof(struct virtio_pci_notify_cap),
				VIRTIO_PCI_CAP_NOTIFY_CFG);
	case CAP_NOTIFY + VIRTIO_PCI_CAP_OFFSET:
		return VPCI_NOTIFY;
	case CAP_NOTIFY + VIRTIO_PCI_CAP_LENGTH:
		return v->num_queues * VPCI_NOTIFY_STEP;
	case CAP_NOTIFY + VIRTIO_PCI_NOTIFY_CAP_MULT:
		return VPCI_NOTIFY_STEP;
	case CAP_ISR:
		return cap_head(CAP_DEVICE, len, VIRTIO_PCI_CAP_ISR_CFG);
	case CAP_ISR + VIRTIO_PCI_CAP_OFFSET:
		return VPCI_ISR;
	case CAP_ISR + VIRTIO_PCI_CAP_LENGTH:
		return 1;
	case CAP_DEVICE:
		return cap_head(CAP_ACCESS, len, VIRTIO_PCI_CAP_DEVICE_CFG);
	case CAP_DEVICE + VIRTIO_PCI_CAP_OFFSET:
		return VPCI_DEVICE;
	case CAP_DEVICE + VIRTIO_PCI_CAP_LENGTH:
		return config_len;
	case CAP_ACCESS:
		return cap_head(0, sizeof(struct virtio_pci_cfg_cap),
				VIRTIO_PCI_CAP_PCI_CFG);
	case ACCESS_BAR:
		return p->access_bar;
	case ACCESS_OFFSET:
		return p->access_offset;
	case ACCESS_LENGTH:
		return p->access_length;
	default:
		return 0;
	}
}

static uint32_t pcicfg_status(const struct vdev *v)
{
	bool interrupt = v->reg->isr && !msix_enabled(&v->reg->pci.msix);

	return PCI_STATUS_CAP_LIST | (interrupt ? PCI_STATUS_INTERRUPT : 0);
}

static uint32_t pcicfg_read_dword(const struct vdev *v, uint32_t reg,
				  uint32_t config_len)
{
	const struct state_pci *p = &v->reg->pci;

	switch (reg) {
	case PCI_VENDOR_ID:
		return PCICFG_VENDOR | PCICFG_DEVICE << 16;
	case PCI_COMMAND:
		return p->command | pcicfg_status(v) << 16;
	case PCI_CLASS_REVISION:
		return PCICFG_REVISION | PCICFG_CLASS << 8;
	case PCI_BASE_ADDRESS_0:
		return p->bar;	/* memory, 32 bits, not prefetchable */
	case PCI_SUBSYSTEM_VENDOR_ID:
		return PCICFG_VENDOR | PCICFG_SUBSYSTEM << 16;
	case PCI_CAPABILITY_LIST:
		return CAP_MSIX;
	case PCI_INTERRUPT_LINE:
		return p->line | PCICFG_PIN_A << 8;
	default:
		return reg < CAP_MSIX || reg >= CAP_END ? 0 :
		       pcicfg_read_cap(v, reg, config_len);
	}
}

static bool pcicfg_inside(uint32_t reg, uint32_t size)
{
	return (size == 1 || size == 2 || size == 4) &&
	       reg < PCI_CFG_SPACE_SIZE && reg % 4 + size <= 4;
}

static uint32_t pcicfg_mask(uint32_t reg, uint32_t size)
{
	return UINT32_MAX >> (32 - 8 * size) << 8 * (reg % 4);
}

uint32_t pcicfg_read(const struct vdev *v, uint32_t reg, uint32_t size,
		     uint32_t config_len)
{
	uint32_t dword;

	if (!pcicfg_inside(reg, size))
		return UINT32_MAX;
	dword = pcicfg_read_dword(v, reg & ~3u, config_len);
	return (dword & pcicfg_mask(reg, size)) >> 8 * (reg % 4);
}

static uint32_t blend(uint32_t old, uint32_t value, uint32_t mask)
{
	return (old & ~mask) | (value & mask);
}

static bool pcicfg_queue_pending(const struct vdev *v)
{
	for (uint32_t i = 0; i < v->num_queues; i++) {
		uint32_t vector = v->reg->queue[i].vector;

		if (vector < vpci_vectors(v) &&
		    (v->reg->pci.msix.pending >> vector & 1))
			return true;
	}
	return false;
}

/*
 * What was not told by a message is told by the pin: changes are in the
 * interrupt status already.
 */
static void pcicfg_write_msix(struct vdev *v, uint32_t value, uint32_t mask)
{
	struct state_msix *m = &v->reg->pci.msix;

	m->control = blend(m->control, value >> 16,
			   mask >> 16 & PCICFG_MSIX_BITS);
	if (msix_enabled(m))
		return;
	if (pcicfg_queue_pending(v))
		vdev_interrupt(v, VDEV_ISR_QUEUE);
	m->pending = 0;
}

void pcicfg_write(struct vdev *v, uint32_t reg, uint32_t size, uint32_t data)
{
	struct state_pci *p = &v->reg->pci;
	uint32_t value = data << 8 * (reg % 4), mask;

	if (!pcicfg_inside(reg, size))
		return;
	mask = pcicfg_mask(reg, size);
	switch (reg & ~3u) {
	case PCI_COMMAND:
		p->command = blend(p->command, value,
				   mask & PCICFG_COMMAND_BITS);
		break;
	case PCI_BASE_ADDRESS_0:
		p->bar = blend(p->bar, value, mask & ~(STATE_PCI_BAR - 1));
		break;
	case PCI_INTERRUPT_LINE:
		p->line = blend(p->line, value, mask & UINT8_MAX);
		break;
	case CAP_MSIX:
		pcicfg_write_msix(v, value, mask);
		break;
	case ACCESS_BAR:
		p->access_bar = blend(p->access_bar, value, mask & UINT8_MAX);
		break;
	case ACCESS_OFFSET:
		p->access_offset = blend(p->access_offset, value, mask);
		break;
	case ACCESS_LENGTH:
		p->access_length = blend(p->access_length, value, mask);
		break;
	default:
		break;
	}
}

bool pcicfg_is_data(uint32_t reg, uint32_t size)
{
	return reg == ACCESS_DATA && pcicfg_inside(reg, size);
}

bool pcicfg_data_access(const struct state_pci *p, uint64_t *offset,
			uint32_t *size)
{
	uint32_t len = p->access_length;

	*offset = p->access_offset;
	*size = len;
	return !p->access_bar && (len == 1 || len == 2 || len == 4) &&
	       !(p->access_offset % len) && p->access_offset < STATE_PCI_BAR;
}

bool pcicfg_moves(uint32_t reg, uint32_t size)
{
	uint32_t dword = reg & ~3u;

	return pcicfg_inside(reg, size) &&
	       (dword == PCI_COMMAND || dword == PCI_BASE_ADDRESS_0);
}

uint32_t pcicfg_window(const struct state_pci *p)
{
	return p->command & PCI_COMMAND_MEMORY ? p->bar : 0;
}

bool pcicfg_is_master(const struct state_pci *p)
{
	return p->command & PCI_COMMAND_MASTER;
}

bool pcicfg_ends_master(const struct state_pci *p, uint32_t reg, uint32_t size,
			uint32_t data)
{
	uint32_t bit = PCI_COMMAND_MASTER;

	return pcicfg_inside(reg, size) && (reg & ~3u) == PCI_COMMAND &&
	       (pcicfg_mask(reg, size) & bit) &&
	       !(data << 8 * (reg % 4) & bit) && pcicfg_is_master(p);
}

bool pcicfg_wants_line(const struct vdev *v)
{
	const struct state_pci *p = &v->reg->pci;

	return v->reg->isr && !msix_enabled(&p->msix) &&
	       !(p->command & PCI_COMMAND_INTX_DISABLE);
}
