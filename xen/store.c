// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The one user of libxenstore. Its functions answer with a truth value or a
 * pointer and errno; everybody above hears -errno. A transaction is part of
 * the connection here, because there is only one thread: what runs between
 * start and end of store_transaction() belongs to it, without being told.
 */
#include "xen/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xenstore.h>

#define STORE_ATTEMPTS 32

struct store {
	struct xs_handle *xs;
	xs_transaction_t transaction;
};

static int store_error(void)
{
	return errno > 0 ? -errno : -EIO;
}

int store_open(struct store **store)
{
	struct store *s = calloc(1, sizeof(*s));
	int ret;

	*store = NULL;
	if (!s)
		return -ENOMEM;
	s->transaction = XBT_NULL;
	s->xs = xs_open(XS_UNWATCH_FILTER);
	if (!s->xs) {
		ret = store_error();
		free(s);
		return ret;
	}
	*store = s;
	return 0;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	xs_close(store->xs);
	free(store);
}

int store_own_domid(struct store *store, uint32_t *domid)
{
	char *value, *end;
	unsigned long n;
	int ret = store_read(store, "domid", &value);

	*domid = 0;
	if (ret)
		return ret == -ENOENT ? 0 : ret;
	errno = 0;
	n = strtoul(value, &end, 10);
	if (errno || end == value || *end || n > UINT16_MAX)
		ret = -EINVAL;
	else
		*domid = (uint32_t)n;
	free(value);
	return ret;
}

int store_watch(struct store *store, const char *path)
{
	return xs_watch(store->xs, path, path) ? 0 : store_error();
}

int store_fd(const struct store *store)
{
	return xs_fileno(store->xs);
}

int store_drain(struct store *store, bool *released)
{
	char **event;
	int n = 0;

	*released = false;
	while ((event = xs_check_watch(store->xs))) {
		if (!strcmp(event[XS_WATCH_TOKEN], STORE_RELEASE))
			*released = true;
		free(event);
		n++;
	}
	return errno == EAGAIN ? n : store_error();
}

int store_read(struct store *store, const char *path, char **value)
{
	unsigned int len;

	*value = xs_read(store->xs, store->transaction, path, &len);
	return *value ? 0 : store_error();
}

int store_list(struct store *store, const char *path, char ***names)
{
	unsigned int n = 0;

	*names = xs_directory(store->xs, store->transaction, path, &n);
	return *names ? (int)n : store_error();
}

int store_write(struct store *store, const char *path, const char *value)
{
	return xs_write(store->xs, store->transaction, path, value,
			(unsigned int)strlen(value)) ? 0 : store_error();
}

int store_remove(struct store *store, const char *path)
{
	if (xs_rm(store->xs, store->transaction, path) || errno == ENOENT)
		return 0;
	return store_error();
}

static int store_attempt(struct store *store,
			 int (*body)(struct store *store, void *arg), void *arg)
{
	int ret;

	store->transaction = xs_transaction_start(store->xs);
	if (store->transaction == XBT_NULL)
		return store_error();
	ret = body(store, arg);
	if (!xs_transaction_end(store->xs, store->transaction, ret != 0) &&
	    !ret)
		ret = store_error();
	store->transaction = XBT_NULL;
	return ret;
}

int store_transaction(struct store *store,
		      int (*body)(struct store *store, void *arg), void *arg)
{
	int ret = -EAGAIN;

	for (int i = 0; i < STORE_ATTEMPTS && ret == -EAGAIN; i++)
		ret = store_attempt(store, body, arg);
	return ret;
}
