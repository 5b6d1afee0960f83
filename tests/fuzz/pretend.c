// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A hypervisor that believes what it is told. Its event channel is an eventfd.
 */
#include "tests/fuzz/pretend.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "backend/isolate.h"
#include "backend/log.h"
#include "tests/fuzz/fuzz.h"
#include "xen/dm.h"
#include "xen/evtchn.h"
#include "xen/irq.h"
#include "xen/restrict.h"

#define MAX_RANGES 16u

struct xen_dm {
	bool open;
};

struct xen_evtchn {
	int fd;
};

struct xen_ioreq {
	uint32_t id;
};

struct pretend pretend;

static struct {
	int event;
	uint32_t id;		/* of the server; UINT32_MAX: none */
	uint64_t base[MAX_RANGES];
	uint32_t functions;	/* bit per slot of PCI bus 0 */
	struct xen_dm dm;
	struct xen_evtchn ec;
	struct xen_ioreq io;
} host = { .event = -1 };

void pretend_open(void)
{
	memset(&pretend, 0, sizeof(pretend));
	memset(&host, 0, sizeof(host));
	host.id = UINT32_MAX;
	host.event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	MUST(host.event >= 0);
}

void pretend_close(void)
{
	MUST(!pretend.handles);
	close(host.event);
}

void pretend_wake(void)
{
	uint64_t one = 1;

	MUST(write(host.event, &one, sizeof(one)) == sizeof(one));
}

static int open_handle(void)
{
	pretend.handles++;
	return 0;
}

/* --- xen/dm.h, xen/irq.h, xen/restrict.h --------------------------------------- */

int xen_dm_open(struct xen_dm **dm, uint32_t domid)
{
	(void)domid;
	*dm = &host.dm;
	return open_handle();
}

void xen_dm_close(struct xen_dm *dm)
{
	pretend.handles -= !!dm;
}

static int interrupt(int err)
{
	if (pretend.irq_failures) {
		pretend.irq_failures--;
		return err;
	}
	pretend.irqs++;
	return 0;
}

int irq_raise(struct xen_dm *dm, uint32_t irq)
{
	(void)dm;
	(void)irq;
	return interrupt(-EINVAL);
}

int irq_set_intx(struct xen_dm *dm, uint32_t slot, uint32_t level)
{
	(void)dm;
	MUST(slot < 32 && level <= 1);
	return interrupt(-EAGAIN);
}

int irq_send_msi(struct xen_dm *dm, uint64_t address, uint32_t data)
{
	(void)dm;
	(void)address;
	(void)data;
	return interrupt(-EAGAIN);
}

int xen_restrict(uint32_t domid)
{
	(void)domid;
	return 0;
}

/* --- xen/evtchn.h --------------------------------------------------------------- */

int xen_evtchn_open(struct xen_evtchn **ec, uint32_t domid)
{
	(void)domid;
	host.ec.fd = host.event;
	*ec = &host.ec;
	return open_handle();
}

void xen_evtchn_close(struct xen_evtchn *ec)
{
	pretend.handles -= !!ec;
}

int xen_evtchn_fd(struct xen_evtchn *ec)
{
	return ec->fd;
}

/* --- xen/ioreq.h ---------------------------------------------------------------- */

int ioreq_open(struct xen_ioreq **io, struct xen_dm *dm, struct xen_evtchn *ec,
	       struct xen_foreign *f, uint32_t *id, const char **step)
{
	(void)dm;
	(void)ec;
	(void)f;
	*step = "take up the ioreq server";
	if (*id == UINT32_MAX) {
		*id = 1;
		pretend.servers++;
		host.id = *id;
	}
	if (*id != host.id)
		return -ENOENT;
	*io = &host.io;
	return open_handle();
}

void ioreq_close(struct xen_ioreq *io)
{
	pretend.handles -= !!io;
}

int ioreq_destroy(struct xen_ioreq *io)
{
	memset(host.base, 0, sizeof(host.base));
	host.functions = 0;
	pretend.ranges = 0;
	pretend.servers--;
	host.id = UINT32_MAX;
	ioreq_close(io);
	return 0;
}

uint32_t ioreq_vcpus(const struct xen_ioreq *io)
{
	(void)io;
	return PRETEND_VCPUS;
}

static bool range_fails(void)
{
	if (!pretend.range_failures)
		return false;
	pretend.range_failures--;
	return true;
}

static uint64_t *find_range(uint64_t base)
{
	for (uint32_t i = 0; i < MAX_RANGES; i++)
		if (host.base[i] == base)
			return &host.base[i];
	return NULL;
}

int ioreq_add_range(struct xen_ioreq *io, uint64_t base, uint64_t size)
{
	uint64_t *room = find_range(0);

	(void)io;
	if (range_fails())
		return -ENOMEM;
	if (!base || base + size < base)
		return -EINVAL;
	if (find_range(base))
		return -EEXIST;
	if (!room)
		return -ENOSPC;
	*room = base;
	pretend.ranges++;
	return 0;
}

int ioreq_remove_range(struct xen_ioreq *io, uint64_t base, uint64_t size)
{
	uint64_t *range = base ? find_range(base) : NULL;

	(void)io;
	(void)size;
	if (range_fails())
		return -EIO;
	if (!range)
		return -ENOENT;
	*range = 0;
	pretend.ranges--;
	return 0;
}

int ioreq_add_pci(struct xen_ioreq *io, uint32_t slot)
{
	(void)io;
	MUST(slot < 32);
	if (range_fails())
		return -ENOMEM;
	if (host.functions >> slot & 1)
		return -EEXIST;
	host.functions |= 1u << slot;
	pretend.ranges++;
	return 0;
}

int ioreq_remove_pci(struct xen_ioreq *io, uint32_t slot)
{
	(void)io;
	MUST(slot < 32);
	if (range_fails())
		return -EIO;
	if (!(host.functions >> slot & 1))
		return -ENOENT;
	host.functions &= ~(1u << slot);
	pretend.ranges--;
	return 0;
}

int ioreq_next(struct xen_ioreq *io, struct ioreq_access *acc)
{
	uint64_t n;

	(void)io;
	if (pretend.next(acc))
		return 1;
	(void)!read(host.event, &n, sizeof(n));
	return 0;
}

int ioreq_done(struct xen_ioreq *io, const struct ioreq_access *acc)
{
	(void)io;
	pretend.done(acc);
	return 0;
}

/* --- backend/isolate.h, backend/log.h ------------------------------------------- */

int isolate_begin(int last_fd)
{
	(void)last_fd;
	return 0;
}

int isolate_finish(uint32_t domid)
{
	(void)domid;
	return 0;
}

void log_init(const char *who, enum log_level level)
{
	(void)who;
	(void)level;
}

enum log_level log_get_level(void)
{
	return LOG_LEVEL_DEBUG;
}

void log_line(enum log_level level, const char *fmt, ...)
{
	char line[1024];
	va_list ap;

	(void)level;
	va_start(ap, fmt);
	MUST(vsnprintf(line, sizeof(line), fmt, ap) >= 0);
	va_end(ap);
	pretend.log_lines++;
}

/* Not by the clock, so that the same input gives the same run. */
bool log_limit_pass(struct log_limit *limit)
{
	return ++limit->lines <= LOG_LIMIT_BURST;
}

const char *log_strerror(int err)
{
	return strerror(err < 0 ? -err : err);
}
