// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two disks of two queues, driven well (set_up_queue(), make_request()) and
 * badly (all the rest). The steps are in the table at the end.
 */
#include "tests/fuzz/guest_steps.h"

#include <endian.h>
#include <string.h>

#include <linux/virtio_blk.h>
#include <linux/virtio_pci.h>

#include "tests/unit/guest.h"

struct side {			/* the driver's, of a queue */
	struct guest_ring ring;
	bool grants;
	uint16_t next_desc;
};

static struct {
	struct side side[DISKS][QUEUES];
	struct ioreq_access todo[24];
	uint32_t todo_at, ntodo;
	uint32_t pci;
} g;

static uint64_t guest_addr(const struct side *side, uint32_t frame,
			   uint32_t offset)
{
	return memory_address(frame, offset, side->grants);
}

/* What a story may write into memory or a register: see UNNAMED. */
static uint64_t tame(uint64_t value)
{
	for (unsigned int bit = 0; bit < 64; bit += 8)
		if ((value >> bit & 0xf0) == UNNAMED)
			value &= ~(UINT64_C(0xff) << bit);
	return value;
}

static struct side *which_side(uint8_t how)
{
	return &g.side[how % DISKS][how / DISKS % QUEUES];
}

static bool is_pci(uint8_t how)
{
	return g.pci >> how % DISKS & 1;
}

static uint64_t window_of(uint8_t how)
{
	return is_pci(how) ? PCI_BAR + how % DISKS * STATE_PCI_BAR :
			     WINDOW + how % DISKS * VMMIO_WINDOW_SIZE;
}

/* The register of virtio-mmio, in the BAR: where it is and how wide. */
static uint64_t in_bar(uint32_t mmio, uint32_t data, uint32_t *size)
{
	*size = mmio == 0x070 ? 1 : mmio == 0x030 || mmio == 0x038 ||
		mmio == 0x044 || mmio == 0x050 ? 2 : 4;
	switch (mmio) {
	case 0x020:
		return VIRTIO_PCI_COMMON_GF;
	case 0x024:
		return VIRTIO_PCI_COMMON_GFSELECT;
	case 0x030:
		return VIRTIO_PCI_COMMON_Q_SELECT;
	case 0x038:
		return VIRTIO_PCI_COMMON_Q_SIZE;
	case 0x044:
		return VIRTIO_PCI_COMMON_Q_ENABLE;
	case 0x050:
		return VPCI_NOTIFY + data * VPCI_NOTIFY_STEP;
	case 0x070:
		return VIRTIO_PCI_COMMON_STATUS;
	default:	/* 0x080, 0x090, 0x0a0 and the upper halves behind them */
		return VIRTIO_PCI_COMMON_Q_DESCLO + (mmio - 0x080) / 16 * 8 +
		       (mmio & 4);
	}
}

/* A write to the register that virtio-mmio has at @mmio. */
static void do_later(uint8_t how, uint32_t mmio, uint32_t data)
{
	uint32_t size = 4;
	uint64_t at = is_pci(how) ? in_bar(mmio, data, &size) : mmio;

	g.todo[g.ntodo++] = (struct ioreq_access){
		.kind = IOREQ_MMIO_WRITE, .size = size, .data = data,
		.addr = window_of(how) + at,
	};
}

static void configure_later(uint8_t how, uint32_t reg, uint32_t size,
			    uint32_t data)
{
	g.todo[g.ntodo++] = (struct ioreq_access){
		.kind = IOREQ_CONFIG_WRITE, .size = size, .data = data,
		.addr = reg, .sbdf = (PCI_SLOT + how % DISKS) << 3,
	};
}

static void place_window(uint8_t how)
{
	configure_later(how, 0x10, 4, (uint32_t)window_of(how));
	configure_later(how, 0x04, 2, 6);	/* memory, master */
}

/* Three frames of a queue, from 1 on. */
static uint32_t ring_frame(uint8_t how)
{
	return 1 + 3 * (how % DISKS * QUEUES + how / DISKS % QUEUES);
}

static void write_ring_registers(uint8_t how, const struct side *side)
{
	static const uint8_t reg[] = { 0x80, 0x90, 0xa0 };

	do_later(how, 0x030, how / DISKS % QUEUES);
	do_later(how, 0x038, side->ring.num);
	for (uint32_t i = 0; i < 3; i++) {
		uint64_t at = guest_addr(side, ring_frame(how) + i, 64 * i);

		do_later(how, reg[i], (uint32_t)at);
		do_later(how, reg[i] + 4, (uint32_t)(at >> 32));
	}
	do_later(how, 0x044, 1);
}

