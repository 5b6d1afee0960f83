/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The corridor's image: a file that holds 0x20 to 0x7f, no byte of it 0, until a
 * guest writes to it.
 */
#ifndef TESTS_UNIT_CORRIDOR_IMAGE_H
#define TESTS_UNIT_CORRIDOR_IMAGE_H

#include "tests/unit/corridor.h"

/* Full of those bytes. */
int corridor_image_open(bool direct);
/* What is in memory is read and written at once, and not by the kernel's ring. */
bool corridor_image_in_memory(const struct corridor *c);

/* The bytes of the image, as they are on disk. */
void image_read(const struct corridor *c, void *to, uint64_t at, uint32_t len);

/* @len bytes of the image from @at on are those at @memory in the guest. */
void assert_is_image(const struct corridor *c, uint64_t memory, uint64_t at,
		     uint32_t len);
/* They are all zero, or none is. */
void assert_zeroes(const struct corridor *c, uint64_t at, uint32_t len);
void assert_no_zero(const struct corridor *c, uint64_t at, uint32_t len);

/* Data for the device: 0x80 to 0x9f, and not twice the same. */
void guest_fill(uint64_t at, uint32_t len);

#endif
