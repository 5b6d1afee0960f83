// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pages and grant references are handed out round robin, so that a reference
 * or a page that a device uses too long is unlikely to mean something else
 * already.
 */
#include "tests/guest/gram.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Who is wrong once is wrong often. */
#define COMPLAINTS_SHOWN 30

enum { FREE, USED, LOST };

/* --- the pattern ---------------------------------------------------------------- */

static uint64_t pattern(uint64_t gpa)
{
	uint64_t x = (gpa >> 3) * UINT64_C(0x9e3779b97f4a7c15);

	return x ^ x >> 29;
}

static uint8_t pattern_byte(uint64_t gpa)
{
	return (uint8_t)(pattern(gpa & ~UINT64_C(7)) >> (gpa & 7) * 8);
}

static void pattern_fill(uint8_t *p, uint64_t gpa, uint64_t len)
{
	uint64_t word;

	for (; len && (gpa & 7); len--)
		*p++ = pattern_byte(gpa++);
	for (; len >= 8; len -= 8, p += 8, gpa += 8) {
		word = pattern(gpa);
		memcpy(p, &word, 8);
	}
	for (; len; len--)
		*p++ = pattern_byte(gpa++);
}

/* The first byte that is different, or @len. */
static uint64_t pattern_differs(const uint8_t *p, uint64_t gpa, uint64_t len)
{
	uint64_t word, i = 0;

	for (; i < len && ((gpa + i) & 7); i++)
		if (p[i] != pattern_byte(gpa + i))
			return i;
	for (; i + 8 <= len; i += 8) {
		memcpy(&word, p + i, 8);
		if (word != pattern(gpa + i))
			break;
	}
	for (; i < len; i++)
		if (p[i] != pattern_byte(gpa + i))
			return i;
	return len;
}

/* --- RAM ------------------------------------------------------------------------- */

int gram_open(struct gram *ram, struct sim_dom *dom)
{
	*ram = (struct gram){
		.dom = dom, .mem = sim_ram(dom), .size = sim_ram_size(dom),
		.refs = sim_grant_entries(dom), .next_ref = SIM_GRANT_FIRST };
	ram->page_used = calloc(ram->size / SIM_PAGE, 1);
	ram->ref_used = calloc(ram->refs, 1);
	if (!ram->page_used || !ram->ref_used) {
		free(ram->page_used);
		free(ram->ref_used);
		return -ENOMEM;
	}
	pthread_mutex_init(&ram->lock, NULL);
	pattern_fill(ram->mem, SIM_RAM_BASE, ram->size);
	return 0;
}

void gram_close(struct gram *ram)
{
	pthread_mutex_destroy(&ram->lock);
	free(ram->page_used);
	free(ram->ref_used);
}

static void complain_locked(struct gram *ram, const char *text)
{
	snprintf(ram->complaint, sizeof(ram->complaint), "%s", text);
	if (ram->complaints++ < COMPLAINTS_SHOWN)
		fprintf(stderr, "guest %u: %s\n", sim_domid(ram->dom), text);
}

void gram_complain(struct gram *ram, const char *fmt, ...)
{
	char text[sizeof(ram->complaint)];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	pthread_mutex_lock(&ram->lock);
	complain_locked(ram, text);
	pthread_mutex_unlock(&ram->lock);
}

void *gram_at(const struct gram *ram, uint64_t gpa, uint64_t len)
{
	if (gpa < SIM_RAM_BASE || gpa - SIM_RAM_BASE > ram->size ||
	    len > ram->size - (gpa - SIM_RAM_BASE))
		return NULL;
	return ram->mem + (gpa - SIM_RAM_BASE);
}

/* @n entries of @used in a row that are FREE, from @from on; @end if none. */
static uint32_t run_from(const uint8_t *used, uint32_t from, uint32_t end,
			 uint32_t n)
{
	uint32_t run = 0;

	for (uint32_t i = from; i < end; i++) {
		run = used[i] == FREE ? run + 1 : 0;
		if (run == n)
			return i + 1 - n;
	}
	return end;
}

/* The same round robin, and take them. */
static uint32_t run_take(uint8_t *used, uint32_t *next, uint32_t first,
			 uint32_t end, uint32_t n)
{
	uint32_t i = run_from(used, *next, end, n);

	if (i == end)
		i = run_from(used, first, end, n);
	if (i == end)
		return end;
	memset(used + i, USED, n);
	*next = i + n;
	return i;
}

static uint32_t pages_of(uint64_t gpa, uint32_t len)
{
	return (uint32_t)(((gpa & (SIM_PAGE - 1)) + len + SIM_PAGE - 1) /
			  SIM_PAGE);
}

