// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One register after another, each by an access that stops a vCPU. Nothing is
 * remembered but the first error: what the device is, the device says.
 */
#include "tests/guest/gmmio.h"

#include <errno.h>
#include <string.h>

#include <linux/virtio_config.h>
#include <linux/virtio_mmio.h>

void gvcpu_init(struct gvcpu *v, struct sim_dom *dom, uint32_t number)
{
	v->dom = dom;
	v->number = number;
	pthread_mutex_init(&v->lock, NULL);
}

static void gmmio_note(struct gmmio *m, int err)
{
	int none = 0;

	if (err)
		atomic_compare_exchange_strong(&m->err, &none, err);
}

uint64_t gmmio_read_wide(struct gmmio *m, uint32_t offset, uint32_t size)
{
	uint64_t value = UINT64_MAX;
	int ret;

	pthread_mutex_lock(&m->vcpu->lock);
	ret = sim_mmio_read(m->vcpu->dom, m->vcpu->number, m->base + offset,
			    size, &value);
	pthread_mutex_unlock(&m->vcpu->lock);
	gmmio_note(m, ret);
	return ret ? UINT64_MAX : value;
}

void gmmio_write_wide(struct gmmio *m, uint32_t offset, uint32_t size,
		      uint64_t value)
{
	int ret;

	pthread_mutex_lock(&m->vcpu->lock);
	ret = sim_mmio_write(m->vcpu->dom, m->vcpu->number, m->base + offset,
			     size, value);
	pthread_mutex_unlock(&m->vcpu->lock);
	gmmio_note(m, ret);
}

uint32_t gmmio_read(struct gmmio *m, uint32_t offset)
{
	return (uint32_t)gmmio_read_wide(m, offset, 4);
}

void gmmio_write(struct gmmio *m, uint32_t offset, uint32_t value)
{
	gmmio_write_wide(m, offset, 4, value);
}

/* --- from reset to DRIVER_OK ------------------------------------------------------ */

int gmmio_probe(struct gmmio *m, uint32_t type)
{
	uint32_t magic = gmmio_read(m, VIRTIO_MMIO_MAGIC_VALUE);
	uint32_t version = gmmio_read(m, VIRTIO_MMIO_VERSION);
	uint32_t id = gmmio_read(m, VIRTIO_MMIO_DEVICE_ID);

	if (m->err)
		return m->err;
	/* "virt", the version of the transport that is no legacy. */
	return magic == 0x74726976 && version == 2 && id == type ? 0 : -ENODEV;
}

void gmmio_reset(struct gmmio *m)
{
	gmmio_write(m, VIRTIO_MMIO_STATUS, 0);
	while (!m->err && gmmio_read(m, VIRTIO_MMIO_STATUS))
		;
}

void gmmio_add_status(struct gmmio *m, uint32_t bits)
{
	gmmio_write(m, VIRTIO_MMIO_STATUS,
		    gmmio_read(m, VIRTIO_MMIO_STATUS) | bits);
}

uint64_t gmmio_offered(struct gmmio *m)
{
	uint64_t features;

	gmmio_write(m, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 1);
	features = (uint64_t)gmmio_read(m, VIRTIO_MMIO_DEVICE_FEATURES) << 32;
	gmmio_write(m, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 0);
	return features | gmmio_read(m, VIRTIO_MMIO_DEVICE_FEATURES);
}

int gmmio_accept(struct gmmio *m, uint64_t features)
{
	gmmio_write(m, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
	gmmio_write(m, VIRTIO_MMIO_DRIVER_FEATURES, (uint32_t)(features >> 32));
	gmmio_write(m, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 0);
	gmmio_write(m, VIRTIO_MMIO_DRIVER_FEATURES, (uint32_t)features);
	gmmio_add_status(m, VIRTIO_CONFIG_S_FEATURES_OK);
	if (gmmio_read(m, VIRTIO_MMIO_STATUS) & VIRTIO_CONFIG_S_FEATURES_OK)
		return m->err;
	return m->err ? m->err : -EOPNOTSUPP;
}

static void config_copy(struct gmmio *m, uint32_t offset, uint8_t *buf,
			uint32_t len)
{
	while (len) {
		uint32_t size = offset % 4 || len < 4 ? 1 : 4;
		uint64_t value = gmmio_read_wide(
			m, VIRTIO_MMIO_CONFIG + offset, size);

		memcpy(buf, &value, size);	/* both are little endian */
		offset += size;
		buf += size;
		len -= size;
	}
}

void gmmio_config(struct gmmio *m, uint32_t offset, void *buf, uint32_t len)
{
	uint32_t before, after = gmmio_read(m, VIRTIO_MMIO_CONFIG_GENERATION);

	do {
		before = after;
		config_copy(m, offset, buf, len);
		after = gmmio_read(m, VIRTIO_MMIO_CONFIG_GENERATION);
	} while (before != after && !m->err);
}

/* --- queues ------------------------------------------------------------------------ */

uint32_t gmmio_queue_max(struct gmmio *m, uint32_t index)
{
	gmmio_write(m, VIRTIO_MMIO_QUEUE_SEL, index);
	return gmmio_read(m, VIRTIO_MMIO_QUEUE_NUM_MAX);
}

static void write_address(struct gmmio *m, uint32_t low, uint64_t addr)
{
	gmmio_write(m, low, (uint32_t)addr);
	gmmio_write(m, low + 4, (uint32_t)(addr >> 32));
}

int gmmio_queue_enable(struct gmmio *m, uint32_t index,
		       const struct gmmio_queue *q)
{
	gmmio_write(m, VIRTIO_MMIO_QUEUE_SEL, index);
	gmmio_write(m, VIRTIO_MMIO_QUEUE_NUM, q->size);
	write_address(m, VIRTIO_MMIO_QUEUE_DESC_LOW, q->desc);
	write_address(m, VIRTIO_MMIO_QUEUE_AVAIL_LOW, q->driver);
	write_address(m, VIRTIO_MMIO_QUEUE_USED_LOW, q->device);
	gmmio_write(m, VIRTIO_MMIO_QUEUE_READY, 1);
	if (gmmio_read(m, VIRTIO_MMIO_QUEUE_READY) == 1)
		return m->err;
	return m->err ? m->err : -EIO;
}
