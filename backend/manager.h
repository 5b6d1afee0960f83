/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The manager: from xenstore to guests, and the signals. A program that is one
 * says which part of xenstore is its own, and what SIGHUP means.
 */
#ifndef BACKEND_MANAGER_H
#define BACKEND_MANAGER_H

#include <stdbool.h>
#include <stddef.h>

#include "backend/control.h"
#include "backend/guest.h"

struct manager {
	/* The program's to fill in, before manager_open(). */
	const char *program;		/* in the log */
	const char *again;		/* as in struct guest_env */
	struct node_scope scope;	/* without self */
	void (*hangup)(struct manager *m);	/* at SIGHUP */
	int runtime_dir;		/* open; closed with the manager */
	/* The manager's. */
	struct guest_env env;
	struct loop loop;
	struct config *config;
	const char *config_path;	/* as given, or NULL */
	bool log_level_given;		/* on the command line */
	struct guest_list guests;
	struct control control;
	int signal_fd;
	struct loop_source signals;
	struct loop_source store;
	struct loop_timer retry;
	struct loop_timer pulse;	/* of xenstored */
	struct loop_timer patience;	/* of the end */
	bool released;			/* some domain ended: look which */
	bool config_new;		/* no scan has seen the configuration */
	bool unswept;			/* the state of one is still in use */
	bool leaving;			/* every guest, for good */
	bool done;
	int result;
};

/*
 * @m is zeroed but for its first part, config, config_path and log_level_given;
 * the signals that it handles are blocked from here on. 0, or -errno with a
 * sentence in @text. manager_close() in either case.
 */
int manager_open(struct manager *m, char *text, size_t len);

/*
 * Answer questions at the configuration's socket. Whoever listened there before
 * does so no more: make sure first that there is nobody. As above.
 */
int manager_listen(struct manager *m, char *text, size_t len);

/* Until a signal ends it and the workers have let go. 0 or -errno. */
int manager_run(struct manager *m);

/*
 * One part of manager_run(), for who has something to do in between: look at
 * xenstore if there is a reason to. Wait with loop_once() afterwards, unless
 * m->done is set; then m->result is how it ended.
 */
void manager_look(struct manager *m);

/* Read the configuration again; one with an error changes nothing. */
void manager_reload(struct manager *m);

/* Let go of the guests, which wait for another manager; done after that. */
void manager_stop(struct manager *m, int result);

/*
 * Serve nobody any more: disks become closed as if libxl had removed them.
 * Done when all are.
 */
void manager_leave(struct manager *m, int result);

void manager_close(struct manager *m);

#endif
