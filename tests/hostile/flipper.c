// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The arena has four parts: slots of a page each (header, status, data), a tail
 * as long as the longest length, indirect tables, and room for rings. Addresses
 * point into a part, and any address with any length stays in the arena; or an
 * address is nowhere, and a length more than the disk and all RAM behind.
 *
 * The device would make addresses out of whatever it finds where a table or a
 * ring should be, and some of them would be somebody's. So data is never where
 * these are, nor ever looks like an address, and fields are written as a whole:
 * some descriptors of the ring always name tables, the others always data.
 */
#include "tests/hostile/flipper.h"

#include <errno.h>
#include <time.h>

#include <linux/virtio_mmio.h>

#define SLOTS 32u
#define TABLE 16u
#define TABLE_LEN (TABLE * 16u)
#define GUARD (64u << 10)		/* lengths are at most this */
#define NAMED (SLOTS * SIM_PAGE)	/* addresses of data point into this */
#define TABLES (NAMED + GUARD)		/* those of tables from here on */
#define RINGS (TABLES + SLOTS * TABLE_LEN + GUARD)
#define ARENA (RINGS + 2 * GUARD)
#define HEADS 64u

struct flip_slot {
	struct virtio_blk_outhdr header;
	uint8_t status;
	uint8_t data[SIM_PAGE - 17];
};

_Static_assert(sizeof(struct flip_slot) == SIM_PAGE, "a page each");

static uint32_t rnd(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (uint32_t)(*state >> 33);
}

#define ONE_OF(state, list) \
	((list)[rnd(state) % (sizeof(list) / sizeof((list)[0]))])

/* --- what is written ---------------------------------------------------------------- */

static uint64_t name(const struct flipper *f, uint64_t *s, uint64_t at)
{
	return (rnd(s) & 1 ? f->grants.addr : f->arena.gpa) + at;
}

/* In the @len bytes at @from, aligned as often as not; or nowhere. */
static uint64_t any_address(const struct flipper *f, uint64_t *s, uint32_t from,
			    uint32_t len, uint32_t align)
{
	const uint64_t nowhere[] = { 0, 1, UINT64_MAX, UINT64_MAX - 4095,
		INT64_MAX, UINT64_C(1) << 52, SIM_RAM_BASE - 2 * GUARD,
		SIM_RAM_BASE + f->config.ram->size,
		GADDR_GRANT_BIT | UINT64_C(0xfffffff0) << 12,
		GADDR_GRANT_BIT | (uint64_t)f->config.ram->refs << 12 };

	if (rnd(s) % 16 == 0)
		return ONE_OF(s, nowhere);
	return name(f, s, from + (rnd(s) % len & ~(align - 1)));
}

static uint32_t any_len(uint64_t *s)
{
	const uint32_t some[] = { 0, 1, 15, 16, 17, 48, 256, 511, 512, 512, 512,
		513, 1024, 3584, 4095, 4096, 4096, 8192, 16384, GUARD,
		0x80000000, UINT32_MAX, UINT32_MAX - 15 };

	return rnd(s) & 3 ? ONE_OF(s, some) : rnd(s) % GUARD;
}

static uint16_t any_next(uint64_t *s)
{
	return rnd(s) % 16 ? rnd(s) % HEADS : (uint16_t)rnd(s);
}

static uint64_t any_data(const struct flipper *f, uint64_t *s)
{
	return any_address(f, s, 0, NAMED, rnd(s) & 1 ? 16 : 1);
}

static uint64_t any_table(const struct flipper *f, uint64_t *s)
{
	return any_address(f, s, TABLES, SLOTS * TABLE_LEN, 16);
}

static struct vring_desc *table(const struct flipper *f, uint32_t slot)
{
	return (void *)(f->arena.va + TABLES + slot * TABLE_LEN);
}

/* Of the ring: the head of every other chain. */
static bool names_table(uint32_t i)
{
	return i % 8 == 4;
}

static void flip_desc(const struct flipper *f, uint64_t *s,
		      volatile struct vring_desc *d, bool is_table)
{
	uint16_t flags;

	switch (rnd(s) % 4) {
	case 0:
		d->addr = is_table ? any_table(f, s) : any_data(f, s);
		break;
	case 1:
		d->len = any_len(s);
		break;
	case 2:
		flags = rnd(s) % 64 ? rnd(s) & 7 : (uint16_t)rnd(s);
		d->flags = is_table ? flags | VRING_DESC_F_INDIRECT :
			   flags & ~VRING_DESC_F_INDIRECT;
		break;
	default:
		d->next = any_next(s);
	}
}

