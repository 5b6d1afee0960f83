/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What outlives a worker. The manager makes one file per guest in its runtime
 * directory, both processes map it, and the worker keeps in it everything a
 * new worker needs to go on with the guest's disks: the ioreq server's number,
 * the registers of each device, the position in each ring, the heads in
 * flight, and the counters.
 *
 * Written so that a kill at any instruction leaves it usable: every field is
 * a naturally aligned scalar stored in one instruction, and the order of
 * stores is given beside each. Read back, it is checked like guest input
 * (state_check): the manager that reads it trusts the worker as little as the
 * worker trusts the guest.
 *
 * Locking: the worker is the only writer after the manager's state_init().
 * Units: addresses are guest addresses as the guest wrote them, sizes bytes.
 */
#ifndef BACKEND_STATE_H
#define BACKEND_STATE_H

#include <stdint.h>

#include "backend/stats.h"

#define STATE_MAGIC       0x6b6c6276u	/* "vblk", little endian */
#define STATE_VERSION     2u
#define STATE_MAX_DISKS   11		/* virtio-mmio windows of one guest */
#define STATE_MAX_QUEUES  8		/* per disk */
#define STATE_MAX_VECTORS (STATE_MAX_QUEUES + 1) /* one for changes */
#define STATE_NO_VECTOR   0xffffu	/* VIRTIO_MSI_NO_VECTOR */
#define STATE_QUEUE_SIZE  256		/* most descriptors of one queue */
#define STATE_PCI_BAR     0x8000u	/* bytes of BAR 0, and its alignment */
#define STATE_NO_SERVER   UINT32_MAX
#define STATE_TAKEN       (1u << 31)
#define STATE_DONE        (1u << 30)
#define STATE_POSITION    (STATE_DONE - 1)

struct state_queue {
	uint32_t ready;		/* QueueReady; written last when enabling */
	uint32_t num;		/* QueueSize */
	uint64_t desc;		/* QueueDesc, QueueDriver, QueueDevice */
	uint64_t driver;
	uint64_t device;
	uint16_t last_avail;	/* next available entry to take */
	uint16_t used;		/* published used index, all of it settled */
	uint16_t used_next;	/* used index about to be published */
	uint16_t vector;	/* queue_msix_vector, or STATE_NO_VECTOR */
	uint32_t taken;		/* chains taken, modulo 2^30 */
	/*
	 * Per head: 0 when the guest owns it, else STATE_TAKEN | its position
	 * among the taken ones, with STATE_DONE once its used entry is
	 * written. Taking: in_flight[head], then last_avail. Returning: used
	 * entry, STATE_DONE; then for the batch used_next, the used index in
	 * guest memory, in_flight[] = 0, used. So after a kill
	 *   used != used_next   publish used_next again, forget DONE heads
	 *   used == used_next   every head that is not 0 is to be done (again)
	 */
	uint32_t in_flight[STATE_QUEUE_SIZE];
};

enum state_transport {		/* how the guest reaches the disk */
	STATE_MMIO,
	STATE_PCI,
};

struct state_msix {
	uint32_t control;	/* message control: Enable, Function Mask */
	uint32_t pending;	/* bit per vector */
	/* Per vector, as the guest wrote it: address, its upper half, data,
	 * control. */
	uint32_t table[STATE_MAX_VECTORS][4];
};

struct state_pci {		/* registers of the configuration space */
	uint32_t slot;		/* device number on bus 0; function 0 */
	uint32_t command;
	uint32_t bar;		/* base address register 0 */
	uint32_t line;		/* interrupt line: the firmware's notes */
	/*
	 * Where the ioreq server has the BAR, or is about to have it; 0:
	 * nowhere. Stored before Xen is asked to, and cleared after Xen was
	 * asked not to any more.
	 */
	uint32_t window;
	uint32_t access_bar;	/* PCI configuration access capability */
	uint32_t access_offset;
	uint32_t access_length;
	struct state_msix msix;
};

struct state_disk {
	uint32_t used;		/* this slot belongs to devid */
	uint32_t devid;
	uint32_t transport;	/* enum state_transport */
	uint32_t irq;		/* MMIO: interrupt number */
	uint64_t base;		/* MMIO: window */
	uint32_t status;	/* device status register */
	uint32_t held;		/* 1: its bus lets it reach no memory */
	uint64_t features;	/* accepted by the driver */
	uint32_t isr;		/* InterruptStatus */
	uint32_t generation;	/* ConfigGeneration */
	uint32_t writeback;	/* configuration field of the same name */
	uint32_t num_queues;
	uint32_t device_features_sel;	/* selector registers */
	uint32_t driver_features_sel;
	uint32_t queue_sel;
	uint32_t queue_size;	/* largest, as the guest was told */
	uint32_t config_vector;	/* msix_config, or STATE_NO_VECTOR */
	uint32_t reserved;
	struct state_pci pci;
	struct state_queue queue[STATE_MAX_QUEUES];
	struct stats_disk stats;
};

struct state {
	uint32_t magic;
	uint32_t version;
	uint32_t size;		/* sizeof(struct state) */
	uint32_t domid;
	uint8_t uuid[16];	/* of the guest: domain ids are used again */
	uint32_t server;	/* ioreq server id or STATE_NO_SERVER */
	uint32_t reserved;
	struct mapcache_stats map;
	struct state_disk disk[STATE_MAX_DISKS];
};

/* Fill a fresh, zeroed @state. */
void state_init(struct state *state, uint32_t domid, const uint8_t uuid[16]);

/*
 * Is this mapping of @size bytes a state that a worker for @domid/@uuid can
 * go on from? 0, or -EINVAL (not a state, other version), -ESTALE (another
 * guest's), -EBADMSG (fields out of range).
 */
int state_check(const struct state *state, uint64_t size, uint32_t domid,
		const uint8_t uuid[16]);

#endif
