/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a worker has of Xen besides memory and grants (fake_xen.h), for
 * programs that run all of a worker in their own process: device-model
 * operations, event channels, the ioreq server, interrupts. Link pretend.o
 * instead of those of xen/, of backend/isolate.o and of backend/log.o.
 *
 * Log lines are put together, so that their arguments are looked at, and then
 * dropped.
 */
#ifndef TESTS_FUZZ_PRETEND_H
#define TESTS_FUZZ_PRETEND_H

#include <stdbool.h>
#include <stdint.h>

#include "xen/ioreq.h"

#define PRETEND_VCPUS 4u

struct pretend {
	/* True for the guest's next access, in *acc; else there is none now. */
	bool (*next)(struct ioreq_access *acc);
	void (*done)(const struct ioreq_access *acc);
	/* since pretend_open() */
	uint32_t ranges;		/* at this moment */
	uint32_t servers;		/* at this moment */
	uint32_t handles;		/* at this moment */
	uint32_t irqs;
	uint32_t irq_failures;		/* to come */
	uint32_t range_failures;	/* to come: windows, PCI functions */
	uint32_t log_lines;
};

extern struct pretend pretend;

void pretend_open(void);
/* Fails if a handle is open. */
void pretend_close(void);

/* next() may have something: the worker is woken. */
void pretend_wake(void);

#endif