/* Bits 0, 1: disk, queue; 2: grants; 3: not the device; 4 to 6: entries. */
static void set_up_queue(uint8_t how, uint32_t features)
{
	struct side *side = which_side(how);
	uint32_t frame = ring_frame(how);

	side->grants = how & 4;
	side->next_desc = 0;
	guest_ring_init(&side->ring, memory_at(frame, 0),
			memory_at(frame + 1, 64), memory_at(frame + 2, 128),
			(uint16_t)(1u << (how >> 4 & 7) % 5), 0);
	if (!(how & 8) && is_pci(how))
		place_window(how);
	if (!(how & 8)) {
		do_later(how, 0x070, 0);
		do_later(how, 0x070, 1);
		do_later(how, 0x070, 3);
		do_later(how, 0x024, 1);
		do_later(how, 0x020, 1 | (features & 1) << 8);
		do_later(how, 0x024, 0);
		do_later(how, 0x020, features & ~1u);
		do_later(how, 0x070, 11);
	}
	write_ring_registers(how, side);
	do_later(how, 0x070, 15);
}

static void put_header(struct virtio_blk_outhdr *h, uint8_t type,
		       uint16_t sector)
{
	static const uint8_t known[] = { 0, 1, 4, 8, 11, 13, 0, 1 };

	h->type = htole32(type & 0x80 ? type : known[type & 7]);
	h->ioprio = 0;
	h->sector = htole64(sector);
}

/* Of DISCARD and WRITE_ZEROES: eight sectors. */
static void put_range(struct virtio_blk_discard_write_zeroes *r,
		      uint16_t sector, uint32_t flags)
{
	r->sector = htole64(sector);
	r->num_sectors = htole32(8);
	r->flags = htole32(flags);
}

struct shape {
	uint64_t addr;
	uint32_t len;
	uint16_t flags;
};

/* As a chain in the ring, or in a table of its own in @frame. */
static uint16_t put_shape(struct side *side, const struct shape shape[],
			  uint32_t n, uint32_t table)
{
	uint16_t num = side->ring.num, head = side->next_desc;
	struct vring_desc *d = side->ring.desc;

	if (table) {
		guest_desc(&d[head], guest_addr(side, table, 0), 16 * n, 4, 0);
		side->next_desc = (uint16_t)(head + 1) % num;
		d = memory_at(table, 0);
	}
	for (uint32_t i = 0; i < n; i++) {
		uint32_t at = table ? i : (head + i) % num;
		uint32_t next = table ? i + 1 : (at + 1) % num;

		guest_desc(&d[at], shape[i].addr, shape[i].len,
			   (uint16_t)(shape[i].flags | (i + 1 < n)),
			   (uint16_t)next);
	}
	if (!table)
		side->next_desc = (uint16_t)(head + n) % num;
	return head;
}

/* Header, data in up to three segments, status; offered and kicked. */
static void make_request(struct input *in)
{
	static const uint32_t lens[] = { 512, 1024, 4096, 8192, 16, 20, 65536,
					 131072, 1, 511, 15, 32, 12288, 0,
					 2048, 7 };
	uint8_t how = input_u8(in), type = input_u8(in);
	uint16_t sector = (uint16_t)tame(input_u16(in));
	uint8_t where = input_u8(in), len = input_u8(in);
	struct side *side = which_side(how);
	uint32_t frame = BUFFERS + side->next_desc % 8;
	uint32_t data = BUFFERS + 8 + where % (FRAMES - BUFFERS - 8);
	bool write = how & 8 ? type & 1 : (type & 7) == 0 || (type & 7) == 3;
	struct shape shape[5];
	uint32_t n = 1;

	if (!side->ring.num)
		return;
	put_header(memory_at(frame, 16), type, sector);
	if ((type & 7) == 4 || (type & 7) == 5)
		put_range(memory_at(data, where & 0x80 ? 512 : 0), sector,
			  how >> 6 & 1);
	shape[0] = (struct shape){ guest_addr(side, frame, 16), 16, 0 };
	for (uint32_t i = 0; i < (how >> 4 & 3); i++)
		shape[n++] = (struct shape){
			guest_addr(side, data + i, where & 0x80 ? 512 : 0),
			lens[(len + i) & 15], write ? 2 : 0 };
	shape[n++] = (struct shape){ guest_addr(side, frame, PAGE - 1), 1, 2 };
	guest_offer(&side->ring, put_shape(side, shape, n,
					   how & 4 ? BUFFERS + 7 : 0));
	do_later(how, 0x050, how / DISKS % QUEUES);
}

static void write_desc(struct input *in)
{
	uint8_t how = input_u8(in), at = input_u8(in), frame = input_u8(in);
	uint16_t offset = input_u16(in);
	uint8_t len = input_u8(in), flags = input_u8(in), next = input_u8(in);
	struct side *side = which_side(how);
	struct vring_desc *d = how & 4 ? memory_at(BUFFERS + 7, 0) :
					 side->ring.desc;
	uint64_t addr = memory_address(frame, offset % PAGE, how & 8);

	if (!side->ring.num)
		return;
	if (how & 16)
		addr |= UINT64_C(0x00ffffffffff0000);
	guest_desc(&d[at % side->ring.num], addr,
		   how & 32 ? len : 1u << (len & 31), flags & 7, next);
}

