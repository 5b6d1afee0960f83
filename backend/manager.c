// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The manager's life: what wakes it, and its beginning and end. A watch says
 * only that something changed, and may say it many times; all events are taken,
 * then one scan (scan.c) finds out what is to be done. Whoever wants another
 * one sets env.rescan.
 */
#include "backend/manager.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "backend/log.h"
#include "backend/report.h"
#include "backend/scan.h"
#include "xen/store.h"

#define MANAGER_DETACH_MS 10000
#define MANAGER_PULSE_MS  5000

static void manager_check_done(struct manager *m)
{
	struct guest *g;

	m->done = m->env.stopping;
	LIST_FOREACH(g, &m->guests, link)
		m->done = m->done && !g->worker.pid;
	m->done = m->done || (m->leaving && LIST_EMPTY(&m->guests));
}

void manager_stop(struct manager *m, int result)
{
	struct guest *g;

	if (m->env.stopping)
		return;
	m->env.stopping = true;
	m->result = result;
	loop_arm(&m->loop, &m->patience, MANAGER_DETACH_MS);
	LIST_FOREACH(g, &m->guests, link)
		guest_detach(g);
}

void manager_leave(struct manager *m, int result)
{
	if (m->env.stopping || m->leaving)
		return;
	m->leaving = true;
	m->result = result;
	m->env.rescan = true;
}

static void manager_lose_store(struct manager *m, int err)
{
	if (m->env.stopping)
		return;
	log_error("xenstored is lost (%s); the guests wait for their disks until %s is started again",
		  log_strerror(err), m->program);
	loop_remove(&m->loop, &m->store);
	manager_stop(m, err);
}

static void manager_store(struct loop_source *source)
{
	struct manager *m = source->owner;
	bool released;
	int n = store_drain(m->env.store, &released);

	m->released = m->released || released;
	m->env.rescan = m->env.rescan || n > 0;
	if (n < 0)
		manager_lose_store(m, n);
}

/*
 * libxenstore's descriptor does not become readable when the connection ends,
 * and who then only waits for watches would wait for ever.
 */
static void manager_feel_pulse(struct loop_timer *timer)
{
	struct manager *m = timer->owner;
	uint32_t self;
	int ret = store_own_domid(m->env.store, &self);

	if (ret)
		manager_lose_store(m, ret);
	else
		loop_arm(&m->loop, timer, MANAGER_PULSE_MS);
}

void manager_reload(struct manager *m)
{
	struct config *config, *old = m->config;
	char text[TEXT_LEN];
	struct guest *g;

	if (config_load(&config, m->config_path, text, sizeof(text))) {
		log_error("the configuration stays as it was: %s", text);
		return;
	}
	if (strcmp(config->runtime_dir, old->runtime_dir) ||
	    strcmp(config->socket, old->socket))
		log_warning("runtime-dir and socket can't change while %s runs",
			    m->program);
	memcpy(config->runtime_dir, old->runtime_dir,
	       sizeof(config->runtime_dir));
	memcpy(config->socket, old->socket, sizeof(config->socket));
	m->config = config;
	m->env.config = config;
	m->config_new = true;
	config_free(old);
	if (!m->log_level_given)
		log_init(m->program, config->log_level);
	log_info("configuration read again; it holds for disks that come from now on");
	LIST_FOREACH(g, &m->guests, link)
		guest_reload(g);
	m->env.rescan = true;
}

static void manager_signal(struct loop_source *source)
{
	struct manager *m = source->owner;
	struct signalfd_siginfo info;

	while (read(m->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGHUP) {
			if (!m->env.stopping)
				m->hangup(m);
			continue;
		}
		log_info("%s: workers let go of their guests, which wait until %s is back",
			 info.ssi_signo == SIGINT ? "SIGINT" : "SIGTERM",
			 m->program);
		manager_stop(m, 0);
	}
}

static void manager_retry(struct loop_timer *timer)
{
	struct manager *m = timer->owner;

	m->env.rescan = true;
}

