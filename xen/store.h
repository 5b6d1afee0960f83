/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xenstore. One connection, used from one thread; libxenstore starts a thread
 * of its own at the first watch, so signals that matter have to be blocked
 * before. Not fork-safe: a child may do nothing with it but exec.
 *
 * Every call waits for xenstored's answer. Paths are absolute unless said
 * otherwise. Nothing here logs. Errors are -errno: -ENOENT for a node that is
 * not there, -EACCES for one that is not ours.
 */
#ifndef XEN_STORE_H
#define XEN_STORE_H

#include <stdbool.h>
#include <stdint.h>

struct store;

/* *store is NULL after a failure. */
int store_open(struct store **store);
void store_close(struct store *store);

/* Our own domain. The node is absent in a dom0, which is 0. */
int store_own_domid(struct store *store, uint32_t *domid);

/*
 * Report changes of @path and everything below it. Fires once at once. The
 * special path STORE_RELEASE reports that some domain shut down or is gone.
 */
#define STORE_RELEASE "@releaseDomain"
int store_watch(struct store *store, const char *path);

/* Readable while events are queued. Owned by @store. */
int store_fd(const struct store *store);

/*
 * Take all queued events. Returns how many there were or -errno; *released
 * says whether STORE_RELEASE was among them. Never blocks.
 */
int store_drain(struct store *store, bool *released);

/* A node's value, terminated; the caller frees it. NULL after a failure. */
int store_read(struct store *store, const char *path, char **value);

/*
 * The names below a node, in no order; the caller frees the one block that
 * *names points to. Returns how many or -errno; *names is NULL after a failure.
 */
int store_list(struct store *store, const char *path, char ***names);

/* Creates nodes that are missing on the way. */
int store_write(struct store *store, const char *path, const char *value);

/* With everything below. 0 as well when there was nothing. */
int store_remove(struct store *store, const char *path);

/*
 * Run @body in a transaction: it sees one moment, and what it writes happens
 * at once or not at all. It is run again when others were faster, so it must
 * not have other effects. It returns 0, or an error to give everything up and
 * return that. -EAGAIN when others always were faster.
 */
int store_transaction(struct store *store,
		      int (*body)(struct store *store, void *arg), void *arg);

#endif
