/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The PCI configuration space of a disk (PCI 3.0, chapter 6; virtio 1.2,
 * 4.1.2 and 4.1.4): identity, command, one BAR, an interrupt pin, MSI-X and the
 * virtio capabilities. 256 bytes; everything else in it reads as 0.
 *
 * Pure, total over register, size and data. An access is 1, 2 or 4 bytes
 * within one aligned dword; another reads all ones and writes nothing. What a
 * write means for the rest of the program is left in the registers: see
 * pcicfg_window() and the questions behind it.
 */
#ifndef BACKEND_PCICFG_H
#define BACKEND_PCICFG_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/pci_regs.h>

#include "backend/vdev.h"

/* What can be set in the command register and in MSI-X's message control. */
#define PCICFG_COMMAND_BITS (PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | \
			     PCI_COMMAND_INTX_DISABLE)
#define PCICFG_MSIX_BITS    (PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL)

/* The function after power-on, in device number @slot of bus 0. */
void pcicfg_init(struct state_pci *p, uint32_t slot);

/* @config_len: of the device's configuration space, for its capability. */
uint32_t pcicfg_read(const struct vdev *v, uint32_t reg, uint32_t size,
		     uint32_t config_len);
void pcicfg_write(struct vdev *v, uint32_t reg, uint32_t size, uint32_t data);

/*
 * pci_cfg_data (4.1.4.9): an access to it is one to the BAR, as described in
 * *offset and *size. True for the field's first byte; false, and such an
 * access is none at all, if what the guest described is no access to our BAR.
 */
bool pcicfg_is_data(uint32_t reg, uint32_t size);
bool pcicfg_data_access(const struct state_pci *p, uint64_t *offset,
			uint32_t *size);

/* Does a write there reach the command register or BAR 0? */
bool pcicfg_moves(uint32_t reg, uint32_t size);
/* Where BAR 0 is to be reached; 0: nowhere, while memory decoding is off. */
uint32_t pcicfg_window(const struct state_pci *p);
/* May the function write to memory: its messages and the rings? */
bool pcicfg_is_master(const struct state_pci *p);
/* Would this write take that away? */
bool pcicfg_ends_master(const struct state_pci *p, uint32_t reg, uint32_t size,
			uint32_t data);
/* Has the interrupt pin to be asserted? */
bool pcicfg_wants_line(const struct vdev *v);

#endif