static void manager_out_of_patience(struct loop_timer *timer)
{
	struct manager *m = timer->owner;
	struct guest *g;

	LIST_FOREACH(g, &m->guests, link) {
		if (!g->worker.pid)
			continue;
		log_error("dom%u: worker %d does not let go; killing it",
			  g->domid, (int)g->worker.pid);
		spawn_kill(&g->worker);
	}
}

void manager_look(struct manager *m)
{
	int ret = 0;

	if (m->env.rescan && !m->env.stopping)
		ret = scan_run(m);
	if (ret) {
		log_error("xenstore can't be read: %s", log_strerror(ret));
		manager_stop(m, ret);
	}
	manager_check_done(m);
}

int manager_run(struct manager *m)
{
	int ret;

	for (;;) {
		manager_look(m);
		if (m->done)
			return m->result;
		ret = loop_once(&m->loop);
		if (ret)
			return ret;
	}
}

/* Beginning and end. */

static int manager_open_signals(struct manager *m)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -errno;
	m->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (m->signal_fd < 0)
		return -errno;
	m->signals = (struct loop_source){
		.fd = m->signal_fd, .events = POLLIN,
		.ready = manager_signal, .owner = m,
	};
	return loop_add(&m->loop, &m->signals);
}

static int manager_open_store(struct manager *m)
{
	char root[NODE_ROOT_LEN];
	int ret = store_own_domid(m->env.store, &m->scope.self);

	for (int kind = 0; kind < NODE_KINDS && !ret; kind++) {
		if (!m->scope.kind[kind])
			continue;
		node_root(root, m->scope.self, (enum node_kind)kind);
		ret = store_watch(m->env.store, root);
	}
	if (!ret)
		ret = store_watch(m->env.store, STORE_RELEASE);
	if (ret)
		return ret;
	m->store = (struct loop_source){
		.fd = store_fd(m->env.store), .events = POLLIN,
		.ready = manager_store, .owner = m,
	};
	loop_arm(&m->loop, &m->pulse, MANAGER_PULSE_MS);
	return loop_add(&m->loop, &m->store);
}

static char *manager_answer(void *arg, const char *request)
{
	struct manager *m = arg;

	return report_answer(&m->guests, request);
}

int manager_open(struct manager *m, char *text, size_t len)
{
	int ret;

	loop_init(&m->loop);
	LIST_INIT(&m->guests);
	m->env = (struct guest_env){
		.loop = &m->loop, .config = m->config,
		.runtime_dir = m->runtime_dir, .again = m->again,
		.rescan = true,
	};
	m->released = true;	/* sweep at the start */
	m->config_new = true;
	m->retry = (struct loop_timer){ .fire = manager_retry, .owner = m };
	m->pulse = (struct loop_timer){
		.fire = manager_feel_pulse, .owner = m,
	};
	m->patience = (struct loop_timer){
		.fire = manager_out_of_patience, .owner = m,
	};
	control_init(&m->control, &m->loop, manager_answer, m);
	ret = manager_open_signals(m);
	if (ret) {
		text_set(text, len, "signals: %s", log_strerror(ret));
		return ret;
	}
	ret = store_open(&m->env.store);
	if (!ret)
		ret = manager_open_store(m);
	if (ret) {
		text_set(text, len, "xenstore can't be used: %s (does xenstored run, and is this dom0?)",
			 log_strerror(ret));
		return ret;
	}
	ret = domains_open(&m->env.domains);
	if (ret) {
		text_set(text, len, "Xen can't be asked about domains: %s",
			 log_strerror(ret));
	}
	return ret;
}

int manager_listen(struct manager *m, char *text, size_t len)
{
	return control_open(&m->control, m->config->socket, text, len);
}

void manager_close(struct manager *m)
{
	struct guest *g;

	control_close(&m->control);
	while ((g = LIST_FIRST(&m->guests))) {
		LIST_REMOVE(g, link);
		guest_close(g);
	}
	domains_close(m->env.domains);
	store_close(m->env.store);
	if (m->runtime_dir >= 0)
		close(m->runtime_dir);
	if (m->signal_fd > 0)
		close(m->signal_fd);
	loop_fini(&m->loop);
}
