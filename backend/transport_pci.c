// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * virtio over PCI on Xen, for HVM guests of x86. Configuration space arrives as
 * accesses of a kind of its own; BAR 0 is a window that moves: where the
 * command register and the BAR say after a write, the ioreq server has it
 * before the write is answered. Interrupts are messages (MSI-X), or the level
 * of a pin that stays up until the interrupt status is read.
 *
 * Whatever an access changed is acted on before it is answered, in two places:
 * pci_settle() and pci_interrupt().
 */
#include "backend/transport.h"

#include <errno.h>
#include <stdio.h>

#include "backend/log.h"
#include "backend/msix.h"
#include "backend/pcicfg.h"
#include "backend/vpci.h"
#include "xen/irq.h"

/* Where x86 takes interrupt messages; the upper half is Xen's extension. */
#define PCI_MSI_BASE 0xfee00000u
#define PCI_MSI_MASK 0xfff00000u

/* Of the pin, in device.irq_level: left by an earlier worker. */
#define PCI_LEVEL_UNKNOWN (-1)

static struct state_pci *pci_regs(const struct device *dev)
{
	return &dev->vdev.reg->pci;
}

/* The BAR's window. */

/* The disk at @i of the guest's, NULL if there is none or it is no PCI device. */
static struct state_pci *pci_of(const struct transport *t, uint32_t i)
{
	struct state_disk *reg = &t->disk[i];

	return reg->used && reg->transport == STATE_PCI ? &reg->pci : NULL;
}

static bool pci_is_taken(const struct transport *t, uint32_t window)
{
	for (uint32_t i = 0; i < STATE_MAX_DISKS; i++) {
		const struct state_pci *p = pci_of(t, i);

		if (p && p->window == window)
			return true;
	}
	return false;
}

/*
 * The state names the new place before Xen does: a worker that comes after a
 * kill in between asks Xen once more. A place that is another disk's already
 * stays that one's, and the state never names it twice.
 */
static int pci_take_window(struct transport *t, struct state_pci *p,
			   uint32_t to)
{
	int ret;

	if (pci_is_taken(t, to))
		return -EEXIST;
	p->window = to;
	ret = ioreq_add_range(t->io, to, STATE_PCI_BAR);
	/* Nobody's, and the server has it: it could not be removed once. */
	if (ret == -EEXIST)
		ret = 0;
	if (ret)
		p->window = 0;
	return ret;
}

/*
 * @place is free that was @left's: another disk's BAR may have said it all the
 * time, and no access of its own will make us look again.
 */
static void pci_offer_window(struct transport *t, const struct state_pci *left,
			     uint32_t place)
{
	for (uint32_t i = 0; i < STATE_MAX_DISKS; i++) {
		struct state_pci *p = pci_of(t, i);
		int ret;

		if (!p || p == left || p->window || pcicfg_window(p) != place)
			continue;
		ret = pci_take_window(t, p, place);
		/* The first that waits has it. */
		if (ret && ret != -EEXIST && log_limit_pass(&t->limit))
			log_warning("dom%u: PCI device 00:%02x.0: BAR can't be reached at %#x, which another disk has left: %s",
				    t->domid, p->slot, place, log_strerror(ret));
	}
}

/* Xen's part of giving a window up; no error if it was gone. */
static int pci_leave_window(struct transport *t, struct state_pci *p)
{
	uint32_t from = p->window;
	int ret;

	if (!from)
		return 0;
	ret = ioreq_remove_range(t->io, from, STATE_PCI_BAR);
	p->window = 0;
	return ret == -ENOENT ? 0 : ret;
}

/* Coming and going. */

/* A function that was just switched on masters nothing. */
static void pci_init(struct state_disk *reg, const struct proto_disk *desc)
{
	pcicfg_init(&reg->pci, desc->pci_slot);
	reg->held = 1;
}

static void pci_describe(const struct state_disk *reg, char *text, size_t len)
{
	snprintf(text, len, "PCI device 00:%02x.0", reg->pci.slot);
}

/* As the state says; what is there already was put there by its last worker. */
static int pci_open(struct transport *t, struct device *dev, bool attach)
{
	struct state_pci *p = pci_regs(dev);
	int ret = ioreq_add_pci(t->io, p->slot);

	if (ret && !(ret == -EEXIST && attach))
		return ret;
	/* Nobody knows what level it was left at. */
	dev->irq_level = attach ? PCI_LEVEL_UNKNOWN : 0;
	if (!p->window)
		return 0;
	ret = ioreq_add_range(t->io, p->window, STATE_PCI_BAR);
	return ret == -EEXIST ? 0 : ret;
}

