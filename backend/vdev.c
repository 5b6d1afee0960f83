// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The transport-independent half of the register machine. Legal transitions
 * only: status bits are set in order and cleared by reset alone, queue
 * registers are frozen while the queue is ready, features while FEATURES_OK
 * stands. Whatever else the guest writes has no effect.
 */
#include "backend/vdev.h"

#include <stddef.h>
#include <string.h>

#include <linux/virtio_blk.h>
#include <linux/virtio_config.h>

#define STATUS_DRIVER_BITS (VIRTIO_CONFIG_S_ACKNOWLEDGE | \
			    VIRTIO_CONFIG_S_DRIVER | \
			    VIRTIO_CONFIG_S_FEATURES_OK | \
			    VIRTIO_CONFIG_S_DRIVER_OK | \
			    VIRTIO_CONFIG_S_FAILED)

static const struct vdev_effect nothing = { .kind = VDEV_NOTHING };

static struct vdev_effect effect(enum vdev_effect_kind kind, uint32_t queue)
{
	return (struct vdev_effect){ .kind = kind, .queue = queue };
}

bool vdev_has(const struct vdev *v, unsigned int feature_bit)
{
	return v->reg->features >> feature_bit & 1;
}

static void queue_reset(struct state_queue *q, uint32_t num)
{
	*q = (struct state_queue){ .num = num, .vector = STATE_NO_VECTOR };
}

void vdev_reset(struct vdev *v)
{
	struct state_disk *r = v->reg;

	r->features = 0;
	r->device_features_sel = 0;
	r->driver_features_sel = 0;
	r->queue_sel = 0;
	r->isr = 0;
	r->config_vector = STATE_NO_VECTOR;
	for (uint32_t i = 0; i < v->num_queues; i++)
		queue_reset(&r->queue[i], v->queue_size_max);
	/* The status is what the driver waits for: last. */
	r->status = 0;
}

uint32_t vdev_status(const struct vdev *v)
{
	return v->reg->status;
}

bool vdev_running(const struct vdev *v)
{
	uint32_t s = v->reg->status;

	return !v->reg->held && (s & VIRTIO_CONFIG_S_DRIVER_OK) &&
	       !(s & (VIRTIO_CONFIG_S_FAILED | VIRTIO_CONFIG_S_NEEDS_RESET));
}

/* virtio 1.2, 3.1.1: every valid subset is accepted, nothing else. */
static bool features_ok(const struct vdev *v)
{
	return !(v->reg->features & ~v->offered) &&
	       vdev_has(v, VIRTIO_F_VERSION_1);
}

struct vdev_effect vdev_write_status(struct vdev *v, uint32_t value)
{
	struct state_disk *r = v->reg;
	uint32_t added;

	if (!value)
		return effect(VDEV_RESET_DEVICE, 0);
	value &= STATUS_DRIVER_BITS;
	/* Bits are cleared by reset alone. */
	if (r->status & STATUS_DRIVER_BITS & ~value)
		return nothing;
	added = value & ~r->status;
	if (added & VIRTIO_CONFIG_S_FAILED)
		r->status |= VIRTIO_CONFIG_S_FAILED;
	if (added & VIRTIO_CONFIG_S_ACKNOWLEDGE)
		r->status |= VIRTIO_CONFIG_S_ACKNOWLEDGE;
	if ((added & VIRTIO_CONFIG_S_DRIVER) &&
	    (r->status & VIRTIO_CONFIG_S_ACKNOWLEDGE))
		r->status |= VIRTIO_CONFIG_S_DRIVER;
	if (added & VIRTIO_CONFIG_S_FEATURES_OK) {
		if (!(r->status & VIRTIO_CONFIG_S_DRIVER) || !features_ok(v))
			return nothing;
		return effect(VDEV_FEATURES, 0);
	}
	if ((added & VIRTIO_CONFIG_S_DRIVER_OK) &&
	    (r->status & VIRTIO_CONFIG_S_FEATURES_OK)) {
		r->status |= VIRTIO_CONFIG_S_DRIVER_OK;
		return effect(VDEV_DRIVER_OK, 0);
	}
	return nothing;
}

void vdev_features_agreed(struct vdev *v)
{
	v->reg->status |= VIRTIO_CONFIG_S_FEATURES_OK;
}

bool vdev_asks_for_reset(const struct vdev *v)
{
	uint32_t both = VIRTIO_CONFIG_S_DRIVER_OK | VIRTIO_CONFIG_S_NEEDS_RESET;

	return (v->reg->status & both) == both;
}

bool vdev_needs_reset(struct vdev *v)
{
	if (v->reg->status & VIRTIO_CONFIG_S_NEEDS_RESET)
		return false;
	v->reg->status |= VIRTIO_CONFIG_S_NEEDS_RESET;
	return vdev_asks_for_reset(v);
}

uint32_t vdev_device_features(const struct vdev *v, uint32_t word)
{
	return word < 2 ? (uint32_t)(v->offered >> (32 * word)) : 0;
}

