// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two PCI disks under drivers that read and write anything in their
 * configuration spaces and BARs, over a Xen that sometimes refuses (vpci_xen.h)
 * and devices that do at once, or later, what they are asked (vpci_device.h). A
 * model of each disk (vpci_model.h) says what must be there.
 *
 * Input: the number of queues, then steps, see step().
 */
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <string.h>

#include "backend/log.h"
#include "backend/pcicfg.h"
#include "backend/transport.h"
#include "tests/fuzz/vpci_device.h"
#include "tests/fuzz/vpci_model.h"
#include "tests/fuzz/vpci_xen.h"

static struct {
	struct transport t;
	struct state_disk reg[STATE_MAX_DISKS];
	struct device dev[NDISKS];
	struct stats_disk stats;
	struct model m[NDISKS];
	uint32_t queues;
	uint32_t turn;		/* whose access or event it is */
} s;

static struct model *model(void)
{
	return &s.m[s.turn];
}

/* Of disk @i, whose device does @at_once what it is asked. */
static void take_turn(uint32_t i, bool at_once)
{
	s.turn = i;
	vpci_xen_turn(&s.m[i]);
	vpci_device_turn(&s.m[i], at_once);
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
	MUST(!m->window || vpci_xen.range[0] == m->window ||
	     vpci_xen.range[1] == m->window);
}

/* What could be told was told, if nobody refused to. */
static void check_told(void)
{
	struct model *m = model();

	if (vpci_device.waits)
		return;
	model_drop_invalid(m);
	if (vpci_xen.refused)
		return;
	MUST(!s.dev[s.turn].irq_owed);
	for (uint32_t v = 0; v <= s.queues; v++)
		MUST(!model_may_send(m, v));
	MUST(vpci_xen.level[s.turn] == model_level(m));
}

static void check(void)
{
	check_told();
	for (uint32_t i = 0; i < NDISKS; i++)
		check_disk(i);
	MUST(!s.m[0].window || s.m[0].window != s.m[1].window);
	MUST(!!vpci_xen.range[0] + !!vpci_xen.range[1] ==
	     !!s.m[0].window + !!s.m[1].window);
}

/* Each capability is where the one before says, and describes our BAR. */
static void check_capabilities(struct device *dev)
{
	uint32_t at = pcicfg_read(&dev->vdev, PCI_CAPABILITY_LIST, 1,
				  CONFIG_LEN), seen = 0;

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

	vpci_device.written = at;
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
	if (model_behind(m, reg, size, &at, &len)) {
		bar_access(kind, reg, size, at, len, data);
		return;
	}
	if (write && model_configure(m, reg, size, (uint32_t)data,
				     vpci_device.at_once))
		model_move(m, &s.m[!s.turn], !vpci_xen.no_range);
	act(kind, reg, size, &data);
	MUST(write || (uint32_t)data == model_field(m, reg, size));
}

static void window_access(struct input *in, uint32_t size, bool write)
{
	uint64_t at = input_u16(in) % STATE_PCI_BAR;
	uint64_t data = write ? input_bytes(in, size) : 0;

	vpci_device.waits = !model()->window;
	if (!vpci_device.waits)
		bar_access(write ? IOREQ_MMIO_WRITE : IOREQ_MMIO_READ,
			   model()->window + at, size, at, size, data);
}

/* Queues returned something, or the device has changed. */
static void event(uint32_t which)
{
	struct device *dev = &s.dev[s.turn];
	bool config = which & 1;
	uint32_t queues = (which >> 1) & ((1u << s.queues) - 1);

	dev->events = queues | (config ? DEVICE_EVENT_CONFIG : 0);
	model_event(model(), queues, config);
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
	vpci_xen.attaching = attach;
	MUST(!transport_open(&s.t, dev, attach));
	vpci_xen.attaching = false;
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

	take_turn(how >> 3 & 1, how & 16);
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
		vpci_xen.refusals = size;
		vpci_xen.refusal = how & 16 ? -EAGAIN : -ESRCH;
		return;
	case 6:
		vpci_xen.no_range = how & 16;
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
	vpci_xen_open();
	vpci_device_open();
	log_init("fuzz", 0);
	s.t.disk = s.reg;
	s.queues = 1 + input_below(&in, STATE_MAX_QUEUES);
	for (uint32_t i = 0; i < NDISKS; i++) {
		model_open(&s.m[i], s.queues);
		take_turn(i, false);
		open_disk(i, false);
	}
	while (!input_ends(&in))
		step(&in);
	for (uint32_t i = 0; i < NDISKS; i++) {
		check_capabilities(&s.dev[i]);
		vpci_xen.refusals = 0;
		MUST(!transport_close(&s.t, &s.reg[i]));
		s.reg[i].used = 0;
	}
	vpci_xen_close();
	return 0;
}
