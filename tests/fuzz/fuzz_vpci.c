// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two PCI disks under drivers that read and write anything in their
 * configuration spaces and BARs, over a Xen that sometimes refuses. A model,
 * from PCI 3.0, chapter 6, and virtio 1.2, 4.1, says what is there: a byte array
 * with a mask of what can be written for configuration space, a table and
 * pending bits for MSI-X, and what follows: where each window is, when a
 * message may be sent, whether the pin is up. What virtio's registers mean is
 * fuzz_vmmio's; the device is played below, and does at once, or later, what
 * they ask.
 *
 * Input: the number of queues, then steps, see step().
 */
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <string.h>

#include "backend/log.h"
#include "backend/pcicfg.h"
#include "backend/transport.h"
#include "xen/irq.h"

#define NDISKS     2u
#define SLOT       24u
#define CONFIG_LEN BLK_CONFIG_LEN
#define NO_VECTOR  0xffffu

enum { MEMORY = 2, MASTER = 4, INTX_OFF = 0x400 };
enum { CAPS = 0x34, MSIX = 0x40, ACCESS = 0x90, DATA = 0xa0 };
enum { COMMON = 0, ISR = 0x1000, DEVICE = 0x2000, NOTIFY = 0x3000,
	TABLE = 0x4000, PBA = 0x5000 };
enum { CONFIG_VECTOR = 16, NUM_QUEUES = 18, STATUS = 20, QUEUE_SEL = 22,
	QUEUE_VECTOR = 26, NOTIFY_OFF = 30 };

struct model {
	uint8_t space[256], mask[256];
	uint32_t table[STATE_MAX_VECTORS][4];
	uint32_t pending, isr, window, level;
	uint16_t config_vector, vector[STATE_MAX_QUEUES], sel;
	bool held;
};

static struct {
	struct transport t;
	struct state_disk reg[STATE_MAX_DISKS];
	struct device dev[NDISKS];
	struct stats_disk stats;
	struct model m[NDISKS];
	uint32_t queues, functions, range[NDISKS];
	uint32_t turn;		/* whose access or event it is */
	int next_vector;	/* from there on messages of this turn come */
	uint32_t refusals;	/* interrupts to come that fail */
	int refusal;
	bool no_range, attaching, at_once;
	bool refused, waits;	/* in this turn not all had to be told */
	uint64_t kick;		/* where in the BAR the write is, if one is */
} s;

static struct model *model(void)
{
	return &s.m[s.turn];
}

/* --- Xen ---------------------------------------------------------------------- */

int ioreq_add_range(struct xen_ioreq *io, uint64_t base, uint64_t size)
{
	(void)io;
	MUST(base && base <= UINT32_MAX && size == STATE_PCI_BAR);
	MUST(!(base % size));
	for (uint32_t i = 0; i < NDISKS; i++)
		if (s.range[i] == base) {
			/* Not even for a moment at a place that is taken. */
			MUST(s.attaching);
			return -EEXIST;
		}
	if (s.no_range)
		return -ENOMEM;
	for (uint32_t i = 0; i < NDISKS; i++)
		if (!s.range[i]) {
			s.range[i] = (uint32_t)base;
			return 0;
		}
	MUST(!"more ranges than disks");
	return -ENOSPC;
}

int ioreq_remove_range(struct xen_ioreq *io, uint64_t base, uint64_t size)
{
	(void)io;
	MUST(base && size == STATE_PCI_BAR);
	for (uint32_t i = 0; i < NDISKS; i++)
		if (s.range[i] == base) {
			s.range[i] = 0;
			return 0;
		}
	return -ENOENT;
}

int ioreq_add_pci(struct xen_ioreq *io, uint32_t slot)
{
	(void)io;
	if (s.functions >> slot & 1)
		return -EEXIST;
	s.functions |= 1u << slot;
	return 0;
}

int ioreq_remove_pci(struct xen_ioreq *io, uint32_t slot)
{
	(void)io;
	MUST(s.functions >> slot & 1);
	s.functions &= ~(1u << slot);
	return 0;
}

