// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * xen-vblk-worker: one guest, all its disks, one thread. The manager hands in
 * a socket, and over it the state and the images; there are no paths here and
 * no xenstore. The loop at the end is the corridor, and aio_wait() the only
 * place where it sleeps.
 *
 * Access order: a vCPU stands still until its access is answered, so accesses
 * are answered before any ring is walked. An access that needs requests to
 * finish first waits in waiting[] and is asked again each round.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "backend/aio.h"
#include "backend/device.h"
#include "backend/isolate.h"
#include "backend/log.h"
#include "backend/pool.h"
#include "backend/proto.h"
#include "backend/state.h"
#include "backend/vmmio.h"
#include "mapcache/mapcache.h"
#include "xen/dm.h"
#include "xen/evtchn.h"
#include "xen/foreign.h"
#include "xen/grant.h"
#include "xen/ioreq.h"
#include "xen/irq.h"

#define WORKER_MAX_VCPUS 128	/* slots of an ioreq page */
#define WORKER_AIO_ENTRIES 1024u
/* Grants of one map call: a block of data at any offset, or a ring. */
#define WORKER_GRANT_PAGES 65536u

struct worker {
	int sock;
	uint32_t domid;
	struct state *state;
	struct xen_dm *dm;
	struct xen_evtchn *ec;
	struct xen_foreign *foreign;
	struct xen_grant *grant;	/* NULL: none on this host */
	int grant_err;			/* why */
	struct xen_ioreq *io;
	struct engine engine;
	struct device *dev[STATE_MAX_DISKS];
	bool removing[STATE_MAX_DISKS];
	bool attach;
	struct ioreq_access waiting[WORKER_MAX_VCPUS];
	uint32_t nwaiting;
	bool accesses;			/* the event channel has something */
	bool messages;			/* the socket has */
	bool detaching;
	bool stopping;
	struct log_limit limit;
};

static void worker_send(struct worker *w, const struct proto_msg *msg)
{
	int ret = proto_send(w->sock, msg, -1);

	/* A manager that is gone: its end of the socket tells the loop. */
	if (ret && ret != -EPIPE)
		log_error("message %u to the manager failed: %s", msg->type,
			  log_strerror(ret));
}

static void worker_send_slot(struct worker *w, enum proto_type type,
			     uint32_t slot)
{
	struct proto_msg msg = { .type = type, .slot = { .slot = slot } };

	worker_send(w, &msg);
}

__attribute__((format(printf, 5, 6)))
static void worker_send_error(struct worker *w, enum proto_type type,
			      uint32_t slot, int err, const char *fmt, ...)
{
	struct proto_msg msg = { .type = type };
	va_list ap;

	msg.error.slot = slot;
	msg.error.error = err;
	va_start(ap, fmt);
	vsnprintf(msg.error.text, sizeof(msg.error.text), fmt, ap);
	va_end(ap);
	worker_send(w, &msg);
}

/* Start: from the first message to READY. */

static int worker_map_state(struct worker *w, int fd)
{
	struct stat st;
	void *map;

	if (fd < 0)
		return -EBADF;
	if (fstat(fd, &st))
		return -errno;
	if (st.st_size != sizeof(*w->state))
		return -EINVAL;
	map = mmap(NULL, sizeof(*w->state), PROT_READ | PROT_WRITE, MAP_SHARED,
		   fd, 0);
	if (map == MAP_FAILED)
		return -errno;
	w->state = map;
	return state_check(w->state, sizeof(*w->state), w->domid,
			   w->state->uuid);
}

static int worker_open_engine(struct worker *w, const struct proto_start *s)
{
	struct mapcache_config config = {
		.bucket_size = s->bucket_size,
		.foreign_budget = s->foreign_budget,
		.grant_budget = s->grant_budget > WORKER_GRANT_PAGES ?
			WORKER_GRANT_PAGES : (uint32_t)s->grant_budget,
		.grant_io = s->grant_io == PROTO_GRANT_MAP ?
			MAPCACHE_GRANT_MAP : MAPCACHE_GRANT_COPY,
	};
	struct engine *e = &w->engine;
	int ret;

	ret = mapcache_open(&e->mc, &config, w->foreign, w->grant,
			    &w->state->map);
	if (ret)
		return ret;
	ret = aio_open(&e->aio, WORKER_AIO_ENTRIES);
	if (ret)
		return ret;
	ret = pool_open(&e->pool, s->pool_size);
	if (ret)
		return ret;
	e->bucket_size = s->bucket_size;
	e->grant_map_min = s->grant_io == PROTO_GRANT_COPY ? UINT64_MAX :
			   s->grant_io == PROTO_GRANT_MAP ? 0 : 128u << 10;
	ret = aio_register_buffer(e->aio, pool_base(e->pool),
				  pool_size(e->pool));
	if (ret)
		log_warning("dom%u: buffers can't be registered, I/O will cost a little more: %s",
			    w->domid, log_strerror(ret));
	return engine_init(e);
}

