/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest, a manager and a hypervisor around all of a worker, in one process.
 * What the three do is decoded from an input, step by step; the worker is the
 * real one, main() excepted, with real io_uring and a file.
 *
 * A worker may be told to leave, or be killed, in the middle of the story; the
 * next one takes up the state. The manager ends the story with STOP.
 *
 * Whenever the guest acts: as many grants are mapped as the rings and the
 * requests under way need, and no request that was returned holds any. A reset
 * that is answered has let go of the rings. In the end: nothing is mapped, no
 * descriptor is left open, every chain that was taken came back, and no byte
 * of the worker's buffers that nobody wrote to is in the guest.
 */
#ifndef TESTS_FUZZ_STORY_H
#define TESTS_FUZZ_STORY_H

#include "tests/fuzz/fuzz.h"

enum story_state {
	STORY_STATE_KEPT,	/* a worker's state is taken up as it was left */
	STORY_STATE_SPOILED,	/* the story says what is changed in it */
};

/* From the first worker to the last. */
void story_tell(struct input *in, enum story_state state);

#endif
