// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The register machine under a driver that reads and writes anything in any
 * order and width. A second register machine, written from the table in virtio
 * 1.2, 4.2.2, and from 2.1 to 2.6, says after each access what every register
 * holds, and what the access asks of the device. What takes time (a reset, the
 * end of a queue) is done at once, or later, or fails, as the input says.
 *
 * Input: the device, then steps, see step().
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include <linux/virtio_blk.h>
#include <linux/virtio_config.h>
#include <linux/virtio_mmio.h>

#include "backend/vmmio.h"

#define CONFIG_LEN  60u
#define QUEUE_RESET 0x0c0u
#define NO_QUEUE    ((struct state_queue *)NULL)
#define BIT(n)      (UINT64_C(1) << (n))

enum { ACK = 1, DRIVER = 2, DRIVER_OK = 4, FEATURES_OK = 8, NEEDS_RESET = 64,
	FAILED = 128 };

static struct {
	struct vdev v;
	struct state_disk reg;		/* the machine's */
	struct state_disk model;
	uint8_t config[CONFIG_LEN];
} s;

/* --- the second machine ----------------------------------------------------- */

static struct state_queue *selected(void)
{
	return s.model.queue_sel < s.v.num_queues ?
	       &s.model.queue[s.model.queue_sel] : NO_QUEUE;
}

static bool agreed(unsigned int bit)
{
	return s.model.features & BIT(bit);
}

/* Queue registers of a queue that is in use are frozen. */
static struct state_queue *settable(void)
{
	struct state_queue *q = selected();

	return q && !q->ready ? q : NO_QUEUE;
}

static void model_features(uint32_t value)
{
	uint64_t *f = &s.model.features;

	if (s.model.status & FEATURES_OK)
		return;
	if (s.model.driver_features_sel == 0)
		*f = (*f & ~UINT64_C(0xffffffff)) | value;
	else if (s.model.driver_features_sel == 1)
		*f = (*f & 0xffffffff) | (uint64_t)value << 32;
	else if (value)
		*f |= ~s.v.offered;	/* there are no such bits */
}

static enum vdev_effect_kind model_status(uint32_t value)
{
	uint32_t known = ACK | DRIVER | FEATURES_OK | DRIVER_OK | FAILED;
	uint32_t old = s.model.status & known, new = value & known & ~old;

	if (!value)
		return VDEV_RESET_DEVICE;
	if (old & ~value)
		return VDEV_NOTHING;	/* only a reset clears bits */
	s.model.status |= new & (ACK | FAILED);
	if ((new & DRIVER) && (s.model.status & ACK))
		s.model.status |= DRIVER;
	if (new & FEATURES_OK) {
		if (!(s.model.status & DRIVER) || !agreed(VIRTIO_F_VERSION_1) ||
		    (s.model.features & ~s.v.offered))
			return VDEV_NOTHING;
		return VDEV_FEATURES;
	}
	if ((new & DRIVER_OK) && (s.model.status & FEATURES_OK)) {
		s.model.status |= DRIVER_OK;
		return VDEV_DRIVER_OK;
	}
	return VDEV_NOTHING;
}

static enum vdev_effect_kind model_ready(uint32_t value)
{
	const struct state_queue *q = selected();

	if (!q || value > 1 || q->ready == value)
		return VDEV_NOTHING;
	if (!value)
		return VDEV_STOP_QUEUE;
	if (!(s.model.status & FEATURES_OK) || (s.model.status & NEEDS_RESET))
		return VDEV_NOTHING;
	if (s.model.queue_sel && !agreed(VIRTIO_BLK_F_MQ))
		return VDEV_NOTHING;
	if (!q->num || !q->desc || !q->driver || !q->device ||
	    q->desc % 16 || q->driver % 2 || q->device % 4)
		return VDEV_NOTHING;
	return VDEV_ENABLE_QUEUE;
}

static void model_num(uint32_t value)
{
	struct state_queue *q = settable();

	if (!q)
		return;
	q->num = 0;
	for (uint32_t n = 1; n <= s.v.queue_size_max; n *= 2)
		if (n == value)
			q->num = n;
}

static void set_low(uint64_t *addr, uint32_t value)
{
	*addr = (*addr >> 32 << 32) | value;
}

static void set_high(uint64_t *addr, uint32_t value)
{
	*addr = (*addr & 0xffffffff) | (uint64_t)value << 32;
}