int irq_raise(struct xen_dm *dm, uint32_t irq)
{
	(void)dm;
	(void)irq;
	MUST(!"an edge, on PCI");
	return 0;
}

static bool refuses(void)
{
	if (!s.refusals)
		return false;
	s.refusals--;
	s.refused = true;
	return true;
}

int irq_set_intx(struct xen_dm *dm, uint32_t slot, uint32_t level)
{
	(void)dm;
	MUST(slot >= SLOT && slot < SLOT + NDISKS && level <= 1);
	if (refuses())
		return -EAGAIN;
	s.m[slot - SLOT].level = level;
	return 0;
}

static uint32_t word(const struct model *m, uint32_t at)
{
	return m->space[at] | m->space[at + 1] << 8 | m->space[at + 2] << 16 |
	       (uint32_t)m->space[at + 3] << 24;
}

static bool msix_on(const struct model *m)
{
	return m->space[MSIX + 3] & 0x80;
}

static bool may_be_sent(const struct model *m, uint32_t vector)
{
	return msix_on(m) && !(m->space[MSIX + 3] & 0x40) &&
	       (word(m, 4) & MASTER) && (m->pending >> vector & 1) &&
	       !(m->table[vector][3] & 1);
}

int irq_send_msi(struct xen_dm *dm, uint64_t address, uint32_t data)
{
	struct model *m = model();
	uint32_t v = (uint32_t)s.next_vector;

	(void)dm;
	MUST(address >> 20 << 20 == (address >> 32 << 32 | 0xfee00000));
	/* Vectors that are no interrupt are passed over. */
	while (v <= s.queues &&
	       !(may_be_sent(m, v) && m->table[v][0] == (uint32_t)address &&
		 m->table[v][1] == address >> 32 && m->table[v][2] == data))
		v++;
	MUST(v <= s.queues);
	s.next_vector = (int)v + 1;
	if (refuses()) {
		if (s.refusal == -ESRCH)
			m->pending &= ~(1u << v);
		return s.refusal;
	}
	m->pending &= ~(1u << v);
	return 0;
}

/* --- the device --------------------------------------------------------------- */

static void reset(struct model *m)
{
	m->isr = m->pending = 0;
	m->sel = 0;
	m->config_vector = NO_VECTOR;
	for (uint32_t i = 0; i < STATE_MAX_QUEUES; i++)
		m->vector[i] = NO_VECTOR;
}

static bool waits(void)
{
	s.waits = !s.at_once;
	return s.waits;
}

enum device_answer device_apply(struct device *dev, const struct vdev_effect *e)
{
	struct model *m = model();

