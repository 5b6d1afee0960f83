/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-vblk-dm's command line: what libxl says to a device model, and our own.
 * What is not understood is refused, not passed over. No Xen, no files.
 *
 * libxl (4.17 to 4.21) writes the options that it has for QEMU. Those that ask
 * for nothing are taken and forgotten; those that ask for what we don't do are
 * refused with a reason.
 */
#ifndef BACKEND_ARGUMENTS_H
#define BACKEND_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backend/log.h"
#include "backend/state.h"

#define ARGUMENTS_CHARDEVS 8
#define ARGUMENTS_ID_LEN   32
#define ARGUMENTS_PATH_LEN 108	/* of a socket */

struct config;

/* A chardev is a socket that QMP is spoken on, or is named and nothing else. */
struct arguments_chardev {
	char id[ARGUMENTS_ID_LEN];
	char path[ARGUMENTS_PATH_LEN];	/* "": fd is given */
	int fd;				/* a listening socket, or -1 */
	bool socket;
	bool monitor;
};

struct arguments_disk {
	uint32_t index;
	const char *words;	/* as given, without -disk */
};

enum arguments_job {
	ARGUMENTS_SERVE,	/* domid and disks */
	ARGUMENTS_PROBE,	/* only QMP: libxl wants to know what we can */
	ARGUMENTS_HELP,
	ARGUMENTS_VERSION,
};

struct arguments {
	enum arguments_job job;
	bool has_domid;
	uint32_t domid;
	const char *config;		/* NULL: the default */
	bool log_level_given;
	enum log_level log_level;
	struct arguments_chardev chardev[ARGUMENTS_CHARDEVS];
	size_t nchardevs;
	struct arguments_disk disk[STATE_MAX_DISKS];
	size_t ndisks;
};

/*
 * Fill @args; strings in it point into @argv. 0, or -EINVAL with a sentence in
 * @text.
 */
int arguments_parse(struct arguments *args, char **argv, char *text,
		    size_t len);

/* Is that key of a disk's configuration one of -disk, too? */
bool arguments_takes(const char *key);

/*
 * Add what the -disk arguments say to @config, for the guest called @guest (its
 * uuid). As above.
 */
int arguments_apply(const struct arguments *args, struct config *config,
		    const char *guest, char *text, size_t len);

#endif
