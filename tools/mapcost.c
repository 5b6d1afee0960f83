// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What mapstress measures: how many grants can be mapped at once, and what a
 * call costs.
 */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "tools/mapstress.h"

uint64_t nanoseconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

struct call {
	struct mapcache_map map;
	struct iovec iov[STRESS_BATCH];
	uint16_t bucket[STRESS_BATCH];
};

/* @n lasting, writable pages, some of them again if there are fewer. */
static int choose(struct view *v, struct mapcache_segment seg[],
		  struct sight seen[], uint32_t n)
{
	uint32_t found = 0;

	do {
		for (uint32_t p = 0; p < v->npages && found < n; p++) {
			struct sight s = view_look(v, p);

			if (!(s.flags & SHARE_LASTING) ||
			    !(s.flags & SHARE_WRITABLE))
				continue;
			seg[found].addr = view_grant(&s);
			seg[found].len = SHARE_PAGE;
			seen[found++] = s;
		}
	} while (found && found < n);
	return found ? 0 : -ENOENT;
}

static int call_map(struct mapcache *mc, const struct mapcache_segment seg[],
		    uint32_t n, struct call *c)
{
	c->map.iov = c->iov;
	c->map.bucket = c->bucket;
	c->map.max_iov = STRESS_BATCH;
	return mapcache_map(mc, seg, n, MAPCACHE_WRITE, &c->map);
}

/* --- the limit ------------------------------------------------------------------- */

struct limit {
	struct view *v;
	struct mapcache *mc;
	struct mapcache_segment seg[STRESS_BATCH];
	struct sight seen[STRESS_BATCH];
	struct call **call;
	uint32_t calls, max_calls;
	uint32_t mapped;
};

/* Fewer and fewer pages, until not even one can be mapped. */
static void limit_fill(struct limit *l, uint32_t max)
{
	uint32_t n = STRESS_BATCH;

	while (n && l->mapped < max && l->calls < l->max_calls) {
		struct call *c;

		if (n > max - l->mapped)
			n = max - l->mapped;
		c = calloc(1, sizeof(*c));
		if (!c)
			return;
		if (call_map(l->mc, l->seg, n, c)) {
			free(c);
			n /= 2;
			continue;
		}
		l->call[l->calls++] = c;
		l->mapped += n;
	}
}

/* At the limit copies still work, and so does a map as soon as there is room. */
static void limit_live(struct limit *l)
{
	struct call *last = l->call[l->calls - 1];
	uint32_t n = last->map.grant_pages;
	uint8_t page[SHARE_PAGE];
	int err = 0;

	mapcache_copy_to_host(l->mc, l->seg[0].addr, SHARE_PAGE, page, &err);
	mapcache_copy_run(l->mc);
	if (err)
		view_fault(l->v, "no copy while as much as possible is mapped: "
			   "%s", strerror(-err));
	else
		view_check(l->v, &l->seen[0], page, 0, SHARE_PAGE, "copied");
	mapcache_unmap(l->mc, &last->map);
	err = call_map(l->mc, l->seg, n, last);
	if (err)
		view_fault(l->v, "%u pages can't be mapped again: %s", n,
			   strerror(-err));
}

static void limit_empty(struct limit *l)
{
	for (uint32_t i = 0; i < l->calls; i++) {
		struct call *c = l->call[i];

		for (uint32_t p = 0; p < c->map.niov; p += 37)
			view_check(l->v, &l->seen[p], c->iov[p].iov_base, 0,
				   SHARE_PAGE, "one of many");
		mapcache_unmap(l->mc, &c->map);
		free(c);
	}
}

int64_t limit_find(struct view *v, uint32_t max, bool *met)
{
	const struct mapcache_config config = {
		.bucket_size = MAPCACHE_BUCKET_MIN,
		.grant_budget = max,
	};
	struct mapcache_stats stats = { 0 };
	struct limit *l = calloc(1, sizeof(*l));
	int ret = -ENOMEM;

	if (!l)
		return -ENOMEM;
	l->v = v;
	/* The last calls are for ever fewer pages. */
	l->max_calls = max / STRESS_BATCH + 64;
	l->call = calloc(l->max_calls, sizeof(struct call *));
	if (l->call)
		ret = mapcache_open(&l->mc, &config, v->foreign, v->grant,
				    &stats);
	if (!ret)
		ret = choose(v, l->seg, l->seen, STRESS_BATCH);
	if (!ret) {
		limit_fill(l, max);
		*met = l->mapped < max;
		if (l->calls)
			limit_live(l);
		limit_empty(l);
		if (stats.grant_pages || stats.unmap_failures)
			view_fault(v, "not all that was mapped was unmapped");
	}
	mapcache_close(l->mc);
	max = l->mapped;
	free(l->call);
	free(l);
	return ret ? ret : (int64_t)max;
}

