// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The corridor between a pretend guest and a real file.
 */
#include "tests/unit/unit.h"

#include <endian.h>
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "backend/aio.h"
#include "backend/log.h"
#include "backend/pool.h"
#include "tests/unit/corridor.h"
#include "tests/unit/corridor_image.h"

#define BUCKET (64u << 10)

static const struct corridor_mode modes[] = {
	{ "foreign, buffered", false, MAPCACHE_GRANT_COPY, 0, false },
	{ "foreign, direct", false, MAPCACHE_GRANT_COPY, 0, true },
	{ "grants copied, buffered", true, MAPCACHE_GRANT_COPY, UINT64_MAX,
	  false },
	{ "grants copied, direct", true, MAPCACHE_GRANT_COPY, UINT64_MAX,
	  true },
	{ "grants mapped, buffered", true, MAPCACHE_GRANT_MAP, 0, false },
	{ "grants mapped, direct", true, MAPCACHE_GRANT_MAP, 0, true },
	{ "grants both ways, buffered", true, MAPCACHE_GRANT_COPY, 128 << 10,
	  false },
};

static const struct corridor_mode *mode;

/* --- up and down ----------------------------------------------------------- */

static void corridor_start_queue(struct corridor *c)
{
	assert_int_equal(queue_init(&c->q, &c->backing, c->ring.num), 0);
	assert_int_equal(queue_start(&c->q, &c->regs, c->terms.features), 0);
	queue_resume(&c->q, &c->terms);
}

/* The ring lies in frames 1 to 4; everybody may write there. */
static void corridor_make_ring(struct corridor *c, uint16_t num)
{
	guest_ring_init(&c->ring, fake_ram(PAGE), fake_ram(2 * PAGE),
			fake_ram(3 * PAGE + 64), num, 0);
	for (uint32_t f = 1; f < 5; f++)
		fake_grant(FIRST_REF + f, f, false);
	c->regs = (struct state_queue){
		.ready = 1, .num = num,
		.desc = guest_addr(c, PAGE),
		.driver = guest_addr(c, 2 * PAGE),
		.device = guest_addr(c, 3 * PAGE + 64),
	};
	c->next_frame = FIRST_FRAME;
}

static void corridor_make_engine(struct corridor *c, uint64_t buffers)
{
	struct mapcache_config config = {
		.bucket_size = BUCKET,
		.foreign_budget = 8 * MIB,
		.grant_budget = 2048,
		.grant_io = c->mode->grant_io,
	};
	struct engine *e = &c->engine;

	xen_foreign_open(&c->f, 1, MAPCACHE_BUCKET_MAX / PAGE);
	xen_grant_open(&c->g, 1, 65536);
	assert_int_equal(mapcache_open(&e->mc, &config, c->f, c->g,
				       &c->map_stats), 0);
	assert_int_equal(aio_open(&e->aio, 128), 0);
	assert_int_equal(pool_open(&e->pool, buffers), 0);
	e->bucket_size = BUCKET;
	e->grant_map_min = c->mode->map_min;
	/* Over the limit of locked memory it works, too. */
	(void)!aio_register_buffer(e->aio, pool_base(e->pool),
				   pool_size(e->pool));
	assert_int_equal(engine_init(e), 0);
	c->image = corridor_image_open(c->mode->direct);
	assert_int_equal(aio_register_file(e->aio, 3, c->image), 0);
}

static void corridor_open(struct corridor *c, uint16_t num, uint64_t buffers)
{
	*c = (struct corridor){ .mode = mode };
	log_init("test", LOG_LEVEL_ERROR);
	/* To get the memory for it takes longer than most tests. */
	if (!fake_ram_size())
		fake_open(FRAMES);
	memset(fake_ram(0), UNTOUCHED, fake_ram_size());
	corridor_make_engine(c, buffers);
	c->backing = (struct backing){
		.engine = &c->engine, .file = 3, .direct = c->mode->direct,
		.can_punch = true, .can_zero_range = true,
		.geometry = {
			.size = IMAGE_SIZE, .block_size = 512,
			.physical_block_size = 512, .num_queues = 1,
			.queue_size = num, .discard = true,
		},
		.stats = &c->stats, .name = "dom1/xvda",
	};
	memcpy(c->backing.geometry.id, "0123456789abcdefghij", 20);
	c->terms.features = blk_features(&c->backing.geometry);
	c->terms.writeback = 1;
	corridor_make_ring(c, num);
	corridor_start_queue(c);
}

/* Nothing that was in a buffer of ours may have come to the guest. */
static void corridor_close(struct corridor *c)
{
	assert_int_equal(c->q.in_flight, 0);
	assert_int_equal(c->stats.pops, c->stats.pushes);
	assert_int_equal(c->stats.in_flight, 0);
	queue_stop(&c->q);
	queue_fini(&c->q);
	aio_close(c->engine.aio);
	pool_close(c->engine.pool);
	engine_fini(&c->engine);
	mapcache_close(c->engine.mc);
	xen_foreign_close(c->f);
	xen_grant_close(c->g);
	close(c->image);
	assert_null(memchr(fake_ram(FIRST_FRAME * PAGE), POISON,
			   fake_ram_size() - FIRST_FRAME * PAGE));
	fake_again();
}

