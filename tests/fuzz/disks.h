/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The disks of a story as their manager describes them, and the image that they
 * share.
 */
#ifndef TESTS_FUZZ_DISKS_H
#define TESTS_FUZZ_DISKS_H

#include <stdbool.h>
#include <stdint.h>

#include "backend/proto.h"

#define IMAGE_SIZE (256u << 10)

/*
 * Bits of @how: 0 read-only, 1 direct, 2 discard, 5 write-through; 4 larger than
 * the image, which has shrunk; 6 blocks of 4 KiB; 7 a PCI device.
 */
struct proto_disk disks_describe(uint32_t slot, uint8_t how);

/* In memory, where everything is done at once, or on a disk, where it takes a
 * while. Printable all over, once it is filled. */
int image_make(bool on_disk);
void image_fill(int fd);
/* The same file without the page cache, or again if there is no such thing. */
int image_direct(int fd);
/* Is it as image_fill() left it? */
bool image_untouched(int fd);

#endif