/* --- cost ------------------------------------------------------------------------ */

struct meter {
	struct view *v;
	struct mapcache *mc;
	uint32_t n, repeat;
	struct mapcache_segment seg[STRESS_BATCH];
	struct sight seen[STRESS_BATCH];
	struct call call;
	uint8_t page[SHARE_PAGE * STRESS_BATCH];
};

static int meter_maps(struct meter *m, struct cost *c)
{
	uint64_t map = 0, unmap = 0;

	for (uint32_t i = 0; i < m->repeat; i++) {
		uint64_t t0 = nanoseconds(), t1, t2;
		int ret = call_map(m->mc, m->seg, m->n, &m->call);

		if (ret)
			return ret;
		t1 = nanoseconds();
		mapcache_unmap(m->mc, &m->call.map);
		t2 = nanoseconds();
		map += t1 - t0;
		unmap += t2 - t1;
	}
	c->grant_map = (double)map / m->repeat;
	c->grant_unmap = (double)unmap / m->repeat;
	return 0;
}

static int meter_copies(struct meter *m, struct cost *c)
{
	uint64_t spent[2] = { 0 };
	int err = 0;

	for (uint32_t i = 0; i < m->repeat; i++) {
		uint64_t t0 = nanoseconds(), t1;

		for (uint32_t p = 0; p < m->n; p++)
			mapcache_copy_to_host(m->mc, m->seg[p].addr, SHARE_PAGE,
					      m->page + (size_t)p * SHARE_PAGE,
					      &err);
		mapcache_copy_run(m->mc);
		t1 = nanoseconds();
		/* What has just been read: nothing changes. */
		for (uint32_t p = 0; p < m->n; p++)
			mapcache_copy_to_guest(m->mc, m->seg[p].addr,
					       SHARE_PAGE, m->page +
					       (size_t)p * SHARE_PAGE, &err);
		mapcache_copy_run(m->mc);
		spent[0] += t1 - t0;
		spent[1] += nanoseconds() - t1;
	}
	c->copy_from = (double)spent[0] / m->repeat;
	c->copy_to = (double)spent[1] / m->repeat;
	return err;
}

/* Frames side by side, whatever the guest has there; a hole is no figure. */
static void meter_foreign(struct meter *m, struct cost *c)
{
	gpa_t at = gpa(m->seen[0].gfn / STRESS_BATCH * STRESS_BATCH *
		       GPA_PAGE_SIZE);
	uint64_t map = 0, unmap = 0;

	for (uint32_t i = 0; i < m->repeat; i++) {
		struct mapcache_pin pin = { 0 };
		uint64_t t0 = nanoseconds(), t1, t2;

		if (mapcache_pin(m->mc, at, m->n * SHARE_PAGE, MAPCACHE_READ,
				 &pin))
			return;
		t1 = nanoseconds();
		mapcache_unpin(m->mc, &pin);
		t2 = nanoseconds();
		map += t1 - t0;
		unmap += t2 - t1;
	}
	c->foreign_map = (double)map / m->repeat;
	c->foreign_unmap = (double)unmap / m->repeat;
}

int cost_measure(struct view *v, uint32_t repeat, struct cost row[COST_ROWS])
{
	const struct mapcache_config config = {
		.bucket_size = STRESS_BATCH * SHARE_PAGE,
		.grant_budget = STRESS_BATCH,
	};
	struct mapcache_stats stats = { 0 };
	struct meter *m = calloc(1, sizeof(*m));
	int ret = -ENOMEM;

	if (!m)
		return -ENOMEM;
	m->v = v;
	m->repeat = repeat;
	ret = mapcache_open(&m->mc, &config, v->foreign, v->grant, &stats);
	if (!ret)
		ret = choose(v, m->seg, m->seen, STRESS_BATCH);
	for (uint32_t i = 0; i < COST_ROWS && !ret; i++) {
		row[i].pages = m->n = 1u << i;
		ret = meter_maps(m, &row[i]);
		if (!ret)
			ret = meter_copies(m, &row[i]);
		meter_foreign(m, &row[i]);
	}
	mapcache_close(m->mc);
	free(m);
	return ret;
}