static int worker_open_xen(struct worker *w, const char **step)
{
	int ret;

	*step = "open /dev/xen/privcmd for device-model operations";
	ret = xen_dm_open(&w->dm, w->domid);
	if (ret)
		return ret;
	*step = "open /dev/xen/privcmd for foreign memory";
	ret = xen_foreign_open(&w->foreign, w->domid,
			       MAPCACHE_BUCKET_MAX / XEN_PAGE_BYTES);
	if (ret)
		return ret;
	*step = "open /dev/xen/evtchn";
	ret = xen_evtchn_open(&w->ec, w->domid);
	if (ret)
		return ret;
	w->grant_err = xen_grant_open(&w->grant, w->domid, WORKER_GRANT_PAGES);
	*step = "open the ioreq server";
	w->state->map = (struct mapcache_stats){ 0 };
	return ioreq_open(&w->io, w->dm, w->ec, w->foreign, &w->state->server,
			  step);
}

/*
 * Handle by handle, because libxentoolcore's "all" would close the grant
 * handle. Not every kernel can restrict; the worker works all the same.
 */
static void worker_restrict(struct worker *w)
{
	int ret = xen_dm_restrict(w->dm);

	if (!ret)
		ret = xen_foreign_restrict(w->foreign);
	if (!ret)
		ret = xen_evtchn_restrict(w->ec);
	if (ret)
		log_warning("dom%u: this kernel can't restrict Xen handles to one guest: %s",
			    w->domid, log_strerror(ret));
}

static void worker_explain(struct worker *w, const char *step, int err)
{
	const char *hint = "";

	if (err == -ENOSYS || err == -EOPNOTSUPP)
		hint = " (this Xen has no ioreq servers: on Arm it must be built with CONFIG_EXPERT and CONFIG_IOREQ_SERVER)";
	else if (err == -ENOENT || err == -ENODEV)
		hint = " (is the module loaded, xen_privcmd or xen_evtchn?)";
	else if (err == -ENOSPC)
		hint = " (a guest can have eight ioreq servers)";
	worker_send_error(w, PROTO_FAILED, 0, err, "%s: %s%s", step,
			  log_strerror(err), hint);
}

static int worker_start(struct worker *w, const struct proto_start *s, int fd)
{
	const char *step = "take up the state";
	int ret;

	log_init("xen-vblk-worker", s->log_level);
	w->domid = s->domid;
	w->attach = s->attach;
	ret = s->version == PROTO_VERSION ? 0 : -EPROTO;
	if (!ret)
		ret = worker_map_state(w, fd);
	if (!ret)
		ret = worker_open_xen(w, &step);
	if (!ret) {
		step = "set up I/O";
		ret = worker_open_engine(w, s);
	}
	if (!ret) {
		step = "watch for events";
		ret = aio_watch(w->engine.aio, xen_evtchn_fd(w->ec),
				&w->accesses);
	}
	if (!ret)
		ret = aio_watch(w->engine.aio, w->sock, &w->messages);
	if (!ret) {
		worker_restrict(w);
		step = "give up root";
		ret = isolate_finish();
	}
	if (ret)
		worker_explain(w, step, ret);
	return ret;
}

static int worker_receive_start(struct worker *w)
{
	struct proto_msg msg;
	int fd = -1;
	int ret = proto_recv(w->sock, &msg, &fd);

	if (ret == 1 && msg.type == PROTO_START)
		ret = worker_start(w, &msg.start, fd);
	else
		ret = ret < 0 ? ret : -EPROTO;
	if (fd >= 0)
		close(fd);
	if (!ret && fcntl(w->sock, F_SETFL, O_NONBLOCK))
		ret = -errno;
	if (!ret)
		worker_send_slot(w, PROTO_READY, 0);
	return ret;
}

