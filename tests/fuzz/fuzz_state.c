// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The same as fuzz_worker.c, but what a worker leaves behind is changed before
 * the next one takes it up: it has to be refused, or to do no harm.
 *
 * Input: see story.c.
 */
#include "tests/fuzz/story.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };

	story_tell(&in, STORY_STATE_SPOILED);
	return 0;
}
