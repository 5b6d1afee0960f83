/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What must hold in a story of a worker in a process of its own; anything else
 * ends the program.
 */
#ifndef TESTS_FUZZ_STAGE_CHECK_H
#define TESTS_FUZZ_STAGE_CHECK_H

#include "tests/fuzz/stage.h"

/*
 * Waits until no request is under way. Then no grant is mapped but those of
 * rings that are ready.
 */
void check_settled(struct stage *st);
/* 2.4.1: after a reset the device touches no ring, and has no request. */
void check_reset(struct stage *st);
/* Nothing of the worker's buffers is in the guest, nothing lies beside them. */
void check_memory(struct stage *st);
/* After a reset of both: driven as it should be, @disk reads what it holds. */
void check_works(struct stage *st, uint32_t disk, bool grants);
/* When both disks are gone: chains came back, the image changed only by what
 * changes it, as much is mapped as before, and Xen has seen nothing wrong. */
void check_gone(struct stage *st);

#endif
