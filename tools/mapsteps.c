// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Random steps of mapstress: maps that are held for a while, copies, pins and
 * invalidations, of pages that may be taken back at any moment.
 *
 * What must be: if a page was shared all the time during a call, the call
 * worked for it, unless it was for writing and the page is not, and its bytes
 * are right. What was mapped stays the same page, with the same bytes, until it
 * is unmapped, whatever the guest does meanwhile. If a page was not shared all
 * the time, a failure is right, and so is success: the kernel of the guest ends
 * a grant that is in use later. Only lasting pages are written to.
 */
#include <errno.h>
#include <stdlib.h>

#include "tools/mapstress.h"

#define LIVE_MAX 24u
#define PIN_PAGES 16u

struct live {
	struct mapcache_map map;
	struct iovec iov[STRESS_BATCH];
	uint16_t bucket[STRESS_BATCH];
	struct sight sight[STRESS_BATCH];
	struct mapcache_segment seg[STRESS_BATCH];
	bool known[STRESS_BATCH];	/* which page it is */
	uint32_t n;
	enum mapcache_access access;
};

struct steps {
	struct view *v;
	struct mapcache *mc;
	struct steps_result *out;
	uint32_t budget, used;		/* of granted pages in maps */
	struct live live[LIVE_MAX];
	uint8_t buffer[STRESS_BATCH][SHARE_PAGE];
	int err[STRESS_BATCH];
};

static uint32_t any(struct steps *s, uint32_t limit)
{
	return share_random(&s->v->random, limit);
}

/* 1 to STRESS_BATCH, each power of two as likely as the next. */
static uint32_t any_size(struct steps *s)
{
	uint32_t n = 1u << any(s, 9);

	n += any(s, n);
	return n < STRESS_BATCH ? n : STRESS_BATCH;
}

enum which { ANY, SHARED_NOW, LASTING, LASTING_WRITABLE };

static struct sight any_page(struct steps *s, enum which which)
{
	for (;;) {
		struct sight seen = view_look(s->v, any(s, s->v->npages));
		bool lasting = seen.flags & SHARE_LASTING;

		switch (which) {
		case ANY:
			return seen;
		case SHARED_NOW:
			if (share_state(seen.word) == SHARE_SHARED)
				return seen;
			break;
		case LASTING:
			if (lasting)
				return seen;
			break;
		case LASTING_WRITABLE:
			if (lasting && seen.flags & SHARE_WRITABLE)
				return seen;
			break;
		}
	}
}

static void stamp(struct steps *s, uint32_t page, uint8_t *half)
{
	s->v->stamp[page] = (uint64_t)any(s, UINT32_MAX) + 1;
	share_fill(half, s->v->stamp[page], page, 0);
}

/* --- maps ------------------------------------------------------------------------ */

static void live_choose(struct steps *s, struct live *l)
{
	enum which which = any(s, 2) ? LASTING : any(s, 4) ? SHARED_NOW : ANY;
	uint32_t foreign = 0;

	l->n = any_size(s);
	l->access = any(s, 2) ? MAPCACHE_WRITE : MAPCACHE_READ;
	/* All is refused if one is: hardly a map for writing would succeed. */
	if (which == LASTING && l->access == MAPCACHE_WRITE)
		which = LASTING_WRITABLE;
	for (uint32_t i = 0; i < l->n; i++) {
		struct sight seen = any_page(s, which);
		uint32_t offset = any(s, 2) ? 0 : any(s, SHARE_PAGE);
		gpa_t at = view_grant(&seen);

		if (seen.flags & SHARE_LASTING && foreign < 3 && !any(s, 8)) {
			at = view_frame(&seen);
			foreign++;
		}
		l->sight[i] = seen;
		l->seg[i].addr = gpa_add(at, offset);
		l->seg[i].len = offset ? 1 + any(s, SHARE_PAGE - offset) :
				SHARE_PAGE;
	}
}

/* What a map of @l must come to, if its pages were what they seemed to be. */
struct forecast {
	bool certain;		/* all pages were shared all the time */
	bool read_only;		/* one that was is not for writing */
	bool foreign;
	uint32_t grants;
};

static struct forecast live_forecast(struct steps *s, struct live *l)
{
	struct forecast f = { .certain = true };

