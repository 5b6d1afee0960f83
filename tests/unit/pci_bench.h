/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A disk as a PCI function, on the corridor and a Xen that is a model: the ranges
 * and functions of one ioreq server, a pin, and what was sent.
 */
#ifndef TESTS_UNIT_PCI_BENCH_H
#define TESTS_UNIT_PCI_BENCH_H

#include "backend/transport.h"
#include "backend/vpci.h"
#include "tests/unit/corridor.h"

#define NUM  64u
#define SLOT 20u
#define BAR  0xf1000000u

/* Configuration space (PCI 3.0, 6.1), and where our capabilities are. */
enum { COMMAND = 4, BAR0 = 0x10, MSIX_CONTROL = 0x42, ACCESS = 0x90 };
enum { MEMORY = 2, MASTER = 4, INTX_OFF = 0x400 };
enum { MSIX_ON = 0x8000, MSIX_MASK_ALL = 0x4000 };

/* struct virtio_pci_common_cfg */
enum {
	DRIVER_SEL = 8, DRIVER_FEATURES = 12, CONFIG_VECTOR = 16, STATUS = 20,
	QUEUE_SELECT = 22, QUEUE_SIZE = 24, QUEUE_VECTOR = 26, QUEUE_ENABLE = 28,
	DESC = 32, DRIVER = 40, DEVICE = 48, QUEUE_RESET = 58,
};

struct bench_xen {
	uint64_t range[4];	/* starts, 0: free */
	uint32_t range_calls;
	uint32_t functions;	/* bit per slot */
	uint32_t level;		/* of the pin of SLOT */
	uint32_t level_calls;
	uint32_t edges;		/* of virtio-mmio's line */
	uint32_t messages;
	uint64_t address;	/* of the last */
	uint32_t data;
	int fail_range, fail_remove, fail_irq;	/* what the next calls answer */
	uint32_t fail_data;	/* 0, or the one message that fail_irq is for */
};

extern struct bench_xen xen;

/* Is this all that the server has? 0: nothing. */
bool xen_only_range(uint64_t base);

struct bench {
	struct corridor *c;
	struct transport t;
	struct device dev;
	struct state_disk *reg;
};

/* For cmocka: nothing may be left in Xen in the end. */
int bench_setup(void **state);
int bench_teardown(void **state);

#define BENCH(test) cmocka_unit_test_setup_teardown(test, bench_setup, \
						    bench_teardown)

/* Another disk, or the same for another worker. */
void bench_open(struct bench *b, uint32_t slot, bool attach);
/* A kill of the worker, and another. */
void bench_kill(struct bench *b);

/* The guest's accesses: to configuration space, and behind the BAR. */
uint32_t cfg_get(struct bench *b, uint32_t reg, uint32_t size);
enum device_answer cfg_put(struct bench *b, uint32_t reg, uint32_t size,
			   uint32_t value);
uint64_t bar_get(struct bench *b, uint64_t at, uint32_t size);
void bar_put(struct bench *b, uint64_t at, uint32_t size, uint64_t data);

/* An access that may have to wait. To be handed in until it is answered. */
struct bench_access {
	struct ioreq_access acc;
	struct vdev_effect effect;
};

enum device_answer bench_hand_in(struct bench *b, struct bench_access *a);

/* The queue's set-up, and the queue is enabled. */
void bar_put_ring(struct bench *b);
/* As a driver does: BAR, the command register, then the device. */
void bench_start_with(struct bench *b, uint32_t command);
void bench_start(struct bench *b);
/* With two messages: 0 for changes, 1 for the queue. */
void bench_start_msix(struct bench *b);
void msix_program(struct bench *b, uint32_t vector, uint32_t address);

/* Tell the guest what it should hear of. */
void bench_notify(struct bench *b);
/* Until nothing is in flight. */
void bench_run(struct bench *b);
/* A read, offered; and its end. Or all of it, with its kick. */
struct io bench_offer(struct bench *b);
void bench_came_back(struct bench *b, const struct io *io);
void bench_request(struct bench *b);

#endif
