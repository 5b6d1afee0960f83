/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Event channels between us and one guest.
 *
 * Not fork-safe: a child may only close. Not thread-safe. Nothing logs.
 * Functions return 0, a port, or -errno.
 */
#ifndef XEN_EVTCHN_H
#define XEN_EVTCHN_H

#include <stdint.h>

struct xen_evtchn;

/* *ec is NULL after a failure. */
int xen_evtchn_open(struct xen_evtchn **ec, uint32_t domid);
void xen_evtchn_close(struct xen_evtchn *ec);

/* Readable when an event is pending. Owned by the handle. */
int xen_evtchn_fd(struct xen_evtchn *ec);

/*
 * Bind to the guest-side @remote port; returns our local port. A new binding
 * is pending once, whether or not anything happened.
 */
int xen_evtchn_bind(struct xen_evtchn *ec, uint32_t remote);
int xen_evtchn_unbind(struct xen_evtchn *ec, uint32_t port);

/*
 * The next pending port, which stays masked until xen_evtchn_unmask();
 * -EAGAIN when there is none. Never blocks.
 */
int xen_evtchn_next(struct xen_evtchn *ec);
int xen_evtchn_unmask(struct xen_evtchn *ec, uint32_t port);
int xen_evtchn_notify(struct xen_evtchn *ec, uint32_t port);

#endif
