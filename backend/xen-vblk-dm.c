// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * xen-vblk-dm: a device model that xl starts with a guest and ends with it. It
 * is a manager of one guest's generic virtio disks; what is added here is how
 * libxl is answered. libxl lets the guest run when it has read "running" from
 * xenstore, and gives the guest up when this program ends before that: so
 * whatever is wrong with a disk is an exit.
 *
 * libxl ends it with SIGHUP, before it removes the devices.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/arguments.h"
#include "backend/channel.h"
#include "backend/decline.h"
#include "backend/log.h"
#include "backend/manager.h"
#include "backend/monitor.h"
#include "backend/runtime.h"
#include "xen/store.h"

#define EXIT_USAGE     2
#define PROBE_MS       60000	/* as long as libxl itself waits */
#define PROBE_QUIT_MS  1000
#define STATE_NODE_LEN 64

static const char usage[] =
"usage: xen-vblk-dm -xen-domid N -disk index=I,path=IMAGE[,KEY=VALUE...]...\n"
"\n"
"Serves the virtio disks of one Xen guest. xl starts it as the guest's device\n"
"model, see xen-vblk-dm(8).\n"
"\n"
"  -disk WORDS       image and options of the guest's virtio device number I\n"
"  -config FILE      configuration [" SYSCONFDIR "/xen-vblkd.conf]\n"
"  -log-level LEVEL  error, warning, info or debug\n"
"  -version\n"
"  -help\n"
"\n"
"What libxl writes for a device model is understood too.\n";

struct model {
	struct manager manager;
	struct arguments args;
	struct qmp_server qmp;
	struct monitor monitor;
	bool listening;
};

/*
 * A probe: libxl wants to know what we can. It asks us to quit and then sends a
 * signal; if it finds nobody to send it to, it prints an error. So the end is
 * not there before the signal is, which needs no handler.
 */

static void model_probe_over(struct loop_timer *timer)
{
	bool *over = timer->owner;

	*over = true;
}

static int model_probe(struct model *m, char *text, size_t len)
{
	bool over = false;
	struct loop_timer patience = {
		.fire = model_probe_over, .owner = &over,
	};
	bool quit = false;
	struct loop loop;
	int ret;

	loop_init(&loop);
	loop_arm(&loop, &patience, PROBE_MS);
	ret = monitor_open(&m->monitor, &loop, &m->qmp, text, len);
	while (!ret && !over) {
		ret = loop_once(&loop);
		if (ret)
			text_set(text, len, "poll: %s", log_strerror(ret));
		if (m->qmp.quit && !quit)
			loop_arm(&loop, &patience, PROBE_QUIT_MS);
		quit = m->qmp.quit;
	}
	monitor_close(&m->monitor);
	loop_fini(&loop);
	return ret;
}

/* The guest's disks, before it runs. */

/* Its device was served before, whatever of it could be looked at by now. */
static bool model_guest_runs(const struct guest *g)
{
	const struct disk *d;

	if (g->attach)
		return true;
	LIST_FOREACH(d, &g->disks, link)
		if (!d->fresh)
			return true;
	return false;
}

/* Nothing is left in the way of xl; a guest that runs already has to wait. */
static void model_give_up(struct model *m, const struct guest *g)
{
	if (g && model_guest_runs(g))
		manager_stop(&m->manager, -EIO);
	else
		manager_leave(&m->manager, -EIO);
}

static const struct disk *model_find(const struct guest *g, uint32_t index)
{
	const struct disk *d;

	LIST_FOREACH(d, &g->disks, link)
		if (d->node.devid == index)
			return d;
	return NULL;
}

/* @g is NULL if the guest has nothing that is served. */
static bool model_has_all(const struct model *m, const struct guest *g)
{
	for (size_t i = 0; i < m->args.ndisks; i++) {
		if (g && model_find(g, m->args.disk[i].index))
			continue;
		log_error("-disk %s: the guest has no such block device; virtio=[] in its configuration says which it has",
			  m->args.disk[i].words);
		return false;
	}
	if (!g)
		log_error("domain %u has no virtio block device that an image is given for, or is no more",
			  m->args.domid);
	return g != NULL;
}

/* Without them the disks are as good: no reason to give up. */
static void model_close_channels(const struct model *m, const struct guest *g)
{
	const struct arguments *a = &m->args;
	uint32_t number;
	int ret;

	for (size_t i = 0; i < a->nchardevs; i++) {
		if (!channel_number(a->chardev[i].id, &number))
			continue;
		ret = channel_close(g->env->store, g->domid, number);
		if (ret)
			log_warning("channel %u can't be closed, the guest may wait for it: %s",
				    number, log_strerror(ret));
		else
			log_info("channel %u is closed: there is nobody at this end, it only makes xl start a device model",
				 number);
	}
}

static void model_set_ready(struct model *m, const struct guest *g)
{
	char path[STATE_NODE_LEN];
	int ret;

	model_close_channels(m, g);
	/* libxl's own domain is where it looks, and that is dom0. */
	snprintf(path, sizeof(path), "/local/domain/0/device-model/%u/state",
		 g->domid);
	ret = store_write(m->manager.env.store, path, "running");
	if (ret) {
		log_error("xl can't be told that the disks are ready: %s: %s",
			  path, log_strerror(ret));
		model_give_up(m, g);
		return;
	}
	m->qmp.ready = true;
	log_info("dom%u (%s): ready", g->domid, g->name);
}

