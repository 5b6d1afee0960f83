/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kernel that takes no more requests. Link refusal.o, and backend/aio.o is told
 * so whenever it hands some in without waiting.
 */
#ifndef TESTS_UNIT_REFUSAL_H
#define TESTS_UNIT_REFUSAL_H

/* 0: the real kernel; -errno: what it says from now on, and takes nothing. */
extern int refusal;

#endif
