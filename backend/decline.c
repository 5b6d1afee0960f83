// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Only who has the lock of a guest writes to its nodes, and that goes for a
 * program that was started wrongly, too: xen-vblkd, or another device model, may
 * be about to serve that guest.
 */
#include "backend/decline.h"

#include <errno.h>
#include <unistd.h>

#include "backend/config.h"
#include "backend/log.h"
#include "backend/runtime.h"
#include "backend/statefile.h"
#include "backend/text.h"
#include "xen/domain.h"
#include "xen/store.h"

/* A configuration that can't be read is nobody's; they have the default then. */
static int decline_open_dir(const char *path)
{
	char text[TEXT_LEN];
	struct config *config;
	int ret = config_load(&config, path, text, sizeof(text));
	int dir;

	ret = runtime_open(ret ? CONFIG_RUNTIME_DIR : config->runtime_dir, &dir,
			   text, sizeof(text));
	config_free(config);
	if (!ret)
		return dir;
	if (dir >= 0)
		close(dir);
	return ret;
}

/* The locked state file of a guest that has not run, or -errno. */
static int decline_lock(int dir, uint32_t domid)
{
	struct domains *domains;
	struct domain_info info;
	bool found;
	int fd, ret = domains_open(&domains);

	if (!ret)
		ret = domains_info(domains, domid, &info);
	domains_close(domains);
	if (ret)
		return ret;
	fd = statefile_create(dir, domid, info.uuid, &found);
	if (fd < 0 || !found)
		return fd;
	close(fd);
	return -EEXIST;
}

static void decline_node(void *arg, const struct node *node,
			 unsigned int state, bool online)
{
	int ret = 0;

	(void)arg;
	(void)online;
	if (state == NODE_INITIALISING)
		ret = node_set_closed(node);
	if (ret)
		log_warning("dom%u: state 6 of device %u can't be written to xenstore: %s",
			    node->domid, node->devid, log_strerror(ret));
}

void decline_guest(const struct node_scope *scope, const char *config)
{
	struct node_scope ours = *scope;
	struct store *store;
	int dir, lock;

	dir = decline_open_dir(config);
	if (dir < 0)
		return;	/* was said before, or we did not get that far */
	lock = decline_lock(dir, ours.domid);
	if (lock >= 0 && !store_open(&store)) {
		if (!store_own_domid(store, &ours.self))
			node_for_each(store, &ours, decline_node, NULL);
		store_close(store);
	}
	if (lock >= 0) {
		statefile_remove(dir, ours.domid, lock);
		close(lock);
	}
	close(dir);
}
