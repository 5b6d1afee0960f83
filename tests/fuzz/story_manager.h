/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The manager of a story: what it tells the worker, sense and nonsense, and how
 * it listens. A message that finds no room is lost; what no worker may say ends
 * the program. Image and state stay the caller's, the sockets are its own.
 */
#ifndef TESTS_FUZZ_STORY_MANAGER_H
#define TESTS_FUZZ_STORY_MANAGER_H

#include <stdbool.h>
#include <stdint.h>

#include "backend/proto.h"
#include "backend/state.h"
#include "tests/fuzz/fuzz.h"

struct story_manager {
	int sock;		/* its end */
	int worker_sock;	/* the other one */
	int image;		/* of all disks */
	struct proto_disk disk[STATE_MAX_DISKS];	/* as it was told last */
	uint32_t disks_due;	/* answers until they are there */
	uint32_t deaf;		/* rounds in which nothing is read */
	bool leaving;		/* DETACH or STOP was sent */
	bool over;		/* it was STOP */
};

/* A worker's life begins: it gets its socket. */
void manager_begin(struct story_manager *m);
/* It is over. */
void manager_end(struct story_manager *m);

/* What a manager has to say. */
void manager_start(struct story_manager *m, const struct proto_start *start,
		   int state_fd);
void manager_add_disk(struct story_manager *m, uint32_t slot, bool fresh);
void manager_leave(struct story_manager *m, enum proto_type type);

/* A message of which the input says everything. */
void manager_send(struct story_manager *m, struct input *in);
/* A packet that is no message. */
void manager_send_half(struct story_manager *m);
/* A disk whose descriptor can't be read or written. */
void manager_send_useless_disk(struct story_manager *m);
/* What a worker says finds no room, until the manager reads again. */
void manager_fill_socket(struct story_manager *m);

/* All that the worker has said. */
void manager_listen(struct story_manager *m);
/* The same once in a round, unless it is deaf. */
void manager_round(struct story_manager *m);

#endif
