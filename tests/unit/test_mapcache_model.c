// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The mapcache at random, against a model of a few lines. The seed is fixed, so
 * a failure happens again.
 *
 * The model knows which buckets are held by maps: a bucket of one epoch (the
 * invalidations so far) is one slot. With that, with the grants that are mapped
 * and with the holes, it says what every call has to answer, also when a call
 * into Xen fails.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>

#include "tests/unit/world.h"

#define MODEL_SLOTS   8u
#define MODEL_HOLDERS 24u
#define MODEL_FRAMES  (RAM / PAGE)
#define MODEL_GRANTS  12u	/* the budget, pages */
#define MODEL_RINGS   6u

struct model_pin {
	uint32_t bucket, epoch, holders;
};

struct model_holder {
	bool used;
	struct held h;
	struct mapcache_segment seg[4];
	uint32_t n;
	uint32_t epoch;
};

/* What mapcache_pin() gave, and of where. */
struct model_ring {
	struct mapcache_pin pin;
	gpa_t addr;
	uint32_t len;
};

static struct {
	struct dice dice;
	uint32_t epoch;
	bool hole[MODEL_FRAMES];
	struct model_pin pin[MODEL_SLOTS * 2];
	uint32_t npins;
	struct model_holder holder[MODEL_HOLDERS];
	uint32_t grants;	/* pages that maps have */
	struct model_ring ring[MODEL_RINGS];
	uint32_t foreign_rings;
	/* How often each has happened. */
	uint32_t failed, over_budget, ring_faults;
} model;

static struct model_pin *model_find(uint32_t bucket, uint32_t epoch)
{
	for (uint32_t i = 0; i < model.npins; i++)
		if (model.pin[i].bucket == bucket &&
		    model.pin[i].epoch == epoch)
			return &model.pin[i];
	return NULL;
}

static void model_drop(const struct model_holder *m, uint64_t bytes)
{
	for (uint32_t i = 0; i < m->n; i++) {
		uint64_t at = m->seg[i].addr.raw;
		uint64_t end = at + m->seg[i].len;

		if (gpa_is_grant(m->seg[i].addr))
			continue;
		while (at < end && bytes) {
			struct model_pin *p = model_find((uint32_t)(at / BUCKET),
							 m->epoch);

			if (!--p->holders)
				*p = model.pin[--model.npins];
			at = (at / BUCKET + 1) * BUCKET;
			bytes--;
		}
	}
}

/* One bucket's part of a range: 0 and pinned, or the error to expect. */
static int model_touch(uint64_t at, uint64_t end)
{
	uint32_t bucket = (uint32_t)(at / BUCKET);
	struct model_pin *p = model_find(bucket, model.epoch);

	for (uint64_t f = at / PAGE; f <= (end - 1) / PAGE; f++)
		if (f >= MODEL_FRAMES || model.hole[f])
			return -EFAULT;
	if (p) {
		p->holders++;
		return 0;
	}
	if (model.npins + 1 >= MODEL_SLOTS)
		return -ENOBUFS;
	model.pin[model.npins++] =
		(struct model_pin){ bucket, model.epoch, 1 };
	return 0;
}

static uint32_t model_grant_pages(const struct model_holder *m)
{
	uint32_t pages = 0;

	for (uint32_t i = 0; i < m->n; i++)
		if (gpa_is_grant(m->seg[i].addr))
			pages += (uint32_t)gpa_pages(m->seg[i].addr,
						     m->seg[i].len);
	return pages;
}

static int model_hold_grants(const struct model_holder *m)
{
	uint32_t pages = model_grant_pages(m);

	if (model.grants + pages > MODEL_GRANTS)
		return -ENOBUFS;
	for (uint32_t i = 0; i < m->n; i++)
		if (gpa_is_grant(m->seg[i].addr) &&
		    gpa_ref(m->seg[i].addr) >= NOBODY)
			return -EFAULT;
	model.grants += pages;
	return 0;
}

