// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The configuration space (virtio 1.2, 4.2.2): whatever offset the guest reads
 * with whatever width, it gets bytes of the device's configuration and zeroes
 * behind it, and nothing of what lies beside it. A write reaches the device
 * only if all of it is inside.
 *
 * By trying: every offset in twice the window with every width, for every
 * length of the configuration up to 64 bytes; and offsets near 2^32 and 2^64.
 * CBMC leaves offset and data open and sees every byte that is touched.
 *
 * cbmc: backend/vmmio.c backend/vdev.c --unwind 9
 */
#include <linux/virtio_mmio.h>

#include "backend/vmmio.h"
#include "tests/prove/prove.h"

#define MOST 64u

static struct state_disk reg;
static struct vdev vdev = { .reg = &reg, .num_queues = 1,
			    .queue_size_max = 256 };

/* Byte @i of what is read at @at, in a configuration of @len bytes. */
static uint8_t expected(const uint8_t *config, uint32_t len, uint64_t at,
			uint32_t i)
{
	return at < len && i < len - at ? config[at + i] : 0;
}

static void read_config(const uint8_t *config, uint32_t len, uint64_t at,
			uint32_t size)
{
	uint64_t v = vmmio_read(&vdev, VIRTIO_MMIO_CONFIG + at, size, config,
				len);

	for (uint32_t i = 0; i < 8; i++) {
		uint8_t byte = (uint8_t)(v >> 8 * i);
		uint8_t want = i < size && !(at & (size - 1)) ?
			       expected(config, len, at, i) : 0;

		CLAIM(byte == want, "offset %#llx, %u bytes of %u, byte %u",
		      (unsigned long long)at, size, len, i);
	}
}

static void write_config(uint32_t len, uint64_t at, uint32_t size,
			 uint64_t data)
{
	struct vdev_effect e = vmmio_write(&vdev, VIRTIO_MMIO_CONFIG + at,
					   size, data, len);
	bool ok = !(at & (size - 1)) && at < len && size <= len - at;

	CLAIM(e.kind == (ok ? VDEV_CONFIG_WRITE : VDEV_NOTHING),
	      "offset %#llx, %u bytes of %u", (unsigned long long)at, size,
	      len);
	CLAIM(!ok || (e.offset == at && e.size == size && e.data == data),
	      "offset %#llx, %u bytes of %u", (unsigned long long)at, size,
	      len);
}

#ifdef __CPROVER__

void prove(void)
{
	uint32_t size = 1u << (nondet_u8() % 4);
	uint64_t at = nondet_u64();
	uint32_t len = nondet_u8();
	uint8_t *config;

	/* Offsets that wrap would be registers. */
	SUPPOSE(at <= UINT64_MAX - VIRTIO_MMIO_CONFIG);
	SUPPOSE(len <= MOST);
	config = malloc(len);
	SUPPOSE(config);
	read_config(config, len, at, size);
	write_config(len, at, size, nondet_u64());
}

#else

static void try_offset(uint32_t len, uint64_t at)
{
	/* A block of exactly that length: a sanitizer sees the next byte. */
	uint8_t *config = malloc(len);

	if (len && !config)
		exit(EXIT_FAILURE);
	for (uint32_t i = 0; i < len; i++)
		config[i] = (uint8_t)(i * 7 + 1);
	for (uint32_t size = 1; size <= 8; size *= 2) {
		read_config(config, len, at, size);
		write_config(len, at, size, ~at);
	}
	free(config);
}

int main(void)
{
	for (uint32_t len = 0; len <= MOST; len++) {
		for (uint64_t at = 0; at < 0x2000; at++)
			try_offset(len, at);
		for (uint64_t d = 1; d <= 256; d++) {
			try_offset(len, (UINT64_C(1) << 32) - 128 + d);
			try_offset(len, -(uint64_t)VIRTIO_MMIO_CONFIG - d);
		}
	}
	return 0;
}

#endif
