/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mapping of a guest's pages by guest frame number.
 *
 * The kernel gives such memory no struct page that it would pin: memcpy and
 * buffered I/O work on it, O_DIRECT and registered buffers do not. A mapping
 * is unmapped whole, exactly as it was mapped. It keeps the pages that the
 * guest had when it was made, even if the guest gives them back, and keeps a
 * dead guest from going away.
 *
 * Not fork-safe: a child may only close. Not thread-safe. Nothing logs.
 */
#ifndef XEN_FOREIGN_H
#define XEN_FOREIGN_H

#include <stdint.h>

#define XEN_PAGE_SHIFT 12
#define XEN_PAGE_BYTES (1u << XEN_PAGE_SHIFT)

struct xen_foreign;

/* @max_pages bounds every later map call. *f is NULL after a failure. */
int xen_foreign_open(struct xen_foreign **f, uint32_t domid,
		     uint32_t max_pages);
void xen_foreign_close(struct xen_foreign *f);

/*
 * Map @pages frames from @gfn on, readable and writable, side by side at
 * *addr. 0 when the call worked, although single pages may have failed:
 * err[i] is 0 or -errno, and a page with an error must never be touched, not
 * even by the kernel on our behalf (on Arm that kills us or dom0). -errno when
 * the call failed as a whole; nothing is mapped then.
 */
int xen_foreign_map(struct xen_foreign *f, uint64_t gfn, uint32_t pages,
		    void **addr, int err[]);

/* Undo one xen_foreign_map(), all of it. */
int xen_foreign_unmap(struct xen_foreign *f, void *addr, uint32_t pages);

#endif
