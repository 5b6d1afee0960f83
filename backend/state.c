// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Making and checking the state that outlives a worker. The check bounds every
 * field that is ever used as an index or a size; addresses, features and vectors
 * are judged where they are used, like the guest's own.
 */
#include "backend/state.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "backend/pcicfg.h"

#define STATE_MAX_SERVERS 8u	/* of one guest, in Xen */

void state_init(struct state *state, uint32_t domid, const uint8_t uuid[16])
{
	state->version = STATE_VERSION;
	state->size = sizeof(*state);
	state->domid = domid;
	memcpy(state->uuid, uuid, sizeof(state->uuid));
	state->server = STATE_NO_SERVER;
	/* Last: from now on it is a state. */
	state->magic = STATE_MAGIC;
}

static bool power_of_two(uint32_t n)
{
	return n && !(n & (n - 1));
}

/* virtio 1.2, 2.7: what the parts of a ring are read and written as. */
static bool ring_aligned(const struct state_queue *q)
{
	return !(q->desc & 15) && !(q->driver & 1) && !(q->device & 3);
}

/* A size is used as soon as the guest makes the queue ready. 0 is refused then. */
static bool queue_ok(const struct state_queue *q, uint32_t size)
{
	if (q->ready > 1 || (q->ready && !ring_aligned(q)))
		return false;
	if (!q->num)
		return !q->ready;
	return power_of_two(q->num) && q->num <= size;
}

/* Registers that can't hold a value hold none. Tables are the guest's own. */
static bool pci_ok(const struct state_pci *p)
{
	return p->slot < 32 && !(p->command & ~(uint32_t)PCICFG_COMMAND_BITS) &&
	       !(p->msix.control & ~(uint32_t)PCICFG_MSIX_BITS) &&
	       p->line <= UINT8_MAX && p->access_bar <= UINT8_MAX &&
	       !(p->bar % STATE_PCI_BAR) && !(p->window % STATE_PCI_BAR) &&
	       p->msix.pending < 1u << STATE_MAX_VECTORS;
}

static bool disk_ok(const struct state_disk *d)
{
	if (!d->used)
		return true;
	if (d->transport > STATE_PCI || d->held > 1 ||
	    (d->transport == STATE_PCI && !pci_ok(&d->pci)))
		return false;
	if (d->used != 1 || !d->num_queues ||
	    d->num_queues > STATE_MAX_QUEUES || d->queue_size < 2 ||
	    !power_of_two(d->queue_size) || d->queue_size > STATE_QUEUE_SIZE ||
	    d->writeback > 1)
		return false;
	for (uint32_t i = 0; i < d->num_queues; i++)
		if (!queue_ok(&d->queue[i], d->queue_size))
			return false;
	return true;
}

/* Of two PCI disks at one place, no access says which one it is for. */
static bool windows_ok(const struct state_disk *disk, uint32_t i)
{
	const struct state_disk *d = &disk[i];

	if (!d->used || d->transport != STATE_PCI || !d->pci.window)
		return true;
	for (uint32_t k = 0; k < i; k++)
		if (disk[k].used && disk[k].transport == STATE_PCI &&
		    disk[k].pci.window == d->pci.window)
			return false;
	return true;
}

int state_check(const struct state *state, uint64_t size, uint32_t domid,
		const uint8_t uuid[16])
{
	if (size != sizeof(*state) || state->magic != STATE_MAGIC ||
	    state->version != STATE_VERSION || state->size != sizeof(*state))
		return -EINVAL;
	if (state->domid != domid ||
	    memcmp(state->uuid, uuid, sizeof(state->uuid)))
		return -ESTALE;
	if (state->server != STATE_NO_SERVER &&
	    state->server >= STATE_MAX_SERVERS)
		return -EBADMSG;
	for (uint32_t i = 0; i < STATE_MAX_DISKS; i++)
		if (!disk_ok(&state->disk[i]) || !windows_ok(state->disk, i))
			return -EBADMSG;
	return 0;
}
