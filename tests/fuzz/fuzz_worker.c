// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A worker under a guest that does anything at all, a manager that sends
 * anything, and a host whose calls fail.
 *
 * Input: see story.c.
 */
#include "tests/fuzz/story.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };

	story_tell(&in, STORY_STATE_KEPT);
	return 0;
}
