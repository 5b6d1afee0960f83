// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Features that were not offered, one by one, also in words that do not exist;
 * and none at all: FEATURES_OK does not stand, nothing runs.
 */
#include "tests/hostile/hostile.h"

static bool accepted(struct liar *l, uint32_t word, uint32_t bits)
{
	uint64_t good = gmmio_offered(l->mmio);
	uint32_t words[3] = { (uint32_t)good, (uint32_t)(good >> 32), 0 };

	gmmio_reset(l->mmio);
	gmmio_add_status(l->mmio, VIRTIO_CONFIG_S_ACKNOWLEDGE);
	gmmio_add_status(l->mmio, VIRTIO_CONFIG_S_DRIVER);
	for (uint32_t i = 0; i < 2; i++) {
		gmmio_write(l->mmio, VIRTIO_MMIO_DRIVER_FEATURES_SEL, i);
		gmmio_write(l->mmio, VIRTIO_MMIO_DRIVER_FEATURES, words[i]);
	}
	gmmio_write(l->mmio, VIRTIO_MMIO_DRIVER_FEATURES_SEL, word);
	gmmio_write(l->mmio, VIRTIO_MMIO_DRIVER_FEATURES,
		    (word < 2 ? words[word] : 0) ^ bits);
	gmmio_add_status(l->mmio, VIRTIO_CONFIG_S_FEATURES_OK);
	gmmio_add_status(l->mmio, VIRTIO_CONFIG_S_DRIVER_OK);
	return gmmio_read(l->mmio, VIRTIO_MMIO_STATUS) &
		VIRTIO_CONFIG_S_FEATURES_OK;
}

LIE(features_not_offered, .once = true, .reset = true)
{
	uint64_t offered = gmmio_offered(l->mmio);

	EXPECT(accepted(l, 0, 0), "what was offered is refused");
	for (uint32_t bit = 0; bit < 96; bit++) {
		if (bit < 64 && (offered >> bit & 1))
			continue;
		EXPECT(!accepted(l, bit / 32, 1u << bit % 32),
		       "bit %u is accepted", bit);
	}
	/* It is offered, so this takes it away. */
	EXPECT(!accepted(l, 1, 1u << (VIRTIO_F_VERSION_1 - 32)),
	       "without VERSION_1");
	gmmio_write(l->mmio, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 2);
	EXPECT(!gmmio_read(l->mmio, VIRTIO_MMIO_DEVICE_FEATURES),
	       "features in a third word");
	gmmio_write(l->mmio, VIRTIO_MMIO_DEVICE_FEATURES_SEL, UINT32_MAX);
	EXPECT(!gmmio_read(l->mmio, VIRTIO_MMIO_DEVICE_FEATURES),
	       "features in the last word");
}