void vdev_write_driver_features(struct vdev *v, uint32_t word, uint32_t value)
{
	unsigned int shift = 32 * word;

	if (v->reg->status & VIRTIO_CONFIG_S_FEATURES_OK)
		return;
	/* Words we don't have must stay 0; a bit there is a bit not offered. */
	if (word >= 2) {
		if (value)
			v->reg->features |= ~v->offered;
		return;
	}
	v->reg->features = (v->reg->features & ~(UINT64_C(0xffffffff) << shift)) |
			   (uint64_t)value << shift;
}

struct state_queue *vdev_queue(struct vdev *v, uint32_t q)
{
	return q < v->num_queues ? &v->reg->queue[q] : NULL;
}

void vdev_write_queue_num(struct vdev *v, uint32_t q, uint32_t num)
{
	struct state_queue *sq = vdev_queue(v, q);

	if (!sq || sq->ready)
		return;
	if (!num || num > v->queue_size_max || (num & (num - 1)))
		num = 0;	/* refused when the queue is enabled */
	sq->num = num;
}

void vdev_write_queue_address(struct vdev *v, uint32_t q,
			      enum vdev_queue_address which, int high,
			      uint32_t value)
{
	struct state_queue *sq = vdev_queue(v, q);
	uint64_t *addr;

	if (!sq || sq->ready)
		return;
	addr = which == VDEV_DESC ? &sq->desc :
	       which == VDEV_DRIVER ? &sq->driver : &sq->device;
	if (high)
		*addr = (*addr & 0xffffffffu) | (uint64_t)value << 32;
	else
		*addr = (*addr & ~UINT64_C(0xffffffff)) | value;
}

void vdev_write_queue_vector(struct vdev *v, uint32_t q, uint16_t vector)
{
	struct state_queue *sq = vdev_queue(v, q);

	if (sq)
		sq->vector = vector;
}

/* virtio 1.2, 2.7: alignment; nothing set up is address 0. */
static bool queue_set_up(const struct vdev *v, uint32_t q,
			 const struct state_queue *sq)
{
	if (q > 0 && !vdev_has(v, VIRTIO_BLK_F_MQ))
		return false;
	return sq->num && sq->desc && sq->driver && sq->device &&
	       !(sq->desc & 15) && !(sq->driver & 1) && !(sq->device & 3);
}

struct vdev_effect vdev_write_queue_ready(struct vdev *v, uint32_t q,
					  uint32_t value)
{
	struct state_queue *sq = vdev_queue(v, q);

	if (!sq || value > 1 || value == sq->ready)
		return nothing;
	if (!value)
		return effect(VDEV_STOP_QUEUE, q);
	if (!(v->reg->status & VIRTIO_CONFIG_S_FEATURES_OK) ||
	    (v->reg->status & VIRTIO_CONFIG_S_NEEDS_RESET) ||
	    !queue_set_up(v, q, sq))
		return nothing;
	return effect(VDEV_ENABLE_QUEUE, q);
}

struct vdev_effect vdev_reset_queue(struct vdev *v, uint32_t q)
{
	if (!vdev_queue(v, q) || !vdev_has(v, VIRTIO_F_RING_RESET))
		return nothing;
	return effect(VDEV_STOP_QUEUE, q);
}

void vdev_queue_enabled(struct vdev *v, uint32_t q)
{
	struct state_queue *sq = &v->reg->queue[q];

	sq->last_avail = 0;
	sq->used = 0;
	sq->used_next = 0;
	sq->taken = 0;
	for (uint32_t i = 0; i < STATE_QUEUE_SIZE; i++)
		sq->in_flight[i] = 0;
	sq->ready = 1;
}

/* virtio 1.2, 2.6.1: back to the defaults. */
void vdev_queue_stopped(struct vdev *v, uint32_t q)
{
	queue_reset(&v->reg->queue[q], v->queue_size_max);
}

struct vdev_effect vdev_kick(struct vdev *v, uint32_t q)
{
	struct state_queue *sq = vdev_queue(v, q);

	if (!sq || !sq->ready || !vdev_running(v))
		return nothing;
	return effect(VDEV_KICK, q);
}

uint64_t vdev_read_config(uint64_t offset, uint32_t size, const void *config,
			  uint32_t len)
{
	uint8_t bytes[8] = { 0 };
	uint64_t value = 0;

	if (offset % size || offset >= len)
		return 0;
	if (size > len - offset)
		size = len - (uint32_t)offset;
	memcpy(bytes, (const uint8_t *)config + offset, size);
	for (int i = 7; i >= 0; i--)
		value = value << 8 | bytes[i];
	return value;
}

struct vdev_effect vdev_write_config(uint64_t offset, uint32_t size,
				     uint64_t data, uint32_t len)
{
	if (offset % size || offset >= len || size > len - offset)
		return nothing;
	return (struct vdev_effect){
		.kind = VDEV_CONFIG_WRITE, .offset = (uint32_t)offset,
		.size = size, .data = data,
	};
}

bool vdev_interrupt(struct vdev *v, uint32_t bits)
{
	bool raise = bits & ~v->reg->isr;

	v->reg->isr |= bits;
	return raise;
}

void vdev_acknowledge(struct vdev *v, uint32_t bits)
{
	v->reg->isr &= ~bits;
}
