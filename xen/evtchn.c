// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Event channels. The file is set non-blocking, so that one wake-up of the
 * loop can take all pending ports without asking poll() before each.
 */
#include "xen/evtchn.h"

#include <fcntl.h>
#include <stdlib.h>

#include "xen/handles.h"
#include "xen/quiet.h"

int xen_evtchn_open(struct xen_evtchn **ec, uint32_t domid)
{
	struct xen_evtchn *e = calloc(1, sizeof(*e));
	int flags, ret;

	*ec = NULL;
	if (!e)
		return -ENOMEM;
	e->domid = (domid_t)domid;
	e->handle = xenevtchn_open(&xen_quiet, 0);
	if (!e->handle) {
		ret = xen_error();
		free(e);
		return ret;
	}
	flags = fcntl(xenevtchn_fd(e->handle), F_GETFL);
	if (flags < 0 || fcntl(xenevtchn_fd(e->handle), F_SETFL,
			       flags | O_NONBLOCK) < 0) {
		ret = xen_error();
		xen_evtchn_close(e);
		return ret;
	}
	*ec = e;
	return 0;
}

void xen_evtchn_close(struct xen_evtchn *ec)
{
	if (!ec)
		return;
	xenevtchn_close(ec->handle);
	free(ec);
}

int xen_evtchn_fd(struct xen_evtchn *ec)
{
	return xenevtchn_fd(ec->handle);
}

int xen_evtchn_bind(struct xen_evtchn *ec, uint32_t remote)
{
	int port = xenevtchn_bind_interdomain(ec->handle, ec->domid, remote);

	return port < 0 ? xen_error() : port;
}

int xen_evtchn_unbind(struct xen_evtchn *ec, uint32_t port)
{
	return xenevtchn_unbind(ec->handle, port) ? xen_error() : 0;
}

/* #syscalls worker: read */
int xen_evtchn_next(struct xen_evtchn *ec)
{
	int port = xenevtchn_pending(ec->handle);

	return port < 0 ? xen_error() : port;
}

/* #syscalls worker: write */
int xen_evtchn_unmask(struct xen_evtchn *ec, uint32_t port)
{
	return xenevtchn_unmask(ec->handle, port) ? xen_error() : 0;
}

/* #syscalls worker: ioctl */
int xen_evtchn_notify(struct xen_evtchn *ec, uint32_t port)
{
	return xenevtchn_notify(ec->handle, port) ? xen_error() : 0;
}