static void model_address(uint64_t offset, uint32_t value)
{
	struct state_queue *q = settable();

	if (!q)
		return;
	switch (offset) {
	case 0x080:
		set_low(&q->desc, value);
		break;
	case 0x084:
		set_high(&q->desc, value);
		break;
	case 0x090:
		set_low(&q->driver, value);
		break;
	case 0x094:
		set_high(&q->driver, value);
		break;
	case 0x0a0:
		set_low(&q->device, value);
		break;
	case 0x0a4:
		set_high(&q->device, value);
		break;
	}
}

static enum vdev_effect_kind model_kick(uint32_t queue)
{
	uint32_t status = s.model.status;

	if (queue >= s.v.num_queues || !s.model.queue[queue].ready)
		return VDEV_NOTHING;
	return (status & DRIVER_OK) && !(status & (FAILED | NEEDS_RESET)) ?
	       VDEV_KICK : VDEV_NOTHING;
}

static enum vdev_effect_kind model_write(uint64_t offset, uint32_t size,
					 uint64_t data)
{
	uint32_t value = (uint32_t)data;

	if (offset >= 0x100)
		return (offset - 0x100) % size == 0 &&
		       offset - 0x100 + size <= CONFIG_LEN ?
		       VDEV_CONFIG_WRITE : VDEV_NOTHING;
	if (size != 4)
		return VDEV_NOTHING;
	switch (offset) {
	case 0x014:
		s.model.device_features_sel = value;
		break;
	case 0x020:
		model_features(value);
		break;
	case 0x024:
		s.model.driver_features_sel = value;
		break;
	case 0x030:
		s.model.queue_sel = value;
		break;
	case 0x038:
		model_num(value);
		break;
	case 0x044:
		return model_ready(value);
	case 0x050:
		return model_kick(value);
	case 0x064:
		s.model.isr &= ~value;
		break;
	case 0x070:
		return model_status(value);
	case QUEUE_RESET:
		return value == 1 && selected() &&
		       agreed(VIRTIO_F_RING_RESET) ? VDEV_STOP_QUEUE :
						     VDEV_NOTHING;
	default:
		model_address(offset, value);
		break;
	}
	return VDEV_NOTHING;
}

static uint64_t model_config(uint64_t offset, uint32_t size)
{
	uint64_t v = 0;

	if (offset % size)
		return 0;
	for (uint32_t i = 0; i < size; i++)
		if (offset + i < CONFIG_LEN)
			v |= (uint64_t)s.config[offset + i] << (8 * i);
	return v;
}

static uint64_t model_read(uint64_t offset, uint32_t size)
{
	const struct state_queue *q = selected();

	if (offset >= 0x100)
		return model_config(offset - 0x100, size);
	if (size != 4)
		return 0;
	switch (offset) {
	case 0x000:
		return 0x74726976;
	case 0x004:
		return 2;
	case 0x008:
		return 2;	/* a block device */
	case 0x00c:
		return VMMIO_VENDOR_ID;
	case 0x010:
		return s.model.device_features_sel == 0 ?
		       (uint32_t)s.v.offered :
		       s.model.device_features_sel == 1 ?
		       s.v.offered >> 32 : 0;
	case 0x034:
		return q ? s.v.queue_size_max : 0;
	case 0x044:
		return q ? q->ready : 0;
	case 0x060:
		return s.model.isr;
	case 0x070:
		return s.model.status;
	case 0x0b0:
	case 0x0b4:
	case 0x0b8:
	case 0x0bc:
		return UINT32_MAX;
	case 0x0fc:
		return s.model.generation;
	}
	return 0;
}

/* --- what the device does about it ------------------------------------------ */

static void idle_queue(uint32_t i)
{
	s.model.queue[i] = (struct state_queue){
		.num = s.v.queue_size_max, .vector = STATE_NO_VECTOR,
	};
}

static void reset(void)
{
	uint32_t generation = s.model.generation;
	uint32_t used = s.model.used;

	memset(&s.model, 0, sizeof(s.model));
	s.model.generation = generation;
	s.model.used = used;
	s.model.config_vector = STATE_NO_VECTOR;
	for (uint32_t i = 0; i < s.v.num_queues; i++)
		idle_queue(i);
	vdev_reset(&s.v);
}

static void stop_queue(uint32_t i)
{
	MUST(i < s.v.num_queues);
	idle_queue(i);
	vdev_queue_stopped(&s.v, i);
}

static void enable_queue(uint32_t i)
{
	struct state_queue *q = &s.model.queue[i];

	MUST(i < s.v.num_queues);
	MUST(q->num && q->num <= s.v.queue_size_max);
	q->ready = 1;
	vdev_queue_enabled(&s.v, i);
}