	for (uint32_t i = 0; i < l->n; i++) {
		const struct sight *seen = &l->sight[i];

		l->known[i] = view_same(s->v, seen);
		f.certain = f.certain && l->known[i];
		if (!gpa_is_grant(l->seg[i].addr)) {
			f.foreign = true;
			continue;
		}
		f.grants++;
		if (l->known[i] && l->access == MAPCACHE_WRITE &&
		    !(seen->flags & SHARE_WRITABLE))
			f.read_only = true;
	}
	return f;
}

static void live_refused(struct steps *s, const struct forecast *f,
			 uint32_t n, int ret)
{
	bool room = s->used + f->grants <= s->budget;

	if (ret == -ENOBUFS && (f->foreign || !room))
		s->out->no_room++;
	else if (ret == -EFAULT && f->read_only)
		s->out->read_only++;
	else if (ret == -EFAULT && !f->certain)
		s->out->refused++;
	else
		view_fault(s->v, "a map of %u pages that are there: %s", n,
			   strerror(-ret));
}

static void live_check(struct steps *s, struct live *l, const char *how)
{
	for (uint32_t i = 0; i < l->n; i++)
		if (l->known[i])
			view_check(s->v, &l->sight[i], l->iov[i].iov_base,
				   gpa_offset(l->seg[i].addr), l->seg[i].len,
				   how);
}

/* Through the mapping into whole pages that last. */
static void live_write(struct steps *s, struct live *l)
{
	for (uint32_t i = 0; i < l->n; i++)
		if (l->sight[i].flags & SHARE_LASTING &&
		    l->seg[i].len == SHARE_PAGE)
			stamp(s, l->sight[i].page,
			      (uint8_t *)l->iov[i].iov_base + SHARE_HALF);
}

static void live_map(struct steps *s, struct live *l)
{
	struct forecast f;
	int ret;

	live_choose(s, l);
	l->map.iov = l->iov;
	l->map.bucket = l->bucket;
	l->map.max_iov = STRESS_BATCH;
	ret = mapcache_map(s->mc, l->seg, l->n, l->access, &l->map);
	f = live_forecast(s, l);
	if (ret) {
		live_refused(s, &f, l->n, ret);
		l->n = 0;
		return;
	}
	if (f.read_only)
		view_fault(s->v, "a page for reading was mapped for writing");
	if (l->map.niov != l->n)
		view_fault(s->v, "%u pieces for %u segments", l->map.niov,
			   l->n);
	s->used += f.grants;
	s->out->maps++;
	s->out->map_pages += l->n;
	live_check(s, l, "mapped");
	if (l->access == MAPCACHE_WRITE && !f.read_only)
		live_write(s, l);
}

static void live_unmap(struct steps *s, struct live *l)
{
	bool same = true;

	live_check(s, l, "held");
	for (uint32_t i = 0; i < l->n; i++)
		if (l->known[i] && !view_same(s->v, &l->sight[i]))
			same = false;
	if (!same)
		s->out->held++;
	s->used -= l->map.grant_pages;
	mapcache_unmap(s->mc, &l->map);
	l->n = 0;
}

static void step_map(struct steps *s)
{
	struct live *l = &s->live[any(s, LIVE_MAX)];

	if (l->n)
		live_unmap(s, l);
	else
		live_map(s, l);
}

/* --- copies ---------------------------------------------------------------------- */

static void copied(struct steps *s, const struct sight *seen, bool may, int err)
{
	if (!view_same(s->v, seen)) {
		s->out->refused += err != 0;
		return;
	}
	if (may && err)
		view_fault(s->v, "a copy of page %u, which is there: %s",
			   seen->page, strerror(-err));
	if (!may && err != -EFAULT)
		view_fault(s->v, "a copy to page %u, which is for reading: %s",
			   seen->page, err ? strerror(-err) : "it worked");
	s->out->read_only += !may;
}

static gpa_t any_way(struct steps *s, const struct sight *seen)
{
	if (seen->flags & SHARE_LASTING && !any(s, 4))
		return view_frame(seen);
	return view_grant(seen);
}

