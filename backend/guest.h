/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One guest: its disks, its state file and the worker that serves them.
 *
 * A guest lives from the first disk that shows up to the last that is gone.
 * The manager tells it about disks (claim, leave), the worker answers over the
 * socket, and whatever happens, guest_settle() looks at what is left.
 *
 * Ownership: the manager owns guests, a guest its disks, its worker and its
 * state file. Nothing here frees a guest; guest_is_over() says when to.
 */
#ifndef BACKEND_GUEST_H
#define BACKEND_GUEST_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "backend/config.h"
#include "backend/image.h"
#include "backend/loop.h"
#include "backend/node.h"
#include "backend/place.h"
#include "backend/proto.h"
#include "backend/spawn.h"
#include "backend/state.h"
#include "backend/text.h"
#include "xen/domain.h"

#define GUEST_UUID_LEN    40
#define GUEST_DEATHS      5	/* of a worker … */
#define GUEST_DEATHS_SPAN 60	/* … in so many seconds are too many */

#define DISK_NO_SLOT UINT32_MAX

enum disk_status {
	DISK_NEW,	/* nothing is open; tried again while things are busy */
	DISK_WAITING,	/* has a slot; the worker isn't ready or image lapsed */
	DISK_ADDING,	/* DISK_ADD was sent */
	DISK_RUNNING,	/* served */
	DISK_REMOVING,	/* DISK_REMOVE was sent */
	DISK_CLOSED,	/* nothing is open; state 6 is written with the end */
	DISK_FAILED,	/* nothing is open; kept so that it is said once */
};

struct disk {
	LIST_ENTRY(disk) link;
	struct guest *guest;
	struct node node;
	struct node_keys keys;	/* from DISK_WAITING on */
	struct config_disk config;
	struct place place;	/* likewise */
	struct image image;
	enum disk_status status;
	bool fresh;		/* libxl waits for state 2 */
	bool served;		/* was RUNNING once */
	bool leaving;		/* while ADDING: to be removed then */
	bool seen;		/* by the scan under way */
	bool others;		/* while NEW: another process has the guest */
	bool discard;		/* offered */
	unsigned int refusals;	/* by workers that should have taken it up */
	uint32_t slot;		/* of the state; DISK_NO_SLOT before WAITING */
	uint32_t num_queues;
	uint32_t queue_size;
	int64_t patience;	/* loop_now() up to which busy is no failure */
	char name[PROTO_NAME_LEN];	/* "dom5/xvda" */
};

enum guest_status {
	GUEST_IDLE,	/* no worker */
	GUEST_STARTING,	/* START was sent */
	GUEST_READY,
	GUEST_STOPPING,	/* told to end, no disk is served any more */
	GUEST_DETACHING,	/* DETACH was sent: the manager is leaving */
	GUEST_BACKOFF,	/* its worker died; the timer starts another */
	GUEST_LOST,	/* too often; waits for a reload */
};

/* What guests need of the manager. */
struct guest_env {
	struct loop *loop;
	struct store *store;
	struct domains *domains;
	const struct config *config;
	int runtime_dir;
	const char *again;	/* what to do for another try, as a clause */
	bool stopping;		/* nothing new is begun */
	bool rescan;		/* set here: look at xenstore again */
	int retry_ms;		/* set here: and once more after that; 0: no */
};

struct guest {
	LIST_ENTRY(guest) link;
	struct guest_env *env;
	uint32_t domid;
	struct domain_info info;
	char uuid[GUEST_UUID_LEN];	/* as text */
	char name[NODE_NAME_LEN];
	LIST_HEAD(, disk) disks;
	enum guest_status status;
	int state_fd;		/* -1: none yet */
	bool attach;		/* the state is one to go on from */
	/*
	 * A bit for each slot whose disk is no more, but that Xen and the state
	 * may still have: to be said to a worker, and said to this one.
	 */
	uint32_t orphans;
	uint32_t dropping;
	struct spawn worker;
	struct loop_source messages;
	struct loop_source exit;
	struct loop_timer timer;	/* an answer is due, or a restart */
	struct loop_timer retake;	/* images a dead worker still has */
	char reason[TEXT_LEN];	/* the worker's, for its end */
	int64_t death[GUEST_DEATHS];	/* loop_now(), newest first; 0: none */
};

LIST_HEAD(guest_list, guest);

/* As people write it. @text has GUEST_UUID_LEN bytes. */
void guest_print_uuid(const struct domain_info *info, char *text);

/* A guest without disks. -ENOENT when Xen does not know it or it is dying. */
int guest_open(struct guest **guest, struct guest_env *env, uint32_t domid);

/* A worker that still runs is left to itself. */
void guest_close(struct guest *guest);

/* A checked copy of its state, to be freed by the caller. 0 or -errno. */
int guest_read_state(const struct guest *guest, struct state **copy);

/* No disk, no worker. */
bool guest_is_over(const struct guest *guest);

struct disk *guest_find_disk(struct guest *guest, const struct node *node);

/*
 * Is it ours to serve? Disks are; a generic device only if the configuration
 * has an image for it, else it is another back end's.
 */
bool guest_wants(const struct guest *guest, const struct node *node);

/*
 * Has the guest used it with us? The saved state knows the device, and nobody holds
 * that now. To look takes its lock for a moment, and has others who want it try again:
 * not to be asked often.
 */
bool guest_had(const struct guest *guest, const struct node *node);

/* Start to serve a disk. @fresh: from state 1. -ENOMEM is the only error. */
int guest_claim(struct guest *guest, const struct node *node, bool fresh);

/* Try a DISK_NEW again. */
void guest_try(struct disk *disk);

/*
 * Stop serving it. May be said again. guest_settle() has to follow, which may
 * free disks.
 */
void guest_leave(struct disk *disk);

/*
 * Look after what is left: has to follow when a disk is no longer served. May
 * free disks that are closed.
 */
void guest_settle(struct guest *guest);

/*
 * An administrator has put things right: a worker that had ended too often is
 * started again. Disks that had failed are the next scan's.
 */
void guest_reload(struct guest *guest);

/* Ask the worker, if there is one, to let go and leave everything in place. */
void guest_detach(struct guest *guest);

#endif
