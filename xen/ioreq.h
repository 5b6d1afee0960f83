/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ioreq server of one guest: the shared page in which Xen hands us the
 * guest's accesses to our windows, one slot per vCPU (xen/hvm/ioreq.h).
 *
 * Life cycle:
 *   open      server, page, event channels exist and are enabled. Nothing
 *             arrives but INVALIDATE.
 *   add_range accesses to the window arrive from now on.
 *   close     the server stays in Xen with its ranges and its page; a vCPU
 *             that touches a window waits until somebody opens it again.
 *   destroy   the server is gone; an access to the window is an abort in the
 *             guest.
 *
 * A vCPU stands still from its access until ioreq_done(). Not fork-safe, not
 * thread-safe, nothing logs. Functions return 0 or -errno.
 */
#ifndef XEN_IOREQ_H
#define XEN_IOREQ_H

#include <stdbool.h>
#include <stdint.h>

struct xen_dm;
struct xen_evtchn;
struct xen_foreign;
struct xen_ioreq;

enum ioreq_kind {
	IOREQ_MMIO_READ,
	IOREQ_MMIO_WRITE,
	IOREQ_CONFIG_READ,	/* of a PCI function that was added */
	IOREQ_CONFIG_WRITE,
	IOREQ_UNMAP_ALL,	/* guest memory moved: IOREQ_TYPE_INVALIDATE */
	IOREQ_OTHER,		/* nothing we know; answer it with all ones */
};

struct ioreq_access {
	enum ioreq_kind kind;
	uint32_t vcpu;
	uint32_t sbdf;		/* CONFIG: segment, bus, device, function */
	uint64_t addr;		/* guest-physical; CONFIG: of the register */
	uint64_t data;		/* in for a write, out for a read */
	uint32_t size;		/* bytes: 1, 2, 4, or for MMIO 8 */
	bool last;		/* nothing else was pending: no need to ask */
};

/*
 * Make a server, or take up server *id if it is not UINT32_MAX. *id is set as
 * soon as Xen has given the server out, even if a later step fails; the server
 * is destroyed again then, if it was made here. *step names the call that
 * failed. The three handles are borrowed until ioreq_close().
 */
int ioreq_open(struct xen_ioreq **io, struct xen_dm *dm,
	       struct xen_evtchn *ec, struct xen_foreign *f, uint32_t *id,
	       const char **step);
void ioreq_close(struct xen_ioreq *io);
/*
 * Destroy the server in Xen and close. It is disabled first, and whatever is in
 * it, taken or not, is answered with all ones. A vCPU that was answered but has
 * not run since still uses the server's page inside Xen, and destroying it then
 * crashes the host (seen on Xen 4.20, Arm). So this waits a little for such a
 * vCPU, and if it does not run, leaves the disabled server for the end of the
 * domain: -EBUSY, closed all the same, as after any error.
 */
int ioreq_destroy(struct xen_ioreq *io);

uint32_t ioreq_vcpus(const struct xen_ioreq *io);

/*
 * @size bytes from @base; -EEXIST when the server has it, or a part of it,
 * already; -ENOENT when it does not have it to remove.
 */
int ioreq_add_range(struct xen_ioreq *io, uint64_t base, uint64_t size);
int ioreq_remove_range(struct xen_ioreq *io, uint64_t base, uint64_t size);

/*
 * The configuration space of function 0 of device @slot on PCI bus 0, x86 only
 * (elsewhere Xen refuses). Errors as above. A server that was made later and
 * has the same function, QEMU's perhaps, gets the accesses instead of us.
 */
int ioreq_add_pci(struct xen_ioreq *io, uint32_t slot);
int ioreq_remove_pci(struct xen_ioreq *io, uint32_t slot);

/*
 * Door 1. The next access, copied once from its slot: 1, or 0 when nothing is
 * pending, or -errno. Each must be answered by one ioreq_done(), in any order
 * and any time later.
 *
 * After an error of either a vCPU may sleep for ever, or not be heard any more:
 * close, and open again. A new binding is not masked, and has an event that
 * finds what is in the slots, answers that nobody was woken for among them.
 */
int ioreq_next(struct xen_ioreq *io, struct ioreq_access *acc);
int ioreq_done(struct xen_ioreq *io, const struct ioreq_access *acc);

#endif
