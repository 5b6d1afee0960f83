/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MSI-X of one PCI function (PCI 3.0, 6.8.2): a table of messages that the
 * guest writes, a pending bit for each that could not be sent, and two bits of
 * message control. Pure: a message is handed out, somebody else sends it.
 *
 * The table holds whatever the guest wrote. What a message does when it is sent
 * concerns the guest alone.
 */
#ifndef BACKEND_MSIX_H
#define BACKEND_MSIX_H

#include <stdbool.h>
#include <stdint.h>

#include "backend/state.h"

struct msix_message {
	uint64_t address;
	uint32_t data;
};

/* Nothing enabled, every vector masked. */
void msix_init(struct state_msix *m);
bool msix_enabled(const struct state_msix *m);

/*
 * The table of @vectors entries, or the pending bits. Words of 32 bits and
 * pairs of them, aligned; others read as 0 and change nothing.
 */
uint64_t msix_read_table(const struct state_msix *m, uint32_t vectors,
			 uint64_t offset, uint32_t size);
uint64_t msix_read_pending(const struct state_msix *m, uint64_t offset,
			   uint32_t size);
void msix_write_table(struct state_msix *m, uint32_t vectors, uint64_t offset,
		      uint32_t size, uint64_t data);

/*
 * Something happened that @vector stands for: its message becomes pending.
 * A vector that is not below @vectors stands for nothing.
 */
void msix_signal(struct state_msix *m, uint32_t vectors, uint32_t vector);

/*
 * The first pending vector from @from on that may be sent, with its message;
 * -1: none. It stays pending until msix_sent().
 */
int msix_next(const struct state_msix *m, int from,
	      struct msix_message *message);
void msix_sent(struct state_msix *m, int vector);

#endif