int gram_alloc(struct gram *ram, struct gbuf *b, uint32_t len, uint32_t offset)
{
	uint32_t end = (uint32_t)(ram->size / SIM_PAGE) - 1, page;

	pthread_mutex_lock(&ram->lock);
	page = run_take(ram->page_used, &ram->next_page, 0, end,
			pages_of(offset, len));
	pthread_mutex_unlock(&ram->lock);
	if (page == end)
		return -ENOMEM;
	b->gpa = SIM_RAM_BASE + (uint64_t)page * SIM_PAGE + offset;
	b->va = gram_at(ram, b->gpa, len);
	b->len = len;
	memset(b->va, 0, len);
	return 0;
}

/* With the lock. */
static void check_range(struct gram *ram, uint64_t gpa, uint64_t len)
{
	uint8_t *p = gram_at(ram, gpa, len);
	uint64_t i = pattern_differs(p, gpa, len);
	char text[80];

	if (i == len)
		return;
	snprintf(text, sizeof(text), "somebody wrote to 0x%llx, which is nobody's",
		 (unsigned long long)(gpa + i));
	complain_locked(ram, text);
	pattern_fill(p, gpa, len);
}

void gram_free(struct gram *ram, struct gbuf *b)
{
	uint32_t pages = pages_of(b->gpa, b->len);
	uint64_t start = b->gpa & ~(uint64_t)(SIM_PAGE - 1);
	uint64_t end = start + (uint64_t)pages * SIM_PAGE;

	pthread_mutex_lock(&ram->lock);
	check_range(ram, start, b->gpa - start);
	check_range(ram, b->gpa + b->len, end - b->gpa - b->len);
	pattern_fill(b->va, b->gpa, b->len);
	memset(ram->page_used + (start - SIM_RAM_BASE) / SIM_PAGE, FREE, pages);
	pthread_mutex_unlock(&ram->lock);
	*b = (struct gbuf){ 0 };
}

int gram_check(struct gram *ram)
{
	uint32_t before = ram->complaints;

	for (uint64_t i = 0; i < ram->size; i += SIM_PAGE) {
		pthread_mutex_lock(&ram->lock);
		if (ram->page_used[i / SIM_PAGE] == FREE)
			check_range(ram, SIM_RAM_BASE + i, SIM_PAGE);
		pthread_mutex_unlock(&ram->lock);
	}
	return ram->complaints == before ? 0 : -EIO;
}

void gram_repair(struct gram *ram, uint64_t gpa, uint64_t len)
{
	pattern_fill(gram_at(ram, gpa, len), gpa, len);
}

/* --- grants ---------------------------------------------------------------------- */

static void refs_put(struct gram *ram, uint32_t ref, uint32_t n, int state)
{
	pthread_mutex_lock(&ram->lock);
	memset(ram->ref_used + ref, state, n);
	pthread_mutex_unlock(&ram->lock);
}

static int grant_pages(struct gram *ram, uint64_t gpa,
		       enum sim_grant_access access, const struct gmap *map)
{
	for (uint32_t i = 0; i < map->count; i++) {
		int ret = sim_grant(ram->dom, map->ref + i, gpa / SIM_PAGE + i,
				    access);

		if (!ret)
			continue;
		while (i-- > 0)
			sim_ungrant(ram->dom, map->ref + i);
		refs_put(ram, map->ref, map->count, FREE);
		return ret;
	}
	return 0;
}

int gram_share(struct gram *ram, enum gaddr kind, uint64_t gpa, uint32_t len,
	       enum sim_grant_access access, struct gmap *map)
{
	if (kind == GADDR_FOREIGN) {
		*map = (struct gmap){ .addr = gpa };
		return 0;
	}
	map->count = pages_of(gpa, len);
	pthread_mutex_lock(&ram->lock);
	map->ref = run_take(ram->ref_used, &ram->next_ref, SIM_GRANT_FIRST,
			    ram->refs, map->count);
	pthread_mutex_unlock(&ram->lock);
	if (map->ref == ram->refs) {
		map->count = 0;
		return -ENOSPC;
	}
	map->addr = GADDR_GRANT_BIT | (uint64_t)map->ref * SIM_PAGE |
		(gpa & (SIM_PAGE - 1));
	return grant_pages(ram, gpa, access, map);
}

int gram_unshare(struct gram *ram, struct gmap *map)
{
	int ret = 0;

	for (uint32_t i = 0; i < map->count; i++) {
		int state = FREE;

		if (sim_ungrant(ram->dom, map->ref + i) == -EBUSY) {
			gram_complain(ram, "grant %u still in use",
				      map->ref + i);
			ram->busy++;
			state = LOST;
			ret = -EBUSY;
		}
		refs_put(ram, map->ref + i, 1, state);
	}
	*map = (struct gmap){ 0 };
	return ret;
}