static int pci_close(struct transport *t, struct state_disk *reg)
{
	struct state_pci *p = &reg->pci;
	uint32_t place = p->window;
	int ret, err;

	/* Whoever raised the level may be dead. */
	irq_set_intx(t->dm, p->slot, 0);
	ret = pci_leave_window(t, p);
	err = ioreq_remove_pci(t->io, p->slot);
	if (place)
		pci_offer_window(t, p, place);
	if (ret)
		return ret;
	return err == -ENOENT ? 0 : err;
}

static bool pci_owns(const struct state_disk *reg,
		     const struct ioreq_access *acc, uint64_t *offset)
{
	const struct state_pci *p = &reg->pci;

	*offset = acc->addr;
	if (acc->kind == IOREQ_CONFIG_READ || acc->kind == IOREQ_CONFIG_WRITE)
		return acc->sbdf == p->slot << 3;
	*offset = acc->addr - p->window;
	return p->window && acc->addr >= p->window && *offset < STATE_PCI_BAR;
}

/* Interrupts. */

static bool pci_is_message(const struct msix_message *m)
{
	return ((uint32_t)m->address & PCI_MSI_MASK) == PCI_MSI_BASE;
}

/*
 * A message that Xen can't make sense of, or that is for no CPU that there is,
 * is the guest's own fault: dropped, because it would fail for ever.
 */
static int pci_send(struct transport *t, struct device *dev,
		    const struct msix_message *m)
{
	int ret = pci_is_message(m) ?
		  irq_send_msi(t->dm, m->address, m->data) : -EINVAL;

	if (ret == -EINVAL || ret == -ERANGE || ret == -ESRCH) {
		log_guest(&dev->backing.limit, dev->name,
			  "MSI-X message %#x to %#llx is no interrupt",
			  m->data, (unsigned long long)m->address);
		return 0;
	}
	if (!ret)
		dev->backing.stats->irqs++;
	return ret;
}

/* One that fails stays pending, and holds up no other. */
static int pci_send_pending(struct transport *t, struct device *dev)
{
	struct state_msix *msix = &pci_regs(dev)->msix;
	struct msix_message m;
	int ret = 0, err;

	if (!pcicfg_is_master(pci_regs(dev)))
		return 0;
	for (int i = msix_next(msix, 0, &m); i >= 0;
	     i = msix_next(msix, i + 1, &m)) {
		err = pci_send(t, dev, &m);
		if (err)
			ret = err;
		else
			msix_sent(msix, i);
	}
	return ret;
}

static int pci_set_line(struct transport *t, struct device *dev)
{
	int level = pcicfg_wants_line(&dev->vdev), ret;

	if (level == dev->irq_level)
		return 0;
	ret = irq_set_intx(t->dm, pci_regs(dev)->slot, (uint32_t)level);
	if (ret)
		return ret;
	dev->irq_level = level;
	if (level)
		dev->backing.stats->irqs++;
	return 0;
}

static int pci_interrupt(struct transport *t, struct device *dev)
{
	int line = pci_set_line(t, dev);
	int sent = pci_send_pending(t, dev);

	dev->irq_owed = line || sent;
	return line ? line : sent;
}

/* Events become pending messages: of a queue its own, of a change another. */
static void pci_signal(struct device *dev)
{
	struct state_msix *msix = &pci_regs(dev)->msix;
	const struct vdev *v = &dev->vdev;
	uint32_t n = vpci_vectors(v);

	for (uint32_t i = 0; i < v->num_queues; i++)
		if (dev->events & DEVICE_EVENT_QUEUE(i))
			msix_signal(msix, n, v->reg->queue[i].vector);
	if (dev->events & DEVICE_EVENT_CONFIG) {
		vdev_interrupt(&dev->vdev, VDEV_ISR_CONFIG);
		msix_signal(msix, n, v->reg->config_vector);
	}
	dev->events = 0;
}

static int pci_notify(struct transport *t, struct device *dev)
{
	if (msix_enabled(&pci_regs(dev)->msix))
		pci_signal(dev);
	else
		transport_set_isr(dev);
	return pci_interrupt(t, dev);
}

/* Accesses. */

