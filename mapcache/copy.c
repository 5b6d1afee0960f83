// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Copies between the guest and our own memory. Guest-physical ranges are
 * copied at once, through the bucket. Grants are collected, page by page, and
 * run as one grant copy: no page table changes, nothing is mapped, and a bad
 * reference is the status of one segment. With grant_io = map a longer range
 * is mapped, copied by the CPU and unmapped instead.
 */
#include "mapcache/internal.h"

#include <string.h>

/* Below this a mapping never pays: headers, statuses, indirect tables. */
#define COPY_MAP_MIN GPA_PAGE_SIZE

static void copy_fail(struct mapcache *mc, int *err, int ret)
{
	mc->stats->failures++;
	if (!*err)
		*err = ret;
}

static void copy_bytes(uint8_t *guest, uint8_t *host, uint32_t len,
		       enum xen_grant_direction direction)
{
	if (direction == XEN_GRANT_TO_HOST)
		memcpy(host, guest, len);
	else
		memcpy(guest, host, len);
}

static void copy_foreign(struct mapcache *mc, gpa_t addr, uint32_t len,
			 uint8_t *host, enum xen_grant_direction direction,
			 int *err)
{
	while (len) {
		uint8_t *guest;
		int64_t n = foreign_peek(mc, addr, len, &guest);

		if (n < 0) {
			copy_fail(mc, err, (int)n);
			return;
		}
		copy_bytes(guest, host, (uint32_t)n, direction);
		mc->stats->memcpy_bytes += (uint64_t)n;
		addr = gpa_add(addr, (uint64_t)n);
		host += n;
		len -= (uint32_t)n;
	}
}

static void copy_grant(struct mapcache *mc, gpa_t addr, uint32_t len,
		       uint8_t *host, enum xen_grant_direction direction,
		       int *err)
{
	struct copy_batch *b = &mc->copy;

	if (!mc->grant.xen) {
		copy_fail(mc, err, -EFAULT);
		return;
	}
	while (len) {
		uint32_t room = GPA_PAGE_SIZE - gpa_offset(addr);
		uint32_t n = len < room ? len : room;

		if (b->n == XEN_GRANT_COPY_MAX)
			mapcache_copy_run(mc);
		b->err[b->n] = err;
		b->op[b->n++] = (struct xen_grant_copy){
			.host = host,
			.ref = gpa_ref(addr),
			.offset = (uint16_t)gpa_offset(addr),
			.len = (uint16_t)n,
			.direction = direction,
		};
		addr = gpa_add(addr, n);
		host += n;
		len -= n;
	}
}

/* For want of room to map, what may be copied is. */
static void copy_grant_mapped(struct mapcache *mc, gpa_t addr, uint32_t len,
			      uint8_t *host,
			      enum xen_grant_direction direction, int *err)
{
	struct mapcache_segment seg = { addr, len };
	struct mapcache_map map = { 0 };
	int ret = grant_map(mc, &seg, 1, direction == XEN_GRANT_TO_HOST ?
			    MAPCACHE_READ : MAPCACHE_WRITE, &map);

	if (ret == -ENOBUFS) {
		copy_grant(mc, addr, len, host, direction, err);
		return;
	}
	if (ret) {
		copy_fail(mc, err, ret);
		return;
	}
	copy_bytes((uint8_t *)map.grants + gpa_offset(addr), host, len,
		   direction);
	mc->stats->memcpy_bytes += len;
	grant_unmap(mc, &map);
}

static void copy_range(struct mapcache *mc, gpa_t addr, uint32_t len,
		       uint8_t *host, enum xen_grant_direction direction,
		       int *err)
{
	if (!gpa_range_ok(addr, len))
		copy_fail(mc, err, -EFAULT);
	else if (!gpa_is_grant(addr))
		copy_foreign(mc, addr, len, host, direction, err);
	else if (mc->grant_io == MAPCACHE_GRANT_MAP && len >= COPY_MAP_MIN)
		copy_grant_mapped(mc, addr, len, host, direction, err);
	else
		copy_grant(mc, addr, len, host, direction, err);
}

void mapcache_copy_to_host(struct mapcache *mc, gpa_t from, uint32_t len,
			   void *to, int *err)
{
	copy_range(mc, from, len, to, XEN_GRANT_TO_HOST, err);
}

void mapcache_copy_to_guest(struct mapcache *mc, gpa_t to, uint32_t len,
			    const void *from, int *err)
{
	/* The copy structures have one pointer for both directions. */
	copy_range(mc, to, len, (uint8_t *)(uintptr_t)from, XEN_GRANT_TO_GUEST,
		   err);
}

void mapcache_copy_run(struct mapcache *mc)
{
	struct copy_batch *b = &mc->copy;
	int ret;

	if (!b->n)
		return;
	ret = xen_grant_copy(mc->grant.xen, b->op, b->n);
	mc->stats->copies++;
	mc->stats->copy_segments += b->n;
	for (uint32_t i = 0; i < b->n; i++) {
		int status = ret ? ret : b->op[i].status;

		if (status)
			copy_fail(mc, b->err[i], status);
		else
			mc->stats->copy_bytes += b->op[i].len;
	}
	b->n = 0;
}