int corridor_setup(void **state)
{
	static struct corridor c;

	corridor_open(&c, 64, MIB);
	*state = &c;
	return 0;
}

int corridor_teardown(void **state)
{
	corridor_close(*state);
	return 0;
}

void corridor_again(struct corridor *c, uint16_t num, uint64_t buffers)
{
	corridor_close(c);
	corridor_open(c, num, buffers);
}

int corridor_main(const struct CMUnitTest *tests, size_t n)
{
	struct aio *aio;
	int failed = 0, ret = aio_open(&aio, 8);

	if (ret) {
		printf("no io_uring here: %s\n", strerror(-ret));
		return 77;
	}
	aio_close(aio);
	/* What was freed is used again: fresh pages take a good part of the time. */
	mallopt(M_MMAP_THRESHOLD, 32 << 20);
	mallopt(M_TRIM_THRESHOLD, 64 << 20);
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		mode = &modes[i];
		failed += _cmocka_run_group_tests(modes[i].name, tests, n,
						  NULL, NULL);
	}
	return failed;
}

/* --- the guest ------------------------------------------------------------- */

uint64_t guest_addr(const struct corridor *c, uint64_t at)
{
	return c->mode->grants ?
	       UINT64_C(1) << 63 | (at + (uint64_t)FIRST_REF * PAGE) : at;
}

uint64_t guest_bad_addr(const struct corridor *c)
{
	return guest_addr(c, (FRAMES + 5) * (uint64_t)PAGE);
}

uint64_t guest_alloc(struct corridor *c, uint32_t offset, uint32_t len,
		     bool device_writes)
{
	uint32_t first = c->next_frame;
	uint32_t pages = (offset + len + PAGE - 1) / PAGE;

	c->next_frame += pages;
	assert_true(c->next_frame <= FRAMES);
	for (uint32_t f = first; f < c->next_frame; f++)
		fake_grant(FIRST_REF + f, f, !device_writes);
	return (uint64_t)first * PAGE + offset;
}

static void put_parts(struct vring_desc *d, uint16_t first,
		      const struct part part[], uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		uint16_t flags = part[i].write ? VRING_DESC_F_WRITE : 0;

		if (i < n - 1)
			flags |= VRING_DESC_F_NEXT;
		guest_desc(&d[i], part[i].addr, part[i].len, flags,
			   (uint16_t)(first + i + 1));
	}
}

uint16_t guest_chain(struct corridor *c, const struct part part[], uint32_t n)
{
	uint16_t head = c->next_desc;

	assert_true(head + n <= c->ring.num);
	put_parts(&c->ring.desc[head], head, part, n);
	c->next_desc = (uint16_t)(head + n);
	return head;
}

uint16_t guest_indirect(struct corridor *c, const struct part part[],
			uint32_t n, uint32_t room)
{
	uint64_t table = guest_alloc(c, 64, room * 16, false);
	uint16_t head = c->next_desc++;

	put_parts(fake_ram(table), 0, part, n);
	guest_desc(&c->ring.desc[head], guest_addr(c, table), room * 16,
		   VRING_DESC_F_INDIRECT, 0);
	return head;
}

uint64_t io_header(struct corridor *c, uint32_t type, uint64_t sector)
{
	uint64_t at = guest_alloc(c, 128, 16, false);
	uint8_t *h = fake_ram(at);
	uint64_t sector_le = htole64(sector);
	uint32_t type_le = htole32(type);

	memcpy(h, &type_le, 4);
	memset(h + 4, 0, 4);
	memcpy(h + 8, &sector_le, 8);
	return at;
}

struct io io_make(struct corridor *c, uint32_t type, uint64_t sector,
		  uint32_t offset, uint32_t len, bool device_writes)
{
	struct io io = {
		.header = io_header(c, type, sector), .len = len,
		.write = device_writes,
	};
	struct part part[66];
	uint32_t n = 1;

	if (len)
		io.data = guest_alloc(c, offset, len, device_writes);
	io.status = guest_alloc(c, 4095, 1, true);
	part[0] = (struct part){ guest_addr(c, io.header), 16, false };
	for (uint32_t at = 0; at < len; at += part[n++].len) {
		part[n] = (struct part){
			guest_addr(c, io.data + at),
			len - at < 65536 ? len - at : 65536, device_writes,
		};
	}
	part[n++] = (struct part){ guest_addr(c, io.status), 1, true };
	io.head = guest_chain(c, part, n);
	return io;
}

uint8_t io_status(const struct io *io)
{
	return *(uint8_t *)fake_ram(io->status);
}

uint8_t io_do(struct corridor *c, uint32_t type, uint64_t sector, uint32_t len,
	      bool device_writes, struct io *io)
{
	struct io mine;

	io = io ? io : &mine;
	*io = io_make(c, type, sector, 0, len, device_writes);
	guest_offer(&c->ring, io->head);
	corridor_run(c);
	corridor_take(c, io->head);
	return io_status(io);
}

