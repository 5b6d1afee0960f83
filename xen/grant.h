/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pages that a guest granted to this domain, by grant reference.
 *
 * Not fork-safe: a child may only close. Not thread-safe. Nothing logs.
 * The kernel has no way to restrict such a handle to one guest: the reach of
 * a stolen handle is every page that any guest granted to this domain.
 */
#ifndef XEN_GRANT_H
#define XEN_GRANT_H

#include <stdint.h>

struct xen_grant;

/*
 * -ENOENT or -ENODEV when there is no /dev/xen/gntdev. *g is NULL after a
 * failure. @max_pages bounds every later map call.
 */
int xen_grant_open(struct xen_grant **g, uint32_t domid, uint32_t max_pages);
void xen_grant_close(struct xen_grant *g);

enum xen_grant_access {
	XEN_GRANT_READ,		/* the only access that a read-only grant gives */
	XEN_GRANT_WRITE,	/* read and write */
};

/*
 * Map @pages grants from @ref on side by side. All or nothing: -errno when any
 * of them can't be mapped with that access, and nothing is mapped then.
 */
int xen_grant_map(struct xen_grant *g, uint32_t ref, uint32_t pages,
		  enum xen_grant_access access, void **addr);

/* The same for @pages references anywhere in the table. */
int xen_grant_map_refs(struct xen_grant *g, const uint32_t refs[],
		       uint32_t pages, enum xen_grant_access access,
		       void **addr);

/*
 * Undo one map call, all of it. The kernel keeps the grants mapped for a while
 * if something else still holds a reference to one of the pages, and says
 * nothing about it: so nothing but the CPU and buffered I/O may use them.
 */
int xen_grant_unmap(struct xen_grant *g, void *addr, uint32_t pages);

enum xen_grant_direction {
	XEN_GRANT_TO_HOST,
	XEN_GRANT_TO_GUEST,
};

struct xen_grant_copy {
	void *host;		/* ordinary memory of this process */
	uint32_t ref;
	uint16_t offset;	/* in the granted page; offset + len <= 4096 */
	uint16_t len;		/* bytes, not 0 */
	enum xen_grant_direction direction;
	int status;		/* out: 0 or -EFAULT */
};

/* Most segments of one xen_grant_copy() call. */
#define XEN_GRANT_COPY_MAX 1024u

/*
 * Run @n copies. Each has its own status: a bad reference costs one segment.
 * -errno when the call failed as a whole: then no status is valid, and any of
 * the segments may or may not have been copied.
 */
int xen_grant_copy(struct xen_grant *g, struct xen_grant_copy seg[],
		   uint32_t n);

#endif
