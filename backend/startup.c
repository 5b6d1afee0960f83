// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The worker's way up and down. Up: take the state, open the Xen handles, take
 * up or make the ioreq server, set up I/O, then give up root. Down: rings and
 * images first, the server last, because a vCPU may wait in it.
 */
#include "backend/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend/aio.h"
#include "backend/isolate.h"
#include "backend/pool.h"
#include "mapcache/mapcache.h"
#include "xen/dm.h"
#include "xen/evtchn.h"
#include "xen/foreign.h"
#include "xen/grant.h"
#include "xen/restrict.h"

#define WORKER_AIO_ENTRIES 1024u
/* Grants of one map call: a block of data at any offset, or a ring. */
#define WORKER_GRANT_PAGES 65536u
/* With grant_io=auto, data of a buffered image is mapped from here on. */
#define WORKER_GRANT_MAP_MIN (UINT64_C(128) << 10)

static void worker_send(struct worker *w, const struct proto_msg *msg)
{
	int ret = proto_send(w->sock, msg, -1);

	/* A manager that is gone: its end of the socket tells the loop. */
	if (ret && ret != -EPIPE)
		log_error("message %u to the manager failed: %s", msg->type,
			  log_strerror(ret));
}

void worker_send_slot(struct worker *w, enum proto_type type,
			     uint32_t slot)
{
	struct proto_msg msg = { .type = type, .slot = { .slot = slot } };

	worker_send(w, &msg);
}

void worker_send_error(struct worker *w, enum proto_type type,
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
	char text[96];
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
			   s->grant_io == PROTO_GRANT_MAP ? 0 :
			   WORKER_GRANT_MAP_MIN;
	ret = aio_register_buffer(e->aio, pool_base(e->pool),
				  pool_size(e->pool));
	if (ret)
		log_warning("dom%u: buffers can't be registered, I/O will cost a little more: %s",
			    w->domid, log_strerror(ret));
	aio_describe(e->aio, text, sizeof(text));
	log_debug("dom%u: %s", w->domid, text);
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
	/* Not every kernel can; the worker works all the same. */
	ret = xen_restrict(w->domid);
	if (ret)
		log_warning("dom%u: this kernel can't restrict Xen handles to one guest: %s",
			    w->domid, log_strerror(ret));
	/* After that, because it would be closed. */
	w->grant_err = xen_grant_open(&w->grant, w->domid, WORKER_GRANT_PAGES);
	*step = "open the ioreq server";
	w->state->map = (struct mapcache_stats){ 0 };
	ret = ioreq_open(&w->io, w->dm, w->ec, w->foreign, &w->state->server,
			 step);
	w->transport = (struct transport){
		.io = w->io, .dm = w->dm, .disk = w->state->disk,
		.domid = w->domid,
	};
	return ret;
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

static int worker_take_up(struct worker *w, const struct proto_start *s,
			  int fd)
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
		step = "give up root";
		ret = isolate_finish(w->domid);
	}
	if (ret)
		worker_explain(w, step, ret);
	return ret;
}

int worker_start(struct worker *w)
{
	struct proto_msg msg;
	int fd = -1;
	int ret = proto_recv(w->sock, &msg, &fd);

	if (ret == 1 && msg.type == PROTO_START)
		ret = worker_take_up(w, &msg.start, fd);
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

/* The guest may be gone already, and its server with it. */
static void worker_destroy_server(struct worker *w)
{
	int ret = ioreq_destroy(w->io);

	if (ret && ret != -ESRCH && ret != -EBUSY)
		log_warning("dom%u: the ioreq server can't be destroyed: %s",
			    w->domid, log_strerror(ret));
	w->state->server = STATE_NO_SERVER;
}

void worker_close(struct worker *w)
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
