/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The consoles that libxl calls channels, and whose back end a device model is
 * to be. Here they lead nowhere, so they are closed: a guest waits half a minute
 * while it boots for one that nobody answers.
 */
#ifndef BACKEND_CHANNEL_H
#define BACKEND_CHANNEL_H

#include <stdbool.h>
#include <stdint.h>

struct store;

/*
 * The number of the console behind the -chardev that libxl calls @id. False if
 * it is none of a channel.
 */
bool channel_number(const char *id, uint32_t *number);

/*
 * Its back end becomes 6, before the guest runs. 0 too if it is that already, or
 * there is none; -errno.
 */
int channel_close(struct store *store, uint32_t domid, uint32_t number);

#endif