/* Disks come and go. */

static bool disk_ok(const struct proto_disk *d)
{
	return d->slot < STATE_MAX_DISKS && d->num_queues >= 1 &&
	       d->num_queues <= STATE_MAX_QUEUES && d->queue_size >= 2 &&
	       d->queue_size <= STATE_QUEUE_SIZE &&
	       !(d->queue_size & (d->queue_size - 1)) &&
	       d->block_size >= BLK_SECTOR_SIZE && d->block_size <= 4096 &&
	       !(d->block_size & (d->block_size - 1)) &&
	       d->physical_block_size >= d->block_size && d->size &&
	       !(d->size % d->block_size);
}

static int worker_open_disk(struct worker *w, const struct proto_disk *d,
			    int fd)
{
	struct state_disk *reg = &w->state->disk[d->slot];
	struct device *dev = calloc(1, sizeof(*dev));
	bool attach = w->attach && reg->used;
	int ret;

	if (!dev) {
		close(fd);
		return -ENOMEM;
	}
	ret = device_open(dev, d, fd, reg, attach, &w->engine);
	if (ret)
		goto free;
	ret = ioreq_add_range(w->io, d->base, VMMIO_WINDOW_SIZE);
	if (ret && !(ret == -EEXIST && attach))
		goto close;
	w->dev[d->slot] = dev;
	return 0;
close:
	device_close(dev);
free:
	free(dev);
	return ret;
}

static void worker_add_disk(struct worker *w, const struct proto_disk *d,
			    int fd)
{
	int ret;

	if (!disk_ok(d) || w->dev[d->slot] || fd < 0) {
		if (fd >= 0)
			close(fd);
		worker_send_error(w, PROTO_DISK_FAILED, d->slot, -EINVAL,
				  "the worker does not accept this disk");
		return;
	}
	if ((d->flags & PROTO_DISK_GRANTS) && !w->grant) {
		close(fd);
		worker_send_error(w, PROTO_DISK_FAILED, d->slot, w->grant_err,
				  "the guest wants grants but /dev/xen/gntdev can't be opened: %s (load the module xen_gntdev, or create the guest with grant_usage=0)",
				  log_strerror(w->grant_err));
		return;
	}
	ret = worker_open_disk(w, d, fd);
	if (ret) {
		worker_send_error(w, PROTO_DISK_FAILED, d->slot, ret,
				  "the window at %#" PRIx64 " can't be served: %s",
				  d->base, log_strerror(ret));
		return;
	}
	worker_send_slot(w, PROTO_DISK_READY, d->slot);
}

static void worker_remove_disk(struct worker *w, uint32_t slot)
{
	if (slot >= STATE_MAX_DISKS || !w->dev[slot]) {
		worker_send_slot(w, PROTO_DISK_REMOVED, slot);
		return;
	}
	w->removing[slot] = true;
	device_quiesce(w->dev[slot]);
}

/* Its requests are returned and published: let go. */
static void worker_finish_removal(struct worker *w, uint32_t slot)
{
	struct device *dev = w->dev[slot];
	int ret = ioreq_remove_range(w->io, dev->base, VMMIO_WINDOW_SIZE);

	if (ret && ret != -ESRCH)
		log_warning("%s: range can't be removed: %s", dev->name,
			    log_strerror(ret));
	w->dev[slot] = NULL;
	w->removing[slot] = false;
	device_close(dev);
	free(dev);
	w->state->disk[slot].used = 0;
	worker_send_slot(w, PROTO_DISK_REMOVED, slot);
}

static void worker_quiesce(struct worker *w)
{
	for (uint32_t i = 0; i < STATE_MAX_DISKS; i++)
		if (w->dev[i])
			device_quiesce(w->dev[i]);
}

static void worker_message(struct worker *w, const struct proto_msg *msg,
			   int fd)
{
	switch (msg->type) {
	case PROTO_DISK_ADD:
		worker_add_disk(w, &msg->disk, fd);
		return;
	case PROTO_DISK_REMOVE:
		worker_remove_disk(w, msg->slot.slot);
		break;
	case PROTO_STOP:
		w->stopping = true;
		worker_quiesce(w);
		break;
	case PROTO_DETACH:
		w->detaching = true;
		worker_quiesce(w);
		break;
	default:
		log_error("dom%u: unexpected message %u from the manager",
			  w->domid, msg->type);
		break;
	}
	if (fd >= 0)
		close(fd);
}