static void flip(struct input *in)
{
	uint8_t frame = input_u8(in);
	uint16_t offset = input_u16(in);
	uint8_t value = input_u8(in);
	uint8_t *at = memory_at(frame % FRAMES, offset % PAGE);

	*at = value == POISON ? 0 : (uint8_t)tame(value);
}

static void change_grant(struct input *in)
{
	uint32_t frame = input_below(in, FRAMES);
	uint8_t how = input_u8(in);

	if (how & 1)
		memory_grant(frame, frame >= READ_ONLY || (how & 2));
	else
		memory_revoke(frame);
}

static void raw_access(struct input *in, enum ioreq_kind kind)
{
	static const uint8_t sizes[] = { 4, 4, 4, 4, 4, 1, 2, 8 };
	uint8_t how = input_u8(in);
	uint16_t offset = input_u16(in);

	g.todo[g.ntodo++] = (struct ioreq_access){
		.kind = kind, .size = sizes[how >> 2 & 7],
		.addr = window_of(how) + (is_pci(how) ? offset :
					  offset % (3 * VMMIO_WINDOW_SIZE)),
		.data = kind == IOREQ_MMIO_WRITE ?
			tame(input_bytes(in, 1u << (how >> 6))) : 0,
	};
}

/* In configuration space: one dword's worth at most, as hardware has it. */
static void raw_config_access(struct input *in, enum ioreq_kind kind)
{
	uint8_t how = input_u8(in), reg = input_u8(in);
	uint32_t size = 1u << (how >> 2 & 3) % 3;

	g.todo[g.ntodo++] = (struct ioreq_access){
		.kind = kind, .size = size, .addr = reg / size * size,
		.sbdf = (PCI_SLOT + how % DISKS) << 3 | (how >> 4 & 1),
		.data = kind == IOREQ_CONFIG_WRITE ? input_bytes(in, size) : 0,
	};
}

static void set_avail_idx(struct input *in)
{
	struct side *side = which_side(input_u8(in));
	uint16_t idx = (uint16_t)tame(input_u16(in));

	if (side->ring.num)
		guest_set_avail_idx(&side->ring, idx);
}

static void offer(struct input *in)
{
	struct side *side = which_side(input_u8(in));
	uint8_t head = input_u8(in);

	if (side->ring.num)
		guest_offer(&side->ring, head);
}

static void change_hole(struct input *in)
{
	uint8_t how = input_u8(in);

	memory_hole(how % FRAMES, how & 0x40);
}

static void ask_to_unmap(enum ioreq_kind kind)
{
	g.todo[g.ntodo++] = (struct ioreq_access){ .kind = kind };
}

void guest_step(uint8_t what, struct input *in)
{
	uint8_t how;

	switch (what & 15) {
	case 0:
		if (what & 16)
			raw_config_access(in, IOREQ_CONFIG_WRITE);
		else
			raw_access(in, IOREQ_MMIO_WRITE);
		break;
	case 1:
		if (what & 16)
			raw_config_access(in, IOREQ_CONFIG_READ);
		else
			raw_access(in, IOREQ_MMIO_READ);
		break;
	case 2:
		how = input_u8(in);
		set_up_queue(how, input_u32(in));
		break;
	case 3:
	case 4:
		make_request(in);
		break;
	case 5:
		write_desc(in);
		break;
	case 6:
		flip(in);
		break;
	case 7:
		set_avail_idx(in);
		break;
	case 8:
		offer(in);
		break;
	case 9:
		change_grant(in);
		break;
	case 10:
		change_hole(in);
		ask_to_unmap(IOREQ_UNMAP_ALL);
		break;
	case 11:
		ask_to_unmap(what & 16 ? IOREQ_OTHER : IOREQ_UNMAP_ALL);
		break;
	}
}

void guest_open(uint32_t pci)
{
	memset(&g, 0, sizeof(g));
	g.pci = pci;
	memory_open();
}

/* A BAR goes where the other may still be: neither is anywhere meanwhile. */
void guest_reset(void)
{
	for (uint8_t i = 0; i < DISKS; i++)
		if (is_pci(i))
			configure_later(i, 0x04, 2, 0);
	for (uint8_t i = 0; i < DISKS; i++) {
		if (is_pci(i))
			place_window(i);
		do_later(i, 0x070, 0);
	}
}

bool guest_has_access(void)
{
	return g.todo_at < g.ntodo;
}

bool guest_goes_on(void)
{
	return g.todo_at;
}

struct ioreq_access guest_take_access(void)
{
	struct ioreq_access acc = g.todo[g.todo_at++];

	if (g.todo_at == g.ntodo)
		g.todo_at = g.ntodo = 0;
	return acc;
}
