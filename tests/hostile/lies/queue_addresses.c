// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Queues that are made ready with addresses of nothing, of no alignment, of
 * memory that is not there or not whole, and with sizes that are none: they are
 * not ready then, or the device asks for a reset; and then it works.
 */
#include "tests/hostile/hostile.h"

static void try(struct liar *l, uint16_t size, uint64_t desc, uint64_t driver,
		uint64_t device)
{
	const struct gmmio_queue q = { size, desc, driver, device };
	uint32_t ready;

	gmmio_reset(l->mmio);
	gmmio_add_status(l->mmio, VIRTIO_CONFIG_S_ACKNOWLEDGE);
	gmmio_add_status(l->mmio, VIRTIO_CONFIG_S_DRIVER);
	EXPECT(!gmmio_accept(l->mmio, l->disk.features), "no features");
	gmmio_queue_max(l->mmio, 0);
	ready = !gmmio_queue_enable(l->mmio, 0, &q);
	gmmio_add_status(l->mmio, VIRTIO_CONFIG_S_DRIVER_OK);
	gmmio_write(l->mmio, VIRTIO_MMIO_QUEUE_NOTIFY, 0);
	EXPECT(!ready || (gmmio_read(l->mmio, VIRTIO_MMIO_STATUS) &
			  VIRTIO_CONFIG_S_NEEDS_RESET),
	       "size %u, 0x%llx, 0x%llx, 0x%llx is a queue?", size,
	       (unsigned long long)desc, (unsigned long long)driver,
	       (unsigned long long)device);
}

LIE(queue_addresses)
{
	uint64_t d = gvring_desc_addr(l->ring), a = gvring_driver_addr(l->ring),
		u = gvring_device_addr(l->ring);
	const uint64_t bad[] = { 0, 1, UINT64_MAX, UINT64_MAX - 4095,
		UINT64_C(1) << 52, SIM_RAM_BASE - SIM_PAGE,
		SIM_RAM_BASE + l->ram->size,
		SIM_RAM_BASE + l->ram->size - 64,
		GADDR_GRANT_BIT | (uint64_t)(l->ram->refs - 1) << 12,
		GADDR_GRANT_BIT | UINT64_C(0xfffffff) << 12 };
	const uint16_t sizes[] = { 0, 3, 255, 257, 512, 0x7fff, 0xffff };

	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		try(l, 256, bad[i], a, u);
		try(l, 256, d, bad[i], u);
		try(l, 256, d, a, bad[i]);
	}
	try(l, 256, d + 8, a, u);
	try(l, 256, d, a + 1, u);
	try(l, 256, d, a, u + 2);
	for (unsigned int i = 0; i < 7; i++)
		try(l, sizes[i], d, a, u);
	lie_reopen(l);
	lie_ping(l);
}