static void flip_header(const struct flipper *f, uint64_t *s,
			volatile struct virtio_blk_outhdr *h)
{
	const uint32_t types[] = { 0, 0, 0, 1, 1, 1, 4, 8, 11, 13, 2, 16 };
	uint64_t end = f->disk.space.capacity;
	const uint64_t sectors[] = { 0, 1, 8, 2048, end - 1, end, UINT64_MAX,
		UINT64_C(1) << 55 };

	if (rnd(s) & 1)
		h->type = ONE_OF(s, types);
	else
		h->sector = ONE_OF(s, sectors);
}

/* A slot and descriptors that make a good request, so that some are. */
static void mend(const struct flipper *f, uint64_t *s, struct gvring *ring,
		 uint16_t head)
{
	uint32_t i = rnd(s) % SLOTS, at = i * SIM_PAGE;
	volatile struct flip_slot *slot = (void *)(f->arena.va + at);
	volatile struct vring_desc *d = ring->vr.desc;
	bool in = rnd(s) & 1;
	uint32_t len = 512u << rnd(s) % 5;

	slot->header.type = in ? VIRTIO_BLK_T_IN : VIRTIO_BLK_T_OUT;
	slot->header.sector = rnd(s) % 4096;
	if (names_table(head)) {
		d[head].addr = name(f, s, TABLES + i * TABLE_LEN);
		d[head].len = 3 * sizeof(struct vring_desc);
		d[head].flags = VRING_DESC_F_INDIRECT;
		d = table(f, i);
		head = 0;
	}
	d[head].addr = name(f, s, at);
	d[head].len = 16;
	d[head].flags = VRING_DESC_F_NEXT;
	d[head].next = head + 1;
	d[head + 1].addr = name(f, s, rnd(s) % NAMED);
	d[head + 1].len = len;
	d[head + 1].flags = VRING_DESC_F_NEXT | (in ? VRING_DESC_F_WRITE : 0);
	d[head + 1].next = head + 2;
	d[head + 2].addr = name(f, s, at + offsetof(struct flip_slot, status));
	d[head + 2].len = 1;
	d[head + 2].flags = VRING_DESC_F_WRITE;
}

static void flip(const struct flipper *f, uint64_t *s, struct gvring *ring)
{
	volatile struct flip_slot *slot = (void *)
		(f->arena.va + rnd(s) % SLOTS * SIM_PAGE);
	uint8_t *used = (uint8_t *)ring->vr.used;
	uint32_t i;

	switch (rnd(s) % 16) {
	case 0 ... 4:
		i = rnd(s) % HEADS;
		flip_desc(f, s, &ring->vr.desc[i], names_table(i));
		break;
	case 5 ... 8:
		flip_desc(f, s, &table(f, rnd(s) % SLOTS)[rnd(s) % TABLE],
			  false);
		break;
	case 9 ... 11:
		flip_header(f, s, &slot->header);
		break;
	case 12:
		slot->data[rnd(s) % sizeof(slot->data)] = (uint8_t)(rnd(s) | 0x81);
		break;
	case 13:
		ring->vr.avail->ring[rnd(s) % ring->vr.num] = any_next(s);
		break;
	case 14:
		ring->vr.avail->ring[ring->vr.num] = (uint16_t)rnd(s);
		ring->vr.avail->flags = rnd(s) & 3;
		break;
	default:
		/* But for the index, by which the driver keeps its distance. */
		used[4 + rnd(s) % (ring->vr.num * 8 + 2)] = (uint8_t)rnd(s);
	}
}

/* --- threads ------------------------------------------------------------------------- */

static void nap_us(long us)
{
	const struct timespec nap = { .tv_nsec = us * 1000 };

	nanosleep(&nap, NULL);
}

static void *flip_memory(void *arg)
{
	struct flipper *f = arg;
	struct gvring *ring = &f->disk.queue[0].ring;
	uint64_t s = f->seed;

	while (!f->stop) {
		for (int i = 0; i < 64; i++)
			flip(f, &s, ring);
		/* Sometimes at full speed, sometimes now and then. */
		if (rnd(&s) % 4 == 0)
			nap_us(rnd(&s) % 300);
	}
	return NULL;
}

/* After a reset that somebody asked for, or that the device needs. */
static void start_again(struct flipper *f)
{
	struct gmmio *m = &f->disk.mmio;
	struct gvring *ring = &f->disk.queue[0].ring;
	const struct gmmio_queue q = { (uint16_t)ring->vr.num,
		gvring_desc_addr(ring), gvring_driver_addr(ring),
		gvring_device_addr(ring) };

	f->resets++;
	/* Another thread may write the status between our write and our look. */
	do {
		gmmio_write(m, VIRTIO_MMIO_STATUS, 0);
	} while (!f->stop && gmmio_read(m, VIRTIO_MMIO_STATUS));
	ring->avail_idx = ring->kicked_idx = 0;
	ring->vr.avail->idx = 0;
	ring->vr.used->idx = 0;
	gmmio_add_status(m, VIRTIO_CONFIG_S_ACKNOWLEDGE);
	gmmio_add_status(m, VIRTIO_CONFIG_S_DRIVER);
	gmmio_accept(m, f->disk.features);
	gmmio_queue_enable(m, 0, &q);
	gmmio_add_status(m, VIRTIO_CONFIG_S_DRIVER_OK);
}