static void pci_move_window(struct transport *t, struct device *dev)
{
	struct state_pci *p = pci_regs(dev);
	uint32_t to = pcicfg_window(p), from = p->window;
	int ret;

	if (to == from)
		return;
	ret = pci_leave_window(t, p);
	if (ret)
		log_guest(&dev->backing.limit, dev->name,
			  "BAR at %#x stays there too: %s", from,
			  log_strerror(ret));
	ret = to ? pci_take_window(t, p, to) : 0;
	if (ret)
		log_guest(&dev->backing.limit, dev->name,
			  "BAR can't be reached at %#x: %s", to,
			  ret == -EEXIST ? "another disk is there" :
			  log_strerror(ret));
	if (from)
		pci_offer_window(t, p, from);
}

/*
 * Make everything outside agree with a command register or a BAR that was
 * written. Not at other times: a window that can't be had is not asked for
 * with each access.
 */
static void pci_settle(struct transport *t, struct device *dev)
{
	pci_move_window(t, dev);
	if (dev->vdev.reg->held && pcicfg_is_master(pci_regs(dev)))
		device_unhold(dev);
}

static enum device_answer pci_apply(struct device *dev,
				    const struct vdev_effect *e)
{
	enum device_answer answer = device_apply(dev, e);

	/* Of what was before a reset the guest hears nothing more. */
	if (e->kind == VDEV_RESET_DEVICE && answer == DEVICE_DONE)
		pci_regs(dev)->msix.pending = 0;
	return answer;
}

static struct vdev_effect pci_decode(struct device *dev, uint64_t offset,
				     uint32_t size, uint64_t data)
{
	return vpci_write(&dev->vdev, offset, size, data, BLK_CONFIG_LEN);
}

static uint64_t pci_read(struct device *dev, uint64_t offset, uint32_t size)
{
	return vpci_read(&dev->vdev, offset, size, &dev->config,
			 BLK_CONFIG_LEN);
}

static void pci_read_config(struct device *dev, struct ioreq_access *acc)
{
	uint32_t reg = (uint32_t)acc->addr, size;
	uint64_t offset;

	if (!pcicfg_is_data(reg, acc->size))
		acc->data = pcicfg_read(&dev->vdev, reg, acc->size,
					BLK_CONFIG_LEN);
	else if (pcicfg_data_access(pci_regs(dev), &offset, &size))
		acc->data = pci_read(dev, offset, size);
	else
		acc->data = 0;
}

static enum device_answer pci_write_config(struct transport *t,
					   struct device *dev,
					   const struct ioreq_access *acc,
					   struct vdev_effect *effect)
{
	uint32_t reg = (uint32_t)acc->addr, data = (uint32_t)acc->data, size;
	uint64_t offset;

	if (pcicfg_is_data(reg, acc->size)) {
		if (!pcicfg_data_access(pci_regs(dev), &offset, &size))
			return DEVICE_DONE;
		*effect = pci_decode(dev, offset, size, data);
		return pci_apply(dev, effect);
	}
	if (pcicfg_ends_master(pci_regs(dev), reg, acc->size, data) &&
	    device_hold(dev) == DEVICE_WAIT)
		return DEVICE_WAIT;
	pcicfg_write(&dev->vdev, reg, acc->size, data);
	if (pcicfg_moves(reg, acc->size))
		pci_settle(t, dev);
	return DEVICE_DONE;
}

static enum device_answer pci_decode_access(struct transport *t,
					    struct device *dev, uint64_t offset,
					    struct ioreq_access *acc,
					    struct vdev_effect *effect)
{
	switch (acc->kind) {
	case IOREQ_MMIO_READ:
		acc->data = pci_read(dev, offset, acc->size);
		break;
	case IOREQ_MMIO_WRITE:
		*effect = pci_decode(dev, offset, acc->size, acc->data);
		return pci_apply(dev, effect);
	case IOREQ_CONFIG_READ:
		pci_read_config(dev, acc);
		break;
	case IOREQ_CONFIG_WRITE:
		return pci_write_config(t, dev, acc, effect);
	default:
		break;
	}
	return DEVICE_DONE;
}

static enum device_answer pci_access(struct transport *t, struct device *dev,
				     uint64_t offset, struct ioreq_access *acc,
				     struct vdev_effect *effect)
{
	enum device_answer answer =
		effect->kind == VDEV_NOTHING ?
		pci_decode_access(t, dev, offset, acc, effect) :
		pci_apply(dev, effect);

	/* Of levels, masks and mastering. A failure is tried again. */
	if (answer == DEVICE_DONE)
		pci_interrupt(t, dev);
	return answer;
}

const struct transport_kind transport_pci = {
	.init = pci_init,
	.describe = pci_describe,
	.open = pci_open,
	.close = pci_close,
	.owns = pci_owns,
	.access = pci_access,
	.notify = pci_notify,
};