/* Not before the guest is ours: another xen-vblk-dm may be using these. */
static int model_listen(struct model *m)
{
	struct manager *manager = &m->manager;
	char text[TEXT_LEN];
	int ret = manager_listen(manager, text, sizeof(text));

	if (!ret)
		ret = monitor_open(&m->monitor, &manager->loop, &m->qmp, text,
				   sizeof(text));
	if (ret)
		log_error("%s", text);
	m->listening = true;
	return ret;
}

/* Or another process serves it: we are here for this guest, now or not at all. */
static bool model_has_failed(const struct disk *d)
{
	return d->status == DISK_FAILED ||
		(d->others && d->patience == INT64_MAX);
}

static void model_prepare(struct model *m)
{
	const struct guest *g = LIST_FIRST(&m->manager.guests);
	const struct disk *d;
	bool running = true;

	if (!model_has_all(m, g) ||
	    (g->state_fd >= 0 && !m->listening && model_listen(m))) {
		model_give_up(m, g);
		return;
	}
	LIST_FOREACH(d, &g->disks, link) {
		running = running && d->status == DISK_RUNNING;
		if (!model_has_failed(d))
			continue;
		model_give_up(m, g);
		return;
	}
	if (running)
		model_set_ready(m, g);
}

/* Between two waits. */
static void model_look(struct model *m)
{
	struct manager *manager = &m->manager;

	if (m->qmp.quit)
		manager_leave(manager, 0);
	manager_look(manager);
	if (manager->done || manager->leaving || manager->env.stopping)
		return;
	if (!m->qmp.ready) {
		model_prepare(m);
	} else if (LIST_EMPTY(&manager->guests)) {
		log_info("the guest is gone");
		manager_leave(manager, 0);
	}
	/* Leaving may be all there is to do. */
	manager_look(manager);
}

static void model_hangup(struct manager *manager)
{
	log_info("SIGHUP: the guest ends");
	manager_leave(manager, 0);
}

static int model_run(struct model *m)
{
	int ret;

	for (;;) {
		model_look(m);
		if (m->manager.done)
			return m->manager.result;
		ret = loop_once(&m->manager.loop);
		if (ret)
			return ret;
	}
}

/* Begin. */

static int model_open(struct model *m, char *text, size_t len)
{
	struct manager *manager = &m->manager;
	struct config *c = manager->config;
	char uuid[GUEST_UUID_LEN];
	struct domain_info info;
	int ret;

	snprintf(c->socket, sizeof(c->socket), "%.*s/" RUNTIME_CONTROL,
		 PATH_MAX - 16, c->runtime_dir, m->args.domid);
	ret = runtime_open(c->runtime_dir, &manager->runtime_dir, text, len);
	if (!ret)
		ret = manager_open(manager, text, len);
	if (ret)
		return ret;
	ret = domains_info(manager->env.domains, m->args.domid, &info);
	if (ret) {
		text_set(text, len, "domain %u: %s", m->args.domid,
			 log_strerror(ret));
		return ret;
	}
	guest_print_uuid(&info, uuid);
	return arguments_apply(&m->args, c, uuid, text, len);
}

static int model_serve(struct model *m, char *text, size_t len)
{
	struct manager *manager = &m->manager;
	int ret = config_load(&manager->config, m->args.config, text, len);

	if (ret)
		return ret;
	if (!m->args.log_level_given)
		log_init("xen-vblk-dm", manager->config->log_level);
	manager->scope.domid = m->args.domid;
	ret = model_open(m, text, len);
	if (!ret) {
		ret = model_run(m);
		text_set(text, len, ret ? "dom%u: ended with an error, see above" :
			 "dom%u: ended", m->args.domid);
	}
	monitor_close(&m->monitor);
	manager_close(manager);
	config_free(manager->config);
	return ret;
}

static void model_decline(struct model *m)
{
	if (!m->args.has_domid)
		return;
	m->manager.scope.domid = m->args.domid;
	decline_guest(&m->manager.scope, m->args.config);
}

int main(int argc, char **argv)
{
	static struct model model = {
		.manager = {
			.program = "xen-vblk-dm",
			.again = "end this xen-vblk-dm (SIGTERM) and start it again with the same arguments",
			.scope = { .kind = { [NODE_GENERIC] = true } },
			.hangup = model_hangup,
			.runtime_dir = -1,
		},
	};
	char text[TEXT_LEN];
	int ret;

	(void)argc;
	log_init("xen-vblk-dm", LOG_LEVEL_INFO);
	ret = arguments_parse(&model.args, argv + 1, text, sizeof(text));
	if (ret) {
		log_error("%s", text);
		model_decline(&model);
		return EXIT_USAGE;
	}
	log_init("xen-vblk-dm", model.args.log_level);
	model.qmp.args = &model.args;
	switch (model.args.job) {
	case ARGUMENTS_HELP:
		fputs(usage, stdout);
		return EXIT_SUCCESS;
	case ARGUMENTS_VERSION:
		puts("xen-vblk-dm " VERSION);
		return EXIT_SUCCESS;
	case ARGUMENTS_PROBE:
		ret = model_probe(&model, text, sizeof(text));
		break;
	case ARGUMENTS_SERVE:
		ret = model_serve(&model, text, sizeof(text));
		break;
	}
	if (ret)
		log_error("%s", text);
	if (ret && !model.qmp.ready)
		model_decline(&model);
	return ret ? EXIT_FAILURE : EXIT_SUCCESS;
}
