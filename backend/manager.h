/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The manager: from xenstore to guests, and the signals. One per runtime
 * directory.
 */
#ifndef BACKEND_MANAGER_H
#define BACKEND_MANAGER_H

#include <stdbool.h>
#include <stddef.h>

#include "backend/control.h"
#include "backend/guest.h"

struct manager {
	struct guest_env env;
	struct loop loop;
	struct config *config;
	const char *config_path;	/* as given, or NULL */
	bool log_level_given;		/* on the command line */
	struct guest_list guests;
	struct control control;
	int lock_fd;
	int signal_fd;
	struct loop_source signals;
	struct loop_source store;
	struct loop_timer retry;
	struct loop_timer patience;	/* of the end */
	bool released;			/* some domain ended: look which */
	bool done;
	int result;
};

/*
 * @m is zeroed, with config, config_path and log_level_given set; the signals
 * that it handles are blocked from here on. 0, or -errno with a sentence in
 * @text. manager_close() in either case.
 */
int manager_open(struct manager *m, char *text, size_t len);

/* Until a signal ends it and the workers have let go. 0 or -errno. */
int manager_run(struct manager *m);

void manager_close(struct manager *m);

#endif
