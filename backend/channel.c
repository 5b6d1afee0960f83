// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What libxl writes for a channel: a console's nodes, back end in state 1, and a
 * -chardev whose id ends in the number of the console. Number 0 is the guest's
 * own console, which is xenconsoled's.
 */
#include "backend/channel.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xen/store.h"

#define CHANNEL_ID     "libxl-channel"
#define CHANNEL_CLOSED "6"
#define CHANNEL_PATH   128

bool channel_number(const char *id, uint32_t *number)
{
	const size_t len = strlen(CHANNEL_ID);
	unsigned long n;
	char *end;

	if (strncmp(id, CHANNEL_ID, len) || id[len] < '1' || id[len] > '9')
		return false;
	n = strtoul(id + len, &end, 10);
	if (*end || n > UINT16_MAX)
		return false;
	*number = (uint32_t)n;
	return true;
}

/* In a transaction: what libxl has removed is not made again. */
static int channel_write(struct store *store, void *arg)
{
	const char *path = arg;
	char *state;
	int ret = store_read(store, path, &state);

	if (ret)
		return ret;
	free(state);
	return store_write(store, path, CHANNEL_CLOSED);
}

int channel_close(struct store *store, uint32_t domid, uint32_t number)
{
	char path[CHANNEL_PATH];
	int ret;

	/* libxl starts device models in dom0 alone. */
	snprintf(path, sizeof(path),
		 "/local/domain/0/backend/console/%u/%u/state", domid, number);
	ret = store_transaction(store, channel_write, path);
	return ret == -ENOENT ? 0 : ret;
}
