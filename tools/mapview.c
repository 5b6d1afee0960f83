// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The pages that a guest shares with mapstress: found, looked at, verified and
 * given back. The guest's numbers are read once and judged before they are used.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tools/mapstress.h"
#include "xen/foreign.h"
#include "xen/grant.h"

/* The guest's kernel tries again each second to end what was in use. */
#define END_SECONDS 20u

static struct share_entry *view_entry(const struct view *v, uint32_t page)
{
	struct share_entry *dir = v->dir_pin[page / SHARE_PER_PAGE].addr;

	return &dir[page % SHARE_PER_PAGE];
}

struct sight view_look(const struct view *v, uint32_t page)
{
	struct share_entry *e = view_entry(v, page);
	struct sight s = { .page = page, .word = atomic_load(&e->word) };

	s.ref = e->ref;
	s.gfn = e->gfn;
	s.flags = e->flags;
	return s;
}

bool view_same(const struct view *v, const struct sight *before)
{
	struct share_entry *e = view_entry(v, before->page);

	return share_state(before->word) == SHARE_SHARED &&
	       atomic_load(&e->word) == before->word;
}

uint32_t view_run(const struct view *v, uint32_t page, uint32_t max,
		  bool frames)
{
	struct sight first = view_look(v, page);
	uint32_t n = 0;

	while (n < max && page + n < v->npages) {
		struct sight s = view_look(v, page + n);

		if (!(s.flags & SHARE_LASTING))
			break;
		if (frames ? s.gfn != first.gfn + n : s.ref != first.ref + n)
			break;
		n++;
	}
	return n;
}

gpa_t view_grant(const struct sight *s)
{
	return gpa(GPA_GRANT_BIT | (uint64_t)s->ref << GPA_PAGE_SHIFT);
}

gpa_t view_frame(const struct sight *s)
{
	return gpa(s->gfn << GPA_PAGE_SHIFT);
}

void view_fault(struct view *v, const char *fmt, ...)
{
	va_list ap;

	v->faults++;
	fputs("mapstress: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

void view_check(struct view *v, const struct sight *s, const uint8_t *bytes,
		uint32_t offset, uint32_t len, const char *how)
{
	uint8_t want[SHARE_PAGE] = { 0 };

	share_fill(want, v->seed, s->page, s->word >> 2);
	if (v->stamp[s->page])
		share_fill(want + SHARE_HALF, v->stamp[s->page], s->page, 0);
	for (uint32_t i = 0; i < len; i++) {
		if (bytes[i] == want[offset + i])
			continue;
		view_fault(v, "page %u (reference %u, %s): byte %u is 0x%02x, "
			   "not 0x%02x", s->page, s->ref, how, offset + i,
			   bytes[i], want[offset + i]);
		return;
	}
}

static int view_read_root(struct view *v, uint32_t domid, uint32_t root)
{
	gpa_t at = gpa(GPA_GRANT_BIT | (uint64_t)root << GPA_PAGE_SHIFT);
	int ret = mapcache_pin(v->mc, at, SHARE_PAGE, MAPCACHE_WRITE,
			       &v->root_pin);

	if (ret) {
		view_fault(v, "reference %u of domain %u: %s (is it what "
			   "mapshare printed, and does that run?)", root, domid,
			   strerror(-ret));
		return ret;
	}
	v->root = v->root_pin.addr;
	v->npages = v->root->npages;
	v->seed = v->root->seed;
	if (v->root->magic == SHARE_MAGIC && v->npages &&
	    v->npages <= SHARE_PAGES_MAX)
		return 0;
	view_fault(v, "reference %u of domain %u is no root of this mapshare",
		   root, domid);
	return -EINVAL;
}

static int view_read_directory(struct view *v)
{
	uint32_t ndirs = (v->npages + (uint32_t)SHARE_PER_PAGE - 1) /
			 (uint32_t)SHARE_PER_PAGE;

	for (uint32_t i = 0; i < ndirs; i++) {
		gpa_t at = gpa(GPA_GRANT_BIT | (uint64_t)v->root->dir[i] <<
			       GPA_PAGE_SHIFT);
		int ret = mapcache_pin(v->mc, at, SHARE_PAGE, MAPCACHE_READ,
				       &v->dir_pin[i]);

		if (ret) {
			view_fault(v, "the directory of the shared pages: %s",
				   strerror(-ret));
			return ret;
		}
	}
	return 0;
}

static void view_close(struct view *v)
{
	for (uint32_t i = 0; i < SHARE_DIRS_MAX; i++)
		mapcache_unpin(v->mc, &v->dir_pin[i]);
	mapcache_unpin(v->mc, &v->root_pin);
	mapcache_close(v->mc);
	xen_grant_close(v->grant);
	xen_foreign_close(v->foreign);
	free(v->stamp);
}

int view_open(struct view *v, uint32_t domid, uint32_t root)
{
	const struct mapcache_config config = {
		.bucket_size = MAPCACHE_BUCKET_MIN,
	};
	const char *what = "/dev/xen/privcmd (is this dom0?)";
	int ret = xen_foreign_open(&v->foreign, domid, STRESS_BATCH);

	if (!ret) {
		what = "/dev/xen/gntdev (is this dom0?)";
		ret = xen_grant_open(&v->grant, domid, STRESS_BATCH);
	}
	if (!ret) {
		what = "mapcache";
		ret = mapcache_open(&v->mc, &config, v->foreign, v->grant,
				    &v->stats);
	}
	if (ret) {
		view_fault(v, "%s: %s", what, strerror(-ret));
		xen_grant_close(v->grant);
		xen_foreign_close(v->foreign);
		return ret;
	}
	ret = view_read_root(v, domid, root);
	if (!ret)
		ret = view_read_directory(v);
	if (!ret) {
		v->stamp = calloc(v->npages, sizeof(*v->stamp));
		ret = v->stamp ? 0 : -ENOMEM;
	}
	if (ret)
		view_close(v);
	return ret;
}

/* How many of the pages can still be had. */
static uint32_t view_left(struct view *v)
{
	uint32_t left = 0;

	for (uint32_t i = 0; i < v->npages; i++) {
		struct sight s = view_look(v, i);
		struct mapcache_pin pin = { 0 };

		if (mapcache_pin(v->mc, view_grant(&s), SHARE_PAGE,
				 MAPCACHE_READ, &pin))
			continue;
		mapcache_unpin(v->mc, &pin);
		left++;
	}
	return left;
}

/* The guest takes back all: then no reference is good for anything any more. */
void view_end(struct view *v)
{
	uint64_t end = nanoseconds() + END_SECONDS * UINT64_C(1000000000);
	uint32_t left = v->npages;

	atomic_store(&v->root->stop, 1);
	while (!atomic_load(&v->root->ended) && nanoseconds() < end)
		usleep(20000);
	if (!atomic_load(&v->root->ended))
		view_fault(v, "the guest does not take its pages back");
	else
		while ((left = view_left(v)) && nanoseconds() < end)
			usleep(500000);
	if (left)
		view_fault(v, "%u pages can be mapped after all were taken "
			   "back", left);
	if (v->root->damaged)
		view_fault(v, "%u pages were written to where only the guest "
			   "writes", v->root->damaged);
	atomic_store(&v->root->bye, 1);
	view_close(v);
	if (v->stats.grant_pages || v->stats.unmap_failures)
		view_fault(v, "not all that was mapped was unmapped");
}