static void needs_reset(void)
{
	uint32_t before = s.model.status;
	bool tell = !(before & NEEDS_RESET) && (before & DRIVER_OK);

	s.model.status |= NEEDS_RESET;
	MUST(vdev_needs_reset(&s.v) == tell);
	MUST(vdev_asks_for_reset(&s.v) == !!(before & DRIVER_OK));
}

static void interrupt(uint32_t bit)
{
	MUST(vdev_interrupt(&s.v, bit) == !(s.model.isr & bit));
	s.model.isr |= bit;
}

static void carry_out(const struct vdev_effect *e, uint8_t how)
{
	switch (e->kind) {
	case VDEV_RESET_DEVICE:
		if (how & 1)
			reset();
		break;
	case VDEV_STOP_QUEUE:
		if (how & 1)
			stop_queue(e->queue);
		break;
	case VDEV_ENABLE_QUEUE:
		if (how & 1)
			enable_queue(e->queue);
		else
			needs_reset();
		break;
	case VDEV_FEATURES:
		vdev_features_agreed(&s.v);
		s.model.status |= FEATURES_OK;
		break;
	default:
		break;
	}
}

/* --- the story -------------------------------------------------------------- */

static uint64_t read_offset(struct input *in)
{
	static const uint16_t known[] = {
		0x000, 0x004, 0x008, 0x00c, 0x010, 0x014, 0x020, 0x024, 0x030,
		0x034, 0x038, 0x044, 0x050, 0x060, 0x064, 0x070, 0x080, 0x084,
		0x090, 0x094, 0x0a0, 0x0a4, 0x0ac, 0x0b0, 0x0b8, 0x0c0, 0x0fc,
		0x100, 0x120, 0x138, 0x139, 0x13c,
	};
	uint8_t how = input_u8(in);

	if (how & 0x80)
		return input_u16(in) % VMMIO_WINDOW_SIZE;
	return known[how % 32];
}

static void check_invariants(void)
{
	uint32_t st = s.reg.status;

	MUST(!(st & DRIVER_OK) || (st & FEATURES_OK));
	MUST(!(st & FEATURES_OK) || !(s.reg.features & ~s.v.offered));
	for (uint32_t i = 0; i < s.v.num_queues; i++)
		MUST(!s.reg.queue[i].ready || (st & FEATURES_OK));
}

/*
 * A step begins with a byte: bits 0 to 3 say what it does, bit 4 whether the
 * device does at once what it asks, bits 5 to 7 its width.
 */
static void step(struct input *in)
{
	static const uint8_t sizes[] = { 4, 4, 4, 4, 4, 1, 2, 8 };
	uint8_t how = input_u8(in);
	uint32_t size = sizes[how >> 5];
	struct vdev_effect e;
	uint64_t offset, data;

	switch (how & 15) {
	case 0:
		interrupt(how & 16 ? 2 : 1);
		break;
	case 1:
		needs_reset();
		break;
	case 2:
	case 3:
		offset = read_offset(in);
		MUST(vmmio_read(&s.v, offset, size, s.config, CONFIG_LEN) ==
		     model_read(offset, size));
		break;
	default:
		offset = read_offset(in);
		data = input_bytes(in, how & 8 ? (how & 4 ? 8 : 2) : 1);
		e = vmmio_write(&s.v, offset, size, data, CONFIG_LEN);
		MUST(e.kind == model_write(offset, size, data));
		MUST(e.kind != VDEV_CONFIG_WRITE ||
		     (e.offset + e.size <= CONFIG_LEN && e.data == data));
		MUST(e.kind != VDEV_KICK || e.queue == (uint32_t)data);
		carry_out(&e, how >> 4);
		break;
	}
	MUST(!memcmp(&s.reg, &s.model, sizeof(s.reg)));
	check_invariants();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };

	memset(&s, 0, sizeof(s));
	s.v = (struct vdev){
		.reg = &s.reg,
		.device_id = 2,
	};
	s.v.num_queues = 1 + input_below(&in, STATE_MAX_QUEUES);
	s.v.queue_size_max = 2u << input_below(&in, 8);
	/* Bit 63 is never offered, so a driver can always be wrong. */
	s.v.offered = (input_u64(&in) | BIT(VIRTIO_F_VERSION_1)) & ~BIT(63);
	for (size_t i = 0; i < sizeof(s.config); i++)
		s.config[i] = (uint8_t)(i + 1);
	s.reg.used = 1;
	s.model.used = 1;
	reset();
	while (!input_ends(&in))
		step(&in);
	return 0;
}