static void worker_messages(struct worker *w)
{
	struct proto_msg msg;
	int fd, ret;

	w->messages = false;
	while ((ret = proto_recv(w->sock, &msg, &fd)) == 1)
		worker_message(w, &msg, fd);
	if (ret == -EBADMSG)
		log_error("dom%u: unreadable message from the manager",
			  w->domid);
	if (ret == 0 && !w->detaching && !w->stopping) {
		log_warning("dom%u: the manager is gone; detaching", w->domid);
		w->detaching = true;
		worker_quiesce(w);
	}
}

/* Accesses. */

static struct device *worker_find(struct worker *w, uint64_t addr)
{
	for (uint32_t i = 0; i < STATE_MAX_DISKS; i++) {
		struct device *dev = w->dev[i];

		if (dev && addr >= dev->base &&
		    addr - dev->base < VMMIO_WINDOW_SIZE)
			return dev;
	}
	return NULL;
}

/* After a restart: a window whose disk has not been handed in yet. */
static bool worker_expects(struct worker *w, uint64_t addr)
{
	for (uint32_t i = 0; w->attach && i < STATE_MAX_DISKS; i++) {
		const struct state_disk *d = &w->state->disk[i];

		if (d->used && addr >= d->base &&
		    addr - d->base < VMMIO_WINDOW_SIZE)
			return true;
	}
	return false;
}

static enum device_answer worker_access(struct worker *w,
					struct ioreq_access *acc)
{
	struct device *dev;

	if (acc->kind == IOREQ_UNMAP_ALL) {
		mapcache_invalidate(w->engine.mc);
		return DEVICE_DONE;
	}
	if (acc->kind == IOREQ_OTHER)
		return DEVICE_DONE;
	dev = worker_find(w, acc->addr);
	if (!dev) {
		if (worker_expects(w, acc->addr))
			return DEVICE_WAIT;
		/* Its range was removed while it was on the way. */
		acc->data = UINT64_MAX;
		return DEVICE_DONE;
	}
	if (acc->kind == IOREQ_MMIO_WRITE)
		return device_write(dev, acc->addr - dev->base, acc->size,
				    acc->data);
	acc->data = device_read(dev, acc->addr - dev->base, acc->size);
	return DEVICE_DONE;
}

static int worker_accesses(struct worker *w)
{
	struct ioreq_access acc;
	int ret;

	w->accesses = false;
	while ((ret = ioreq_next(w->io, &acc)) > 0) {
		if (worker_access(w, &acc) == DEVICE_DONE)
			ioreq_done(w->io, &acc);
		else
			w->waiting[w->nwaiting++] = acc;
	}
	return ret;
}

static void worker_retry_waiting(struct worker *w)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < w->nwaiting; i++) {
		struct ioreq_access acc = w->waiting[i];

		if (worker_access(w, &acc) == DEVICE_DONE)
			ioreq_done(w->io, &acc);
		else
			w->waiting[kept++] = acc;
	}
	w->nwaiting = kept;
}

/* The round. */

static void worker_reap(struct worker *w)
{
	struct aio_event e;

	while (aio_reap(w->engine.aio, &e)) {
		if (e.tag == &w->accesses)
			w->accesses = true;
		else if (e.tag == &w->messages)
			w->messages = true;
		else
			request_complete(e.tag, e.result);
	}
}

static bool worker_serve(struct worker *w)
{
	bool more = false;

	for (uint32_t i = 0; i < STATE_MAX_DISKS; i++)
		if (w->dev[i])
			more = device_serve(w->dev[i]) || more;
	return more;
}

static void worker_raise(struct worker *w, struct device *dev)
{
	int ret = irq_raise(w->dm, dev->irq);

	dev->irq_wanted = false;
	dev->disk.stats->irqs++;
	if (ret)
		log_guest(&w->limit, dev->name, "interrupt %u failed: %s",
			  dev->irq, log_strerror(ret));
}