	switch (e->kind) {
	case VDEV_KICK:
		MUST(s.kick == NOTIFY + 4 * e->queue);
		MUST(!m->held);
		break;
	case VDEV_RESET_DEVICE:
		if (waits())
			return DEVICE_WAIT;
		vdev_reset(&dev->vdev);
		dev->events = 0;
		dev->irq_owed = false;
		reset(m);
		break;
	case VDEV_STOP_QUEUE:
		if (waits())
			return DEVICE_WAIT;
		vdev_queue_stopped(&dev->vdev, e->queue);
		m->vector[e->queue] = NO_VECTOR;
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

/* --- the model ---------------------------------------------------------------- */

static void put(struct model *m, uint32_t at, uint32_t size, uint32_t value)
{
	for (uint32_t i = 0; i < size; i++)
		m->space[at + i] = (uint8_t)(value >> 8 * i);
}

static void model_open(struct model *m)
{
	static const struct {
		uint8_t at, next, len, type;
		uint32_t offset;
	} cap[] = {
		{ 0x4c, 0x5c, 16, 1, COMMON }, { 0x5c, 0x70, 20, 2, NOTIFY },
		{ 0x70, 0x80, 16, 3, ISR }, { 0x80, 0x90, 16, 4, DEVICE },
		{ 0x90, 0, 20, 5, 0 },
	};
	const uint32_t length[] = { 60, 4 * s.queues, 1, CONFIG_LEN, 0 };

	put(m, 0x00, 4, 0x10421af4);	/* a modern block device */
	put(m, 0x06, 2, 0x0010);	/* there are capabilities */
	put(m, 0x08, 4, 0x01000001);
	put(m, 0x2c, 4, 0x11001af4);
	put(m, CAPS, 1, MSIX);
	put(m, 0x3d, 1, 1);
	put(m, MSIX, 4, 0x11 | 0x4c << 8 | s.queues << 16);
	put(m, MSIX + 4, 4, TABLE);
	put(m, MSIX + 8, 4, PBA);
	for (uint32_t i = 0; i < 5; i++) {
		put(m, cap[i].at, 4, 0x09u | cap[i].next << 8 |
		    cap[i].len << 16 | (uint32_t)cap[i].type << 24);
		put(m, cap[i].at + 8u, 4, cap[i].offset);
		put(m, cap[i].at + 12u, 4, length[i]);
	}
	put(m, 0x5c + 16, 4, 4);
	m->mask[0x04] = MEMORY | MASTER;
	m->mask[0x05] = INTX_OFF >> 8;
	m->mask[0x11] = 0x80;		/* BAR 0: 32 KiB */
	m->mask[0x12] = m->mask[0x13] = m->mask[0x3c] = 0xff;
	m->mask[MSIX + 3] = 0xc0;
	m->mask[ACCESS + 4] = 0xff;
	memset(&m->mask[ACCESS + 8], 0xff, 8);
	for (uint32_t i = 0; i < STATE_MAX_VECTORS; i++)
		m->table[i][3] = 1;
	m->held = true;
	reset(m);
}

static bool is_field(uint32_t reg, uint32_t size)
{
	return size <= 4 && reg < 256 && reg % 4 + size <= 4;
}

/* What is behind the access capability; false: nothing. */
static bool behind(const struct model *m, uint64_t *offset, uint32_t *size)
{
	*offset = word(m, ACCESS + 8);
	*size = word(m, ACCESS + 12);
	return !m->space[ACCESS + 4] && (*size == 1 || *size == 2 ||
					 *size == 4) &&
	       !(*offset % *size) && *offset < STATE_PCI_BAR;
}

static uint32_t field_width(uint32_t at)
{
	return at == STATUS || at == 21 ? 1 : (at >= 16 && at < 32) ||
	       at >= 56 ? 2 : 4;
}

/* *known: does the model say what is there? */
static uint64_t model_read(struct model *m, uint64_t at, uint32_t size,
			   bool *known)
{
	uint32_t in = at % 0x1000, *entry = &m->table[0][0] + in / 4;
	bool words = size >= 4 && !(in % size);
	uint64_t value;

	*known = true;
	switch (at - in) {
	case COMMON:
		if (in >= 60 || size != field_width(in) || in % size)
			return 0;
		switch (in) {
		case CONFIG_VECTOR:
			return m->config_vector;
		case NUM_QUEUES:
			return s.queues;
		case QUEUE_SEL:
			return m->sel;
		case QUEUE_VECTOR:
			return m->sel < s.queues ? m->vector[m->sel] :
						   NO_VECTOR;
		case NOTIFY_OFF:
			return m->sel < s.queues ? m->sel : 0;
		}
		*known = false;
		return 0;
	case ISR:
		value = in ? 0 : m->isr;
		m->isr = in ? m->isr : 0;
		return value;
	case DEVICE:
		*known = false;
		return 0;
	case TABLE:
		if (!words || in >= 16 * (s.queues + 1))
			return 0;
		return size == 4 ? entry[0] : (uint64_t)entry[1] << 32 | *entry;
	case PBA:
		return words && !in ? m->pending : 0;
	}
	return 0;
}

/* Before it is done: what it may send follows from it. */
static void model_write(struct model *m, uint64_t at, uint32_t size,
			uint64_t data)
{
	uint32_t in = at % 0x1000;
	uint16_t value = (uint16_t)data;
	uint16_t vector = value <= s.queues ? value : NO_VECTOR;

	if (at < 60 && size == 2 && in == CONFIG_VECTOR)
		m->config_vector = vector;
	else if (at < 60 && size == 2 && in == QUEUE_SEL)
		m->sel = value;
	else if (at < 60 && size == 2 && in == QUEUE_VECTOR &&
		 m->sel < s.queues)
		m->vector[m->sel] = vector;
	if (at - in != TABLE || size < 4 || in % size ||
	    in >= 16 * (s.queues + 1))
		return;
	for (uint32_t i = 0; i < size / 4; i++) {
		uint32_t w = in / 4 + i;

		m->table[w / 4][w % 4] = (uint32_t)(data >> 32 * i) &
					 (w % 4 == 3 ? 1 : UINT32_MAX);
	}
}

static void model_end_msix(struct model *m)
{
	for (uint32_t i = 0; i < s.queues; i++)
		if (m->vector[i] != NO_VECTOR && (m->pending >> m->vector[i] & 1))
			m->isr |= 1;
	m->pending = 0;
}

static uint32_t wanted(const struct model *m)
{
	return word(m, 4) & MEMORY ? word(m, 0x10) : 0;
}

static void model_move(struct model *m)
{
	uint32_t to = wanted(m), from = m->window;
	struct model *other = m == &s.m[0] ? &s.m[1] : &s.m[0];

	if (to == from)
		return;
	m->window = s.no_range || to == other->window ? 0 : to;
	to = wanted(other);
	if (from && !other->window && to != m->window && !s.no_range)
		other->window = to;
}

static void model_configure(struct model *m, uint32_t reg, uint32_t size,
			    uint32_t data)
{
	struct model was = *m;

	for (uint32_t i = 0; i < size; i++) {
		uint8_t mask = m->mask[reg + i];

		m->space[reg + i] = (uint8_t)((m->space[reg + i] & ~mask) |
					      (data >> 8 * i & mask));
	}
	if ((word(&was, 4) & MASTER) && !(word(m, 4) & MASTER) && !s.at_once) {
		*m = was;
		return;
	}
	m->held = !(word(m, 4) & MASTER);
	if (!msix_on(m))
		model_end_msix(m);
	if (reg / 4 == 1 || reg / 4 == 4)
		model_move(m);
}

/* --- what must hold ----------------------------------------------------------- */

static void check_disk(uint32_t i)
{
	const struct state_disk *reg = &s.reg[i];
	struct model *m = &s.m[i];

	MUST(reg->pci.window == m->window);
	MUST(reg->pci.msix.pending == m->pending);
	MUST(reg->isr == m->isr);
	MUST(!!reg->held == m->held);
	MUST(!m->window || s.range[0] == m->window ||
	     s.range[1] == m->window);
}

/* What could be told was told, if nobody refused to. */
static void check_told(void)
{
	struct model *m = model();

	if (s.waits)
		return;
	/* What is no interrupt is dropped. */
	for (uint32_t v = 0; v <= s.queues; v++)
		if (may_be_sent(m, v) && m->table[v][0] >> 20 != 0xfee)
			m->pending &= ~(1u << v);
	if (s.refused)
		return;
	MUST(!s.dev[s.turn].irq_owed);
	for (uint32_t v = 0; v <= s.queues; v++)
		MUST(!may_be_sent(m, v));
	MUST(m->level == (m->isr && !msix_on(m) && !(word(m, 4) & INTX_OFF)));
}

static void check(void)
{
	check_told();
	for (uint32_t i = 0; i < NDISKS; i++)
		check_disk(i);
	MUST(!s.m[0].window || s.m[0].window != s.m[1].window);
	MUST(!!s.range[0] + !!s.range[1] ==
	     !!s.m[0].window + !!s.m[1].window);
}

/* A read of configuration space; the interrupt status bit comes and goes. */
static void check_field(uint32_t reg, uint32_t size, uint32_t data)
{
	const struct model *m = model();
	uint32_t want = 0;

	for (uint32_t i = 0; is_field(reg, size) && i < size; i++) {
		uint32_t byte = m->space[reg + i];

		if (reg + i == 6 && m->isr && !msix_on(m))
			byte |= 8;
		want |= byte << 8 * i;
	}
	MUST(data == (is_field(reg, size) ? want : UINT32_MAX));
}

/* Each capability is where the one before says, and describes our BAR. */
static void check_capabilities(struct device *dev)
{
	uint32_t at = pcicfg_read(&dev->vdev, CAPS, 1, CONFIG_LEN), seen = 0;

	for (int i = 0; at && i < 7; i++) {
		uint32_t head = pcicfg_read(&dev->vdev, at, 4, CONFIG_LEN);
		uint32_t type = head >> 24, offset, len;

		MUST(i < 6 && at >= 0x40 && at % 4 == 0);
		if ((head & 0xff) == 9) {
			MUST(type >= 1 && type <= 5 && !(seen >> type & 1));
			MUST(at + (head >> 16 & 0xff) <= 256);
			seen |= 1u << type;
		}
		if ((head & 0xff) == 9 && type != 5) {
			offset = pcicfg_read(&dev->vdev, at + 8, 4, CONFIG_LEN);
			len = pcicfg_read(&dev->vdev, at + 12, 4, CONFIG_LEN);
			MUST(len && offset + len <= STATE_PCI_BAR);
		}
		at = head >> 8 & 0xff;
	}
	MUST(!at && seen == 0x3e);
}

/* --- the story ---------------------------------------------------------------- */

static enum device_answer act(enum ioreq_kind kind, uint64_t addr,
			      uint32_t size, uint64_t *data)
{
	struct ioreq_access acc = {
		.kind = kind, .addr = addr, .size = size, .data = *data,
		.sbdf = (SLOT + s.turn) << 3,
	};
	struct vdev_effect effect = { .kind = VDEV_NOTHING };
	enum device_answer answer;
	uint64_t offset, none;

	MUST(transport_owns(&s.reg[s.turn], &acc, &offset));
	MUST(!transport_owns(&s.reg[!s.turn], &acc, &none));
	answer = transport_access(&s.t, &s.dev[s.turn], offset, &acc,
				  &effect);
	*data = acc.data;
	return answer;
}

/* @size bytes at @at in the BAR, by an access of another kind and place. */
static void bar_access(enum ioreq_kind kind, uint64_t addr, uint32_t width,
		       uint64_t at, uint32_t size, uint64_t data)
{
	bool write = kind == IOREQ_MMIO_WRITE || kind == IOREQ_CONFIG_WRITE;
	bool known = false;
	uint64_t want = 0;

	s.kick = at;
	if (write)
		model_write(model(), at, size, data);
	else
		want = model_read(model(), at, size, &known);
	act(kind, addr, width, &data);
	MUST(!known || data == want);
}

static void configuration_access(struct input *in, uint32_t size, bool write)
{
	enum ioreq_kind kind = write ? IOREQ_CONFIG_WRITE : IOREQ_CONFIG_READ;
	struct model *m = model();
	uint32_t reg = input_u8(in), len;
	uint64_t data = write ? input_bytes(in, size) : 0, at;

	/* What hardware can't send, the hypervisor might. */
	if (size == 8)
		reg |= 0x100;
	size = size == 8 ? 4 : size;
	if (reg == DATA && is_field(reg, size) && behind(m, &at, &len)) {
		bar_access(kind, reg, size, at, len, data);
		return;
	}
	if (write && is_field(reg, size))
		model_configure(m, reg, size, (uint32_t)data);
	act(kind, reg, size, &data);
	if (!write)
		check_field(reg, size, (uint32_t)data);
}

static void window_access(struct input *in, uint32_t size, bool write)
{
	uint64_t at = input_u16(in) % STATE_PCI_BAR;
	uint64_t data = write ? input_bytes(in, size) : 0;

	s.waits = !model()->window;
	if (!s.waits)
		bar_access(write ? IOREQ_MMIO_WRITE : IOREQ_MMIO_READ,
			   model()->window + at, size, at, size, data);
}

/* Queues returned something, or the device has changed. */
static void event(uint32_t which)
{
	struct device *dev = &s.dev[s.turn];
	struct model *m = model();
	bool config = which & 1;
	uint32_t queues = (which >> 1) & ((1u << s.queues) - 1);

	dev->events = queues | (config ? DEVICE_EVENT_CONFIG : 0);
	for (uint32_t i = 0; msix_on(m) && i < s.queues; i++)
		if ((queues >> i & 1) && m->vector[i] != NO_VECTOR)
			m->pending |= 1u << m->vector[i];
	if (msix_on(m) && config && m->config_vector != NO_VECTOR)
		m->pending |= 1u << m->config_vector;
	m->isr |= (config ? 2 : 0) | (queues && !msix_on(m) ? 1 : 0);
	(void)!transport_notify(&s.t, dev);
}

/* Another worker takes the disk up; what Xen has stays. */
static void open_disk(uint32_t i, bool attach)
{
	struct device *dev = &s.dev[i];
	struct proto_disk desc = { .transport = STATE_PCI, .slot = i,
				   .pci_slot = SLOT + i };

	if (!attach)
		transport_init(&s.reg[i], &desc);
	*dev = (struct device){ .slot = i };
	dev->backing.stats = &s.stats;
	dev->vdev = (struct vdev){
		.reg = &s.reg[i], .device_id = 2, .num_queues = s.queues,
		.queue_size_max = 16, .offered = ~(UINT64_C(1) << 63),
	};
	if (!attach) {
		s.reg[i].num_queues = s.queues;
		s.reg[i].queue_size = 16;
		vdev_reset(&dev->vdev);
		s.reg[i].used = 1;
	}
	s.attaching = attach;
	MUST(!transport_open(&s.t, dev, attach));
	s.attaching = false;
}

/*
 * A step begins with a byte: bits 0 to 2 say what it does, bit 3 whose turn it
 * is, bit 4 whether the device does at once what it asks, bits 5 and 6 the
 * width.
 */
static void step(struct input *in)
{
	uint8_t how = input_u8(in);
	uint32_t size = 1u << (how >> 5 & 3);

	s.turn = how >> 3 & 1;
	s.at_once = how & 16;
	s.next_vector = 0;
	s.refused = s.waits = false;
	switch (how & 7) {
	case 0:
	case 1:
		configuration_access(in, size, how & 1);
		break;
	case 2:
	case 3:
		window_access(in, size, how & 1);
		break;
	case 4:
		event(input_u16(in));
		break;
	case 5:
		s.refusals = size;
		s.refusal = how & 16 ? -EAGAIN : -ESRCH;
		return;
	case 6:
		s.no_range = how & 16;
		return;
	default:
		open_disk(s.turn, true);
		event(0);
		break;
	}
	check();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };

	memset(&s, 0, sizeof(s));
	log_init("fuzz", 0);
	s.t.disk = s.reg;
	s.queues = 1 + input_below(&in, STATE_MAX_QUEUES);
	for (uint32_t i = 0; i < NDISKS; i++) {
		s.turn = i;
		model_open(&s.m[i]);
		open_disk(i, false);
	}
	while (!input_ends(&in))
		step(&in);
	for (uint32_t i = 0; i < NDISKS; i++) {
		check_capabilities(&s.dev[i]);
		s.refusals = 0;
		MUST(!transport_close(&s.t, &s.reg[i]));
		s.reg[i].used = 0;
	}
	MUST(!s.range[0] && !s.range[1] && !s.functions);
	MUST(!s.m[0].level && !s.m[1].level);
	return 0;
}