static void step_copy_from(struct steps *s)
{
	uint32_t n = any_size(s);
	struct sight seen[STRESS_BATCH];

	for (uint32_t i = 0; i < n; i++) {
		seen[i] = any_page(s, any(s, 4) ? SHARED_NOW : ANY);
		s->err[i] = 0;
		mapcache_copy_to_host(s->mc, any_way(s, &seen[i]), SHARE_PAGE,
				      s->buffer[i], &s->err[i]);
	}
	mapcache_copy_run(s->mc);
	for (uint32_t i = 0; i < n; i++) {
		copied(s, &seen[i], true, s->err[i]);
		if (!s->err[i] && view_same(s->v, &seen[i]))
			view_check(s->v, &seen[i], s->buffer[i], 0, SHARE_PAGE,
				   "copied");
	}
	s->out->copies += n;
}

static void step_copy_to(struct steps *s)
{
	uint32_t n = any_size(s);
	struct sight seen[STRESS_BATCH];
	bool may[STRESS_BATCH];

	for (uint32_t i = 0; i < n; i++) {
		gpa_t at;

		seen[i] = any_page(s, LASTING);
		at = any_way(s, &seen[i]);
		may[i] = !gpa_is_grant(at) || seen[i].flags & SHARE_WRITABLE;
		s->err[i] = 0;
		if (may[i])
			stamp(s, seen[i].page, s->buffer[i]);
		mapcache_copy_to_guest(s->mc, gpa_add(at, SHARE_HALF),
				       SHARE_HALF, s->buffer[i], &s->err[i]);
		/* Copies have no order: a page that comes twice is one each. */
		mapcache_copy_run(s->mc);
	}
	for (uint32_t i = 0; i < n; i++)
		copied(s, &seen[i], may[i], s->err[i]);
	s->out->copies += n;
}

/* --- the others ------------------------------------------------------------------ */

static void step_pin(struct steps *s)
{
	struct sight seen = any_page(s, LASTING);
	bool frames = any(s, 2);
	uint32_t n = view_run(s->v, seen.page, PIN_PAGES, frames);
	gpa_t at = frames ? view_frame(&seen) : view_grant(&seen);
	struct mapcache_pin pin = { 0 };
	int ret = mapcache_pin(s->mc, at, n * SHARE_PAGE, MAPCACHE_READ, &pin);

	if (ret) {
		view_fault(s->v, "a pin of %u pages that are there: %s", n,
			   strerror(-ret));
		return;
	}
	for (uint32_t i = 0; i < n; i++) {
		struct sight each = view_look(s->v, seen.page + i);

		view_check(s->v, &each,
			   (uint8_t *)pin.addr + (size_t)i * SHARE_PAGE, 0,
			   SHARE_PAGE, "pinned");
	}
	mapcache_unpin(s->mc, &pin);
	s->out->pins++;
}

static void step(struct steps *s)
{
	uint32_t what = any(s, 100);

	if (what < 60)
		step_map(s);
	else if (what < 78)
		step_copy_from(s);
	else if (what < 88)
		step_copy_to(s);
	else if (what < 98)
		step_pin(s);
	else
		mapcache_invalidate(s->mc);
	s->out->steps++;
}

int steps_run(struct view *v, const struct mapcache_config *config,
	      double seconds, struct steps_result *out)
{
	uint64_t end = nanoseconds() + (uint64_t)(seconds * 1e9);
	struct steps *s = calloc(1, sizeof(*s));
	int ret;

	if (!s)
		return -ENOMEM;
	s->v = v;
	s->out = out;
	s->budget = config->grant_budget;
	ret = mapcache_open(&s->mc, config, v->foreign, v->grant, &out->stats);
	if (ret) {
		free(s);
		return ret;
	}
	while (nanoseconds() < end && v->faults < 10)
		step(s);
	for (uint32_t i = 0; i < LIVE_MAX; i++)
		if (s->live[i].n)
			live_unmap(s, &s->live[i]);
	mapcache_close(s->mc);
	if (s->used || out->stats.grant_pages || out->stats.foreign_pages ||
	    out->stats.stale || out->stats.unmap_failures)
		view_fault(v, "at the end something is still mapped, or could "
			   "not be unmapped");
	free(s);
	return 0;
}