static int model_hold_foreign(struct model_holder *m)
{
	uint64_t touched = 0;
	int ret = 0;

	for (uint32_t i = 0; i < m->n && !ret; i++) {
		uint64_t at = m->seg[i].addr.raw;
		uint64_t end = at + m->seg[i].len;

		if (gpa_is_grant(m->seg[i].addr))
			continue;
		while (at < end && !ret) {
			uint64_t stop = (at / BUCKET + 1) * BUCKET;

			ret = model_touch(at, stop < end ? stop : end);
			touched += !ret;
			at = stop;
		}
	}
	if (ret)
		model_drop(m, touched);
	return ret;
}

static void model_let_go(const struct model_holder *m)
{
	model_drop(m, UINT64_MAX);
	model.grants -= model_grant_pages(m);
}

/* The call answered @ret, and a call into Xen failed in it or not. */
static void model_hold(struct model_holder *m, int ret, bool failed)
{
	int foreign = model_hold_foreign(m);
	int grants = model_hold_grants(m);

	if (!foreign && !grants && !failed) {
		assert_int_equal(ret, 0);
		return;
	}
	/* Of several errors any may come first. */
	assert_true(ret && (ret == foreign || ret == grants ||
			    (failed && ret == -ENOMEM)));
	model.over_budget += grants == -ENOBUFS;
	model.failed += failed;
	if (!foreign)
		model_drop(m, UINT64_MAX);
	if (!grants)
		model.grants -= model_grant_pages(m);
}

static void roll_segments(struct model_holder *m)
{
	m->n = 1 + dice_below(&model.dice, 4);
	for (uint32_t i = 0; i < m->n; i++) {
		uint32_t frame = dice_below(&model.dice, MODEL_FRAMES);
		uint32_t offset = dice_below(&model.dice, PAGE);

		m->seg[i].len = 1 + dice_below(&model.dice, 5 * PAGE);
		if (dice_below(&model.dice, 3)) {
			m->seg[i].addr = gpa((uint64_t)frame * PAGE + offset);
			continue;
		}
		/* Reference r is frame r; a few are not granted. */
		if (m->seg[i].len > PAGE)
			m->seg[i].len = PAGE;
		if (frame + 2 > MODEL_FRAMES)
			frame = MODEL_FRAMES - 2;
		m->seg[i].addr = GRANT(dice_below(&model.dice, 16) ? frame :
				       NOBODY, offset);
	}
}

static void check_holder(const struct model_holder *m)
{
	uint32_t v = 0, used = 0;

	for (uint32_t i = 0; i < m->n; i++) {
		uint64_t at = m->seg[i].addr.raw & ~GPA_GRANT_BIT;
		uint32_t left = m->seg[i].len;

		while (left) {
			const struct iovec *iov = &m->h.iov[v];

			assert_true(iov->iov_len <= left);
			assert_memory_equal(iov->iov_base, fake_ram(at),
					    iov->iov_len);
			at += iov->iov_len;
			left -= (uint32_t)iov->iov_len;
			v++;
		}
		used += m->seg[i].len;
	}
	assert_int_equal(v, m->h.map.niov);
	assert_true(used > 0);
}

static bool segment_is_bad(const struct mapcache_segment *seg)
{
	uint64_t at = seg->addr.raw;

	if (gpa_is_grant(seg->addr))
		return gpa_ref(seg->addr) >= NOBODY;
	for (uint64_t f = at / PAGE; f <= (at + seg->len - 1) / PAGE; f++)
		if (f >= MODEL_FRAMES || model.hole[f])
			return true;
	return false;
}

static void roll_holder(struct world *w)
{
	struct model_holder *m =
		&model.holder[dice_below(&model.dice, MODEL_HOLDERS)];
	bool fail = !dice_below(&model.dice, 16);
	int ret;

	if (m->used) {
		check_holder(m);
		let_go(w, &m->h);
		model_let_go(m);
		m->used = false;
		return;
	}
	roll_segments(m);
	m->epoch = model.epoch;
	fake_fail_call(fail, -ENOMEM);
	ret = hold_segments(w, &m->h, m->seg, m->n,
			    dice_below(&model.dice, 2) ? MAPCACHE_READ :
							 MAPCACHE_WRITE);
	model_hold(m, ret, fail && fake_calls());
	fake_fail_call(0, 0);
	m->used = !ret;
	if (m->used)
		check_holder(m);
}

