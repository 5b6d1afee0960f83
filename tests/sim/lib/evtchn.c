// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libxenevtchn. The file is a pipe with the pending ports in it; writing the
 * port back to it is what unmask() is, and happens in the library here.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/sim/lib/base.h"
#include <xenevtchn.h>

struct xenevtchn_handle {
	struct sim_base base;
	uint32_t handle;
	int fd;
};

static int evtchn_restrict(struct sim_active *active, domid_t domid)
{
	xenevtchn_handle *xce = (xenevtchn_handle *)active;
	int ret = sim_base_enter(&xce->base, SIM_RESTRICT, 0, SIM_ANY_DOMAIN);

	if (ret)
		return sim_base_fail(ret);
	return sim_base_leave(&xce->base,
			      sim_handle_restrict(xce->base.w, xce->handle,
						  domid));
}

/* @fd: a file from before exec(), -1: a new one. */
static int evtchn_start(xenevtchn_handle *xce, int fd)
{
	int ret = sim_base_open(&xce->base, SIM_EV_OPEN, evtchn_restrict);

	if (ret)
		return ret;
	xce->fd = fd;
	sim_lock(xce->base.w);
	ret = fd < 0 ? sim_handle_open(xce->base.w, &xce->fd) :
		sim_handle_adopt(xce->base.w, fd);
	sim_unlock(xce->base.w);
	if (ret < 0) {
		sim_base_close(&xce->base);
		return ret;
	}
	xce->handle = (uint32_t)ret;
	return 0;
}

static xenevtchn_handle *evtchn_new(int fd)
{
	xenevtchn_handle *xce = calloc(1, sizeof(*xce));
	int ret;

	if (!xce)
		return NULL;
	ret = evtchn_start(xce, fd);
	if (!ret)
		return xce;
	free(xce);
	errno = -ret;
	return NULL;
}

xenevtchn_handle *xenevtchn_open(struct xentoollog_logger *logger,
				 unsigned int flags)
{
	xenevtchn_handle *xce = evtchn_new(-1);

	(void)logger;
	if (xce && (flags & XENEVTCHN_NO_CLOEXEC))
		fcntl(xce->fd, F_SETFD, 0);
	return xce;
}

xenevtchn_handle *xenevtchn_fdopen(struct xentoollog_logger *logger, int fd,
				   unsigned int open_flags)
{
	(void)logger;
	(void)open_flags;
	return evtchn_new(fd);
}

int xenevtchn_close(xenevtchn_handle *xce)
{
	if (!xce)
		return 0;
	if (!xce->base.w->child) {
		sim_lock(xce->base.w);
		sim_handle_close(xce->base.w, xce->handle);
		sim_unlock(xce->base.w);
	}
	close(xce->fd);
	sim_base_close(&xce->base);
	free(xce);
	return 0;
}

int xenevtchn_restrict(xenevtchn_handle *xce, domid_t domid)
{
	return evtchn_restrict(&xce->base.active, domid);
}

int xenevtchn_fd(xenevtchn_handle *xce)
{
	return xce->fd;
}

xenevtchn_port_or_error_t xenevtchn_bind_interdomain(xenevtchn_handle *xce,
						     uint32_t domid,
						     evtchn_port_t remote_port)
{
	int ret = sim_base_enter(&xce->base, SIM_EV_BIND, 1, domid);

	if (ret)
		return sim_base_fail(ret);
	return sim_base_leave(&xce->base,
			      sim_port_bind(xce->base.w, xce->handle, domid,
					    remote_port));
}

xenevtchn_port_or_error_t xenevtchn_bind_virq(xenevtchn_handle *xce,
					      unsigned int virq)
{
	int ret = sim_base_enter(&xce->base, SIM_EV_BIND, 1, SIM_ANY_DOMAIN);

	if (ret)
		return sim_base_fail(ret);
	return sim_base_leave(&xce->base,
			      sim_port_bind_virq(xce->base.w, xce->handle,
						 virq));
}

int xenevtchn_unbind(xenevtchn_handle *xce, evtchn_port_t port)
{
	int ret = sim_base_enter(&xce->base, SIM_EV_UNBIND, 1, SIM_ANY_DOMAIN);

	if (ret)
		return sim_base_fail(ret);
	return sim_base_leave(&xce->base,
			      sim_port_unbind(xce->base.w, xce->handle, port));
}

int xenevtchn_notify(xenevtchn_handle *xce, evtchn_port_t port)
{
	int ret = sim_base_enter(&xce->base, SIM_EV_NOTIFY, 1, SIM_ANY_DOMAIN);

	if (ret)
		return sim_base_fail(ret);
	return sim_base_leave(&xce->base,
			      sim_port_notify(xce->base.w, xce->handle, port));
}

xenevtchn_port_or_error_t xenevtchn_pending(xenevtchn_handle *xce)
{
	uint32_t port;
	ssize_t n;
	int ret = sim_base_enter(&xce->base, SIM_EV_PENDING, 0,
				 SIM_ANY_DOMAIN);

	if (ret)
		return sim_base_fail(ret);
	/* It may sleep here, so without the lock. */
	sim_unlock(xce->base.w);
	n = read(xce->fd, &port, sizeof(port));
	if (n != sizeof(port)) {
		if (n >= 0)
			errno = EIO;
		return -1;
	}
	return (xenevtchn_port_or_error_t)port;
}

int xenevtchn_unmask(xenevtchn_handle *xce, evtchn_port_t port)
{
	int ret = sim_base_enter(&xce->base, SIM_EV_UNMASK, 0, SIM_ANY_DOMAIN);

	if (ret)
		return sim_base_fail(ret);
	return sim_base_leave(&xce->base,
			      sim_port_unmask(xce->base.w, xce->handle, port));
}
