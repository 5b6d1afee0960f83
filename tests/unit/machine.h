/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The register machine of virtio-mmio as its tests hold it: by the offsets and
 * values of the specification (virtio 1.2: 2.1, 2.2, 3.1 and the table in 4.2.2).
 */
#ifndef TESTS_UNIT_MACHINE_H
#define TESTS_UNIT_MACHINE_H

#include <stdbool.h>

#include "backend/vmmio.h"

#define MAX_QUEUE  64u
#define QUEUES     3u
#define CONFIG_LEN 60u

enum {
	MAGIC = 0x000, VERSION_REG = 0x004, DEVICE_ID = 0x008,
	VENDOR_ID = 0x00c, DEVICE_FEATURES = 0x010, DEVICE_SEL = 0x014,
	DRIVER_FEATURES = 0x020, DRIVER_SEL = 0x024, QUEUE_SEL = 0x030,
	QUEUE_MAX = 0x034, QUEUE_NUM = 0x038, QUEUE_READY = 0x044,
	QUEUE_NOTIFY = 0x050, ISR = 0x060, ACK = 0x064, STATUS = 0x070,
	DESC = 0x080, DRIVER = 0x090, DEVICE = 0x0a0, SHM_SEL = 0x0ac,
	SHM_LEN = 0x0b0, SHM_BASE = 0x0b8, QUEUE_RESET = 0x0c0,
	GENERATION = 0x0fc, CONFIG = 0x100,
};

enum { S_ACK = 1, S_DRIVER = 2, S_DRIVER_OK = 4, S_FEATURES_OK = 8,
	S_NEEDS_RESET = 64, S_FAILED = 128 };

#define FLUSH         (UINT64_C(1) << 9)
#define MQ            (UINT64_C(1) << 12)
#define INDIRECT      (UINT64_C(1) << 28)
#define EVENT_IDX     (UINT64_C(1) << 29)
#define VERSION_1     (UINT64_C(1) << 32)
#define PLATFORM      (UINT64_C(1) << 33)
#define RING_RESET    (UINT64_C(1) << 40)
#define OFFERED       (FLUSH | MQ | INDIRECT | EVENT_IDX | VERSION_1 | \
		       PLATFORM | RING_RESET)

struct machine {
	struct state_disk reg;
	struct vdev v;
	uint8_t config[CONFIG_LEN];
};

/* For cmocka; *state becomes a machine that was never touched. */
int machine_setup(void **state);

#define MACHINE(test) cmocka_unit_test_setup(test, machine_setup)

uint32_t machine_get(struct machine *m, uint64_t offset);
/* Write, and do at once what the write asks for. */
enum vdev_effect_kind machine_put(struct machine *m, uint64_t offset,
				  uint32_t value);
void machine_put_features(struct machine *m, uint64_t features);
/* From a reset on; does the device agree? */
bool machine_negotiate(struct machine *m, uint64_t features);
/* The registers of queue @q, all but QueueReady. */
void machine_set_up_queue(struct machine *m, uint32_t q);
/* All that is offered, queue 0 ready, DRIVER_OK. */
void machine_start(struct machine *m);

#endif