/* What is pinned is there, in one piece, whatever was invalidated since. */
static void roll_ring(struct world *w)
{
	struct model_ring *r = &model.ring[dice_below(&model.dice,
						      MODEL_RINGS)];
	struct model_holder m;
	bool bad;

	if (r->pin.addr) {
		assert_memory_equal(r->pin.addr,
				    fake_ram(r->addr.raw & ~GPA_GRANT_BIT),
				    r->len);
		model.foreign_rings -= !gpa_is_grant(r->addr);
		mapcache_unpin(w->mc, &r->pin);
		return;
	}
	roll_segments(&m);
	r->addr = m.seg[0].addr;
	r->len = m.seg[0].len;
	bad = segment_is_bad(&m.seg[0]);
	assert_int_equal(mapcache_pin(w->mc, r->addr, r->len, MAPCACHE_WRITE,
				      &r->pin), bad ? -EFAULT : 0);
	assert_int_equal(!r->pin.addr, bad);
	model.ring_faults += bad;
	if (!bad)
		model.foreign_rings += !gpa_is_grant(r->addr);
}

static void roll_copy(struct world *w)
{
	static uint8_t bytes[5 * PAGE];
	struct model_holder m;
	bool bad;
	int err = 0;

	roll_segments(&m);
	bad = segment_is_bad(&m.seg[0]);
	mapcache_copy_to_host(w->mc, m.seg[0].addr, m.seg[0].len, bytes, &err);
	mapcache_copy_run(w->mc);
	assert_int_equal(err, bad ? -EFAULT : 0);
	if (!bad)
		assert_memory_equal(bytes, fake_ram(m.seg[0].addr.raw &
						    ~GPA_GRANT_BIT),
				    m.seg[0].len);
}

static void roll_invalidate(struct world *w)
{
	uint32_t frame = dice_below(&model.dice, MODEL_FRAMES);

	/* The guest's memory changes, and Xen says so. */
	model.hole[frame] = !model.hole[frame] && dice_below(&model.dice, 2);
	fake_hole(frame, model.hole[frame]);
	mapcache_invalidate(w->mc);
	model.epoch++;
	assert_int_equal(fake.live_foreign, model.npins + model.foreign_rings);
}

static void at_random_it_does_what_the_model_says(void **state)
{
	struct mapcache_config config = usual;
	struct world *w = *state;
	uint32_t buckets;

	model.dice.state = UINT64_C(0x7869726f);
	print_message("seed %#lx\n", (unsigned long)model.dice.state);
	config.foreign_budget = MODEL_SLOTS * BUCKET;
	config.grant_budget = MODEL_GRANTS;
	world_again(w, &config);
	for (uint32_t i = 0; i < MODEL_FRAMES; i++)
		fake_grant(i, i, false);
	for (uint32_t i = 0; i < 20000; i++) {
		uint32_t what = dice_below(&model.dice, 100);

		if (what < 56)
			roll_holder(w);
		else if (what < 62)
			roll_ring(w);
		else if (what < 98)
			roll_copy(w);
		else
			roll_invalidate(w);
		buckets = fake.live_foreign - model.foreign_rings;
		assert_true(buckets <= MODEL_SLOTS);
		assert_true(buckets >= model.npins);
	}
	/* Each has been seen: a model of what never happens says nothing. */
	assert_true(model.failed > 20);
	assert_true(model.over_budget > 20);
	assert_true(model.ring_faults > 20);
	assert_true(w->stats.evictions > 20);
	for (uint32_t i = 0; i < MODEL_HOLDERS; i++)
		if (model.holder[i].used)
			let_go(w, &model.holder[i].h);
	for (uint32_t i = 0; i < MODEL_RINGS; i++)
		mapcache_unpin(w->mc, &model.ring[i].pin);
	assert_int_equal(w->stats.stale, 0);
	assert_int_equal(fake.live_grants, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD(at_random_it_does_what_the_model_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
