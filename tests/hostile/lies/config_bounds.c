// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The configuration space, read and written at every offset and in every width:
 * nothing is there behind its end, and nothing can be written but the cache
 * mode.
 */
#include "tests/hostile/hostile.h"

#define CONFIG 0x100u
#define WINDOW 0x200u

LIE(config_bounds, .once = true)
{
	const uint32_t wce = offsetof(struct virtio_blk_config, wce);
	struct virtio_blk_config before, after;

	gmmio_config(l->mmio, 0, &before, sizeof(before));
	for (uint32_t at = 0; at < WINDOW - CONFIG; at++) {
		for (uint32_t size = 1; size <= 8; size *= 2) {
			uint64_t value;

			if (CONFIG + at + size > WINDOW)
				continue;
			value = gmmio_read_wide(l->mmio, CONFIG + at, size);
			EXPECT(!value || at < sizeof(before),
			       "0x%llx behind the configuration, at %u",
			       (unsigned long long)value, at);
			if (at > wce || at + size <= wce)
				gmmio_write_wide(l->mmio, CONFIG + at, size,
						 UINT64_MAX);
		}
	}
	gmmio_write_wide(l->mmio, CONFIG + wce, 1, 0xff);
	gmmio_write_wide(l->mmio, CONFIG + wce, 1, 1);
	gmmio_config(l->mmio, 0, &after, sizeof(after));
	EXPECT(!memcmp(&before, &after, sizeof(before)),
	       "the configuration changed");
	EXPECT(!l->mmio->err, "an access was not answered");
	/* Registers take 32 bits, aligned, and nothing else. */
	for (uint32_t at = 0; at < CONFIG; at++)
		for (uint32_t size = 1; size <= 8; size *= 2)
			if (size != 4 || at % 4)
				gmmio_write_wide(l->mmio, at, size,
						 UINT64_C(0x0101010101010101));
	lie_ping(l);
}
