// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A Xen with one guest, whose only functions are these disks'.
 */
#include "tests/fuzz/vpci_xen.h"

#include <errno.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "xen/ioreq.h"
#include "xen/irq.h"

struct vpci_xen vpci_xen;

void vpci_xen_open(void)
{
	memset(&vpci_xen, 0, sizeof(vpci_xen));
}

void vpci_xen_turn(struct model *m)
{
	vpci_xen.sender = m;
	vpci_xen.next_vector = 0;
	vpci_xen.refused = false;
}

void vpci_xen_close(void)
{
	for (uint32_t i = 0; i < NDISKS; i++)
		MUST(!vpci_xen.range[i] && !vpci_xen.level[i]);
	MUST(!vpci_xen.functions);
}

/* --- xen/ioreq.h ---------------------------------------------------------------- */

int ioreq_add_range(struct xen_ioreq *io, uint64_t base, uint64_t size)
{
	(void)io;
	MUST(base && base <= UINT32_MAX && size == STATE_PCI_BAR);
	MUST(!(base % size));
	for (uint32_t i = 0; i < NDISKS; i++)
		if (vpci_xen.range[i] == base) {
			/* Not even for a moment at a place that is taken. */
			MUST(vpci_xen.attaching);
			return -EEXIST;
		}
	if (vpci_xen.no_range)
		return -ENOMEM;
	for (uint32_t i = 0; i < NDISKS; i++)
		if (!vpci_xen.range[i]) {
			vpci_xen.range[i] = (uint32_t)base;
			return 0;
		}
	MUST(!"more ranges than disks");
	return -ENOSPC;
}

int ioreq_remove_range(struct xen_ioreq *io, uint64_t base, uint64_t size)
{
	(void)io;
	MUST(base && size == STATE_PCI_BAR);
	for (uint32_t i = 0; i < NDISKS; i++)
		if (vpci_xen.range[i] == base) {
			vpci_xen.range[i] = 0;
			return 0;
		}
	return -ENOENT;
}

int ioreq_add_pci(struct xen_ioreq *io, uint32_t slot)
{
	(void)io;
	if (vpci_xen.functions >> slot & 1)
		return -EEXIST;
	vpci_xen.functions |= 1u << slot;
	return 0;
}

int ioreq_remove_pci(struct xen_ioreq *io, uint32_t slot)
{
	(void)io;
	MUST(vpci_xen.functions >> slot & 1);
	vpci_xen.functions &= ~(1u << slot);
	return 0;
}

/* --- xen/irq.h ------------------------------------------------------------------ */

int irq_raise(struct xen_dm *dm, uint32_t irq)
{
	(void)dm;
	(void)irq;
	MUST(!"an edge, on PCI");
	return 0;
}

static bool refuses(void)
{
	if (!vpci_xen.refusals)
		return false;
	vpci_xen.refusals--;
	vpci_xen.refused = true;
	return true;
}

int irq_set_intx(struct xen_dm *dm, uint32_t slot, uint32_t level)
{
	(void)dm;
	MUST(slot >= SLOT && slot < SLOT + NDISKS && level <= 1);
	if (refuses())
		return -EAGAIN;
	vpci_xen.level[slot - SLOT] = level;
	return 0;
}

int irq_send_msi(struct xen_dm *dm, uint64_t address, uint32_t data)
{
	struct model *m = vpci_xen.sender;
	uint32_t v = model_find_message(m, vpci_xen.next_vector, address, data);

	(void)dm;
	MUST(address >> 20 << 20 == (address >> 32 << 32 | 0xfee00000));
	/* Vectors that are no interrupt are passed over. */
	MUST(v <= m->queues);
	vpci_xen.next_vector = v + 1;
	if (refuses()) {
		if (vpci_xen.refusal == -ESRCH)
			model_end_message(m, v);
		return vpci_xen.refusal;
	}
	model_end_message(m, v);
	return 0;
}
