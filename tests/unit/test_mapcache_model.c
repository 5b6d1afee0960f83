// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The mapcache at random, against a model of a few lines. The seed is fixed, so
 * a failure happens again.
 *
 * The model knows which buckets are pinned: a bucket of one epoch (the
 * invalidations so far) is one slot. With that, and with the holes, it says
 * what every call has to answer.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>

#include "tests/unit/world.h"

#define MODEL_SLOTS   8u
#define MODEL_HOLDERS 24u
#define MODEL_FRAMES  (RAM / PAGE)

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

static struct {
	struct dice dice;
	uint32_t epoch;
	bool hole[MODEL_FRAMES];
	struct model_pin pin[MODEL_SLOTS * 2];
	uint32_t npins;
	struct model_holder holder[MODEL_HOLDERS];
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

static int model_hold(struct model_holder *m)
{
	uint64_t touched = 0;
	int ret = 0;

	for (uint32_t i = 0; i < m->n; i++)
		if (gpa_is_grant(m->seg[i].addr) &&
		    gpa_ref(m->seg[i].addr) >= NOBODY)
			return -EFAULT;
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

static void roll_holder(struct world *w)
{
	struct model_holder *m =
		&model.holder[dice_below(&model.dice, MODEL_HOLDERS)];

	if (m->used) {
		check_holder(m);
		let_go(w, &m->h);
		model_drop(m, UINT64_MAX);
		m->used = false;
		return;
	}
	roll_segments(m);
	m->epoch = model.epoch;
	assert_int_equal(hold_segments(w, &m->h, m->seg, m->n,
				       dice_below(&model.dice, 2) ?
				       MAPCACHE_READ : MAPCACHE_WRITE),
			 model_hold(m));
	m->used = m->h.map.niov;
	if (m->used)
		check_holder(m);
}

static void roll_copy(struct world *w)
{
	static uint8_t bytes[5 * PAGE];
	struct model_holder m;
	bool bad = false;
	int err = 0;

	roll_segments(&m);
	m.n = 1;
	if (gpa_is_grant(m.seg[0].addr)) {
		bad = gpa_ref(m.seg[0].addr) >= NOBODY;
	} else {
		uint64_t at = m.seg[0].addr.raw;

		for (uint64_t f = at / PAGE;
		     f <= (at + m.seg[0].len - 1) / PAGE; f++)
			bad = bad || f >= MODEL_FRAMES || model.hole[f];
	}
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
	assert_int_equal(fake.live_foreign, model.npins);
}

static void at_random_it_does_what_the_model_says(void **state)
{
	struct mapcache_config config = usual;
	struct world *w = *state;

	model.dice.state = UINT64_C(0x7869726f);
	print_message("seed %#lx\n", (unsigned long)model.dice.state);
	config.foreign_budget = MODEL_SLOTS * BUCKET;
	world_again(w, &config);
	for (uint32_t i = 0; i < MODEL_FRAMES; i++)
		fake_grant(i, i, false);
	for (uint32_t i = 0; i < 20000; i++) {
		uint32_t what = dice_below(&model.dice, 100);

		if (what < 60)
			roll_holder(w);
		else if (what < 98)
			roll_copy(w);
		else
			roll_invalidate(w);
		assert_true(fake.live_foreign <= MODEL_SLOTS);
		assert_true(fake.live_foreign >= model.npins);
	}
	for (uint32_t i = 0; i < MODEL_HOLDERS; i++)
		if (model.holder[i].used)
			let_go(w, &model.holder[i].h);
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
