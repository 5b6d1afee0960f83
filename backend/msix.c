// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * MSI-X: every signal is a pending bit first, and what is neither masked nor
 * switched off is then sent. So masking, unmasking and a failed send need no
 * ways of their own.
 */
#include "backend/msix.h"

#include <linux/pci_regs.h>

/* Words of a table entry. */
enum { MSIX_ADDRESS, MSIX_ADDRESS_HIGH, MSIX_DATA, MSIX_CONTROL };

bool msix_enabled(const struct state_msix *m)
{
	return m->control & PCI_MSIX_FLAGS_ENABLE;
}

void msix_init(struct state_msix *m)
{
	*m = (struct state_msix){ .control = 0 };
	for (uint32_t i = 0; i < STATE_MAX_VECTORS; i++)
		m->table[i][MSIX_CONTROL] = PCI_MSIX_ENTRY_CTRL_MASKBIT;
}

/* @size bytes at @offset are whole words of a table of @vectors. */
static bool msix_words(uint32_t vectors, uint64_t offset, uint32_t size)
{
	return (size == 4 || size == 8) && !(offset % size) &&
	       offset < vectors * sizeof(((struct state_msix *)0)->table[0]);
}

uint64_t msix_read_table(const struct state_msix *m, uint32_t vectors,
			 uint64_t offset, uint32_t size)
{
	const uint32_t *word;

	if (!msix_words(vectors, offset, size))
		return 0;
	word = &m->table[0][0] + offset / 4;
	return size == 4 ? word[0] : (uint64_t)word[1] << 32 | word[0];
}

uint64_t msix_read_pending(const struct state_msix *m, uint64_t offset,
			   uint32_t size)
{
	return msix_words(1, offset, size) && !offset ? m->pending : 0;
}

static void msix_write_word(struct state_msix *m, uint64_t index,
			    uint32_t value)
{
	/* The other bits of vector control are reserved. */
	if (index % 4 == MSIX_CONTROL)
		value &= PCI_MSIX_ENTRY_CTRL_MASKBIT;
	m->table[index / 4][index % 4] = value;
}

void msix_write_table(struct state_msix *m, uint32_t vectors, uint64_t offset,
		      uint32_t size, uint64_t data)
{
	if (!msix_words(vectors, offset, size))
		return;
	msix_write_word(m, offset / 4, (uint32_t)data);
	if (size == 8)
		msix_write_word(m, offset / 4 + 1, (uint32_t)(data >> 32));
}

void msix_signal(struct state_msix *m, uint32_t vectors, uint32_t vector)
{
	if (vector < vectors)
		m->pending |= 1u << vector;
}

int msix_next(const struct state_msix *m, int from,
	      struct msix_message *message)
{
	if (!msix_enabled(m) || (m->control & PCI_MSIX_FLAGS_MASKALL))
		return -1;
	for (int i = from; i < (int)STATE_MAX_VECTORS; i++) {
		const uint32_t *e = m->table[i];

		if (!(m->pending >> i & 1) ||
		    (e[MSIX_CONTROL] & PCI_MSIX_ENTRY_CTRL_MASKBIT))
			continue;
		message->address = (uint64_t)e[MSIX_ADDRESS_HIGH] << 32 |
				   e[MSIX_ADDRESS];
		message->data = e[MSIX_DATA];
		return i;
	}
	return -1;
}

void msix_sent(struct state_msix *m, int vector)
{
	m->pending &= ~(1u << vector);
}