static void worker_notify(struct worker *w)
{
	for (uint32_t i = 0; i < STATE_MAX_DISKS; i++) {
		struct device *dev = w->dev[i];

		if (!dev)
			continue;
		device_publish(dev);
		if (dev->irq_wanted)
			worker_raise(w, dev);
	}
}

/* True when the worker is done. */
static bool worker_progress(struct worker *w)
{
	bool idle = true;

	for (uint32_t i = 0; i < STATE_MAX_DISKS; i++) {
		struct device *dev = w->dev[i];

		if (!dev)
			continue;
		if (w->removing[i] && device_idle(dev))
			worker_finish_removal(w, i);
		else
			idle = idle && device_idle(dev);
	}
	if (w->nwaiting)
		worker_retry_waiting(w);
	return (w->detaching || w->stopping) && idle;
}

/* Nanoseconds until a ring wants to be looked at; -1: none does. */
static int64_t worker_look(struct worker *w)
{
	int64_t earliest = 0;
	struct timespec t;
	int64_t now;

	clock_gettime(CLOCK_MONOTONIC, &t);
	now = t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
	for (uint32_t i = 0; i < STATE_MAX_DISKS; i++)
		if (w->dev[i])
			earliest = device_look(w->dev[i], now, earliest);
	if (!earliest)
		return -1;
	return earliest > now ? earliest - now : 0;
}

static int worker_run(struct worker *w)
{
	bool more = false;
	int ret;

	for (;;) {
		ret = aio_wait(w->engine.aio, more ? 0 : worker_look(w));
		if (ret)
			break;
		worker_look(w);
		worker_reap(w);
		if (w->accesses)
			ret = worker_accesses(w);
		if (ret < 0)
			break;
		if (w->messages)
			worker_messages(w);
		more = worker_serve(w);
		ret = aio_submit(w->engine.aio);
		if (ret)
			break;
		worker_reap(w);
		engine_settle(&w->engine, queue_return);
		worker_notify(w);
		if (worker_progress(w))
			return 0;
	}
	log_error("dom%u: the worker can't go on: %s", w->domid,
		  log_strerror(ret));
	return ret;
}

/* The guest may be gone already, and its server with it. */
static void worker_destroy_server(struct worker *w)
{
	struct ioreq_access acc;
	int ret = ioreq_disable(w->io);

	/* What came in until now is answered, with nobody there. */
	while (!ret && ioreq_next(w->io, &acc) > 0) {
		acc.data = UINT64_MAX;
		ioreq_done(w->io, &acc);
	}
	ret = ioreq_destroy(w->io);
	if (ret && ret != -ESRCH && ret != -EBUSY)
		log_warning("dom%u: the ioreq server can't be destroyed: %s",
			    w->domid, log_strerror(ret));
	w->state->server = STATE_NO_SERVER;
}

static void worker_close(struct worker *w)
{
	for (uint32_t i = 0; i < STATE_MAX_DISKS; i++) {
		if (!w->dev[i])
			continue;
		device_close(w->dev[i]);
		free(w->dev[i]);
	}
	aio_close(w->engine.aio);
	pool_close(w->engine.pool);
	engine_fini(&w->engine);
	mapcache_close(w->engine.mc);
	if (w->stopping && w->io) {
		worker_destroy_server(w);
	} else {
		ioreq_close(w->io);
	}
	xen_grant_close(w->grant);
	xen_evtchn_close(w->ec);
	xen_foreign_close(w->foreign);
	xen_dm_close(w->dm);
}

int main(int argc, char **argv)
{
	static struct worker worker = { .sock = PROTO_WORKER_FD };
	struct stat st;
	int ret;

	log_init("xen-vblk-worker", LOG_LEVEL_INFO);
	if (argc > 2 || (argc == 2 && argv[1][0] == '-') ||
	    fstat(PROTO_WORKER_FD, &st) || !S_ISSOCK(st.st_mode)) {
		fprintf(stderr, "xen-vblk-worker is started by xen-vblkd, see xen-vblkd(8)\n");
		return 2;
	}
	/* The manager decides when we end; a terminal's ^C goes to it too. */
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	ret = isolate_begin(PROTO_WORKER_FD);
	if (!ret)
		ret = worker_receive_start(&worker);
	if (!ret)
		ret = worker_run(&worker);
	else
		worker.stopping = !worker.attach;
	worker_close(&worker);
	return ret ? 1 : 0;
}