static void *drive(void *arg)
{
	struct flipper *f = arg;
	struct gvring *ring = &f->disk.queue[0].ring;
	struct gmmio *m = &f->disk.mmio;
	uint64_t s = f->seed ^ 0x1111;

	for (uint32_t i = 1; !f->stop && !m->err; i++) {
		uint16_t out = (uint16_t)(ring->avail_idx -
					  gvring_used_idx(ring));

		for (uint32_t n = rnd(&s) % 16; n && out < HEADS; n--, out++) {
			uint16_t head = rnd(&s) % (HEADS / 4) * 4;

			if (rnd(&s) & 1)
				mend(f, &s, ring, head);
			gvring_offer(ring, head);
		}
		gvring_publish(ring);
		if (rnd(&s) % 1024 == 0)
			ring->vr.avail->idx = (uint16_t)rnd(&s);
		gmmio_write(m, VIRTIO_MMIO_QUEUE_NOTIFY, rnd(&s) % 32 ?
			    0 : rnd(&s));
		if (rnd(&s) & 1)
			nap_us(rnd(&s) % 200);
		/* Skipped entries are never returned, so the room gets less. */
		if (i % 64 == 0 || (gmmio_read(m, VIRTIO_MMIO_STATUS) &
				    VIRTIO_CONFIG_S_NEEDS_RESET))
			start_again(f);
	}
	return NULL;
}

static void *flip_registers(void *arg)
{
	struct flipper *f = arg;
	struct gmmio m = { .vcpu = f->vcpu, .base = f->config.base };
	uint64_t s = f->seed ^ 0x2222;
	const uint32_t sizes[] = { 4, 4, 4, 4, 4, 1, 2, 8 };

	while (!f->stop && !m.err) {
		uint32_t offset = rnd(&s) % 0x200, size = ONE_OF(&s, sizes);
		uint64_t value = rnd(&s) & 1 ? rnd(&s) & 7 :
			any_address(f, &s, RINGS, GUARD, 16);

		offset &= ~(size - 1);
		/* Resets and stopped queues come from the driver, mostly. */
		if ((offset == VIRTIO_MMIO_STATUS ||
		     offset == VIRTIO_MMIO_QUEUE_READY) && rnd(&s) % 16)
			continue;
		if (rnd(&s) & 1)
			gmmio_write_wide(&m, offset, size, value);
		else
			gmmio_read_wide(&m, offset, size);
		if (rnd(&s) % 4 == 0)
			nap_us(rnd(&s) % 300);
	}
	return NULL;
}

/* Drops all mappings. */
static void *invalidate(void *arg)
{
	struct flipper *f = arg;
	struct gvcpu *v = f->vcpu + 1;
	uint64_t s = f->seed ^ 0x3333;
	int ret = 0;

	while (!f->stop && !ret) {
		pthread_mutex_lock(&v->lock);
		ret = sim_invalidate(v->dom, v->number);
		pthread_mutex_unlock(&v->lock);
		nap_us(rnd(&s) % 2000);
	}
	return NULL;
}

/* --- start and stop ------------------------------------------------------------------- */

int flipper_open(struct flipper *f, const struct gblk_config *config,
		 struct gvcpu *vcpu)
{
	int ret;

	*f = (struct flipper){ .config = *config, .vcpu = vcpu };
	f->config.raw = true;
	f->config.queues = 1;
	ret = gram_alloc(config->ram, &f->arena, ARENA, 0);
	if (ret)
		return ret;
	return gram_share(config->ram, GADDR_GRANT, f->arena.gpa, f->arena.len,
			  SIM_GRANT_WRITE, &f->grants);
}

void flipper_close(struct flipper *f)
{
	gram_unshare(f->config.ram, &f->grants);
	gram_free(f->config.ram, &f->arena);
}

int flipper_start(struct flipper *f, uint64_t seed)
{
	void *(*const run[])(void *arg) = { drive, flip_memory, flip_registers,
		invalidate };
	int ret;

	f->seed = seed;
	f->config.kind = seed & 1 ? GADDR_GRANT : GADDR_FOREIGN;
	f->stop = false;
	ret = gblk_open(&f->disk, &f->config);
	for (f->threads = 0; !ret && f->threads < FLIP_THREADS; f->threads++)
		ret = -pthread_create(&f->thread[f->threads], NULL,
				      run[f->threads], f);
	return ret;
}

int flipper_stop(struct flipper *f)
{
	f->stop = true;
	while (f->threads)
		pthread_join(f->thread[--f->threads], NULL);
	return gblk_close(&f->disk);
}