/* --- the corridor ---------------------------------------------------------- */

/*
 * The order of completion: of what was returned nothing is mapped. What is
 * mapped belongs to the ring (three pins) or to requests under way.
 */
static void assert_law(struct corridor *c)
{
	uint32_t maps = 0;

	for (uint32_t i = 0; i < c->q.size; i++) {
		const struct request *r = &c->q.slot[i];

		if (!c->regs.in_flight[i] ||
		    (c->regs.in_flight[i] & STATE_DONE))
			assert_false(r->mapped);
		maps += r->mapped && r->map.grants;
	}
	assert_int_equal(fake.live_grants, maps + (c->mode->grants ? 3 : 0));
	if (c->q.in_flight)
		return;
	mapcache_invalidate(c->engine.mc);
	assert_int_equal(c->map_stats.stale, 0);
	assert_int_equal(fake.live_foreign, c->mode->grants ? 0 : 3);
}

static int corridor_answer(struct corridor *c, int result)
{
	switch (c->answers) {
	case ANSWER_SHORT:
		return result > 512 ? result / 1024 * 512 : result;
	case ANSWER_AGAIN:
		return c->nanswers++ % 2 ? result : -EAGAIN;
	case ANSWER_ERROR:
		return -EIO;
	case ANSWER_NOTHING:
		return 0;
	case ANSWER_CANNOT:
		return c->nanswers++ < 2 ? -EOPNOTSUPP : result;
	default:
		return result;
	}
}

static void corridor_reap(struct corridor *c)
{
	struct aio_event e;

	while (aio_reap(c->engine.aio, &e))
		request_complete(e.tag, corridor_answer(c, e.result));
}

void corridor_run(struct corridor *c)
{
	uint32_t rounds = 0;

	if (!c->q.in_flight)
		memset(pool_base(c->engine.pool), POISON,
		       pool_size(c->engine.pool));
	do {
		assert_true(rounds++ < 20000);
		queue_serve(&c->q, &c->terms);
		assert_int_equal(aio_submit(c->engine.aio), 0);
		corridor_reap(c);
		engine_settle(&c->engine, queue_return);
		assert_law(c);
		c->interrupts += queue_publish(&c->q);
		assert_law(c);
		if (c->q.in_flight)
			assert_int_equal(aio_wait(c->engine.aio, 1000000000),
					 0);
	} while (c->q.in_flight || vring_pending(&c->q.vr) > 0);
	assert_int_equal(c->stats.pops, c->stats.pushes);
}

uint32_t corridor_take(struct corridor *c, uint16_t head)
{
	uint32_t id, len;

	assert_true(guest_take(&c->ring, &id, &len));
	assert_int_equal(id, head);
	return len;
}

void corridor_forget(struct corridor *c)
{
	assert_int_equal(guest_used(&c->ring), 0);
	for (uint32_t f = FIRST_FRAME; f < c->next_frame; f++)
		fake_end_access(FIRST_REF + f);
	memset(fake_ram(FIRST_FRAME * PAGE), UNTOUCHED,
	       (c->next_frame - FIRST_FRAME) * PAGE);
	c->next_frame = FIRST_FRAME;
	c->next_desc = 0;
}

void corridor_return_some(struct corridor *c)
{
	queue_serve(&c->q, &c->terms);
	assert_int_equal(aio_wait(c->engine.aio, 1000000000), 0);
	corridor_reap(c);
	engine_settle(&c->engine, queue_return);
}

static void forget_request(struct request *req)
{
	struct queue *q = req->owner;

	q->in_flight--;
}

/*
 * The kernel ends what a dead process had under way, and unmaps its memory.
 * The requests get that far, all of them, but are not returned.
 */
void corridor_kill(struct corridor *c)
{
	uint32_t rounds = 0;

	while (c->q.in_flight) {
		assert_true(rounds++ < 10000);
		assert_int_equal(aio_wait(c->engine.aio, 1000000), 0);
		corridor_reap(c);
		engine_settle(&c->engine, forget_request);
	}
	assert_int_equal(fake.live_grants, c->mode->grants ? 3 : 0);
	queue_stop(&c->q);
	queue_fini(&c->q);
	c->stats.in_flight = 0;
	c->stats.pops = 0;
	c->stats.pushes = 0;
	corridor_start_queue(c);
	/* Whatever is done again is not done yet, for the next one to die. */
	for (uint32_t i = 0; i < c->q.size; i++)
		assert_false(c->regs.in_flight[i] & STATE_DONE);
}

uint32_t io_chain(struct corridor *c, uint16_t head)
{
	guest_offer(&c->ring, head);
	corridor_run(c);
	return corridor_take(c, head);
}

uint32_t io_parts(struct corridor *c, const struct part part[], uint32_t n)
{
	return io_chain(c, guest_chain(c, part, n));
}

void corridor_goes_on(struct corridor *c)
{
	assert_false(c->q.broken);
	corridor_forget(c);
	assert_int_equal(io_do(c, T_IN, 0, 4096, true, NULL), OK);
	corridor_forget(c);
}
