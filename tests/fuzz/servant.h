/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A worker as a process of its own, and its manager: the product's program,
 * started by the product's spawn.c, spoken to by its proto.c. Whatever it does
 * that a manager would not expect of it ends the fuzzer. Patience is long,
 * because a machine may be busy.
 */
#ifndef TESTS_FUZZ_SERVANT_H
#define TESTS_FUZZ_SERVANT_H

#include "backend/proto.h"
#include "backend/spawn.h"
#include "backend/state.h"

#define PATIENCE_S 60

struct servant {
	const char *program;
	struct spawn child;
	int state_fd;
	struct state *state;	/* mapped; the worker writes it */
	struct proto_start start;
};

/* As @s->program and @s->start say, with a new state. */
void servant_open(struct servant *s, const uint8_t uuid[16]);
/* The next one, after servant_leave() or servant_kill(): goes on. */
void servant_again(struct servant *s);

/* From now on this is the one whose death ends us at once. */
void servant_watch(const struct servant *s);

/* Both return when the worker has answered, and it has to be with a yes. */
void servant_add(struct servant *s, const struct proto_disk *disk, int image);
void servant_remove(struct servant *s, uint32_t slot);

/* It ends with status 0 when it has done all that it had begun. */
void servant_leave(struct servant *s);
void servant_kill(struct servant *s);
/* The same as servant_leave(), and for good. */
void servant_close(struct servant *s);

/* It has not answered its guest: what became of it is said, and that is all. */
__attribute__((noreturn))
void servant_lost(struct servant *s, const char *what);

#endif
