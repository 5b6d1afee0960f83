// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Configuration space comes first, then the BAR, then interrupts. Numbers are
 * those of the specifications, not names that the product has for them.
 */
#include "tests/fuzz/vpci_model.h"

#include <string.h>

#define NO_VECTOR 0xffffu

enum { MEMORY = 2, MASTER = 4, INTX_OFF = 0x400 };
enum { CAPS = 0x34, MSIX = 0x40, ACCESS = 0x90, DATA = 0xa0 };
enum { COMMON = 0, ISR = 0x1000, DEVICE = 0x2000, NOTIFY = MODEL_NOTIFY,
	TABLE = 0x4000, PBA = 0x5000 };
enum { CONFIG_VECTOR = 16, NUM_QUEUES = 18, STATUS = 20, QUEUE_SEL = 22,
	QUEUE_VECTOR = 26, NOTIFY_OFF = 30 };

/* --- configuration space ------------------------------------------------------ */

static uint32_t word(const struct model *m, uint32_t at)
{
	return m->space[at] | m->space[at + 1] << 8 | m->space[at + 2] << 16 |
	       (uint32_t)m->space[at + 3] << 24;
}

static void put(struct model *m, uint32_t at, uint32_t size, uint32_t value)
{
	for (uint32_t i = 0; i < size; i++)
		m->space[at + i] = (uint8_t)(value >> 8 * i);
}

void model_open(struct model *m, uint32_t queues)
{
	static const struct {
		uint8_t at, next, len, type;
		uint32_t offset;
	} cap[] = {
		{ 0x4c, 0x5c, 16, 1, COMMON }, { 0x5c, 0x70, 20, 2, NOTIFY },
		{ 0x70, 0x80, 16, 3, ISR }, { 0x80, 0x90, 16, 4, DEVICE },
		{ 0x90, 0, 20, 5, 0 },
	};
	const uint32_t length[] = { 60, 4 * queues, 1, CONFIG_LEN, 0 };

	m->queues = queues;
	put(m, 0x00, 4, 0x10421af4);	/* a modern block device */
	put(m, 0x06, 2, 0x0010);	/* there are capabilities */
	put(m, 0x08, 4, 0x01000001);
	put(m, 0x2c, 4, 0x11001af4);
	put(m, CAPS, 1, MSIX);
	put(m, 0x3d, 1, 1);
	put(m, MSIX, 4, 0x11 | 0x4c << 8 | queues << 16);
	put(m, MSIX + 4, 4, TABLE);
	put(m, MSIX + 8, 4, PBA);
	for (uint32_t i = 0; i < 5; i++) {
		put(m, cap[i].at, 4, 0x09u | cap[i].next << 8 |
		    cap[i].len << 16 | (uint32_t)cap[i].type << 24);
		put(m, cap[i].at + 8u, 4, cap[i].offset);
		put(m, cap[i].at + 12u, 4, length[i]);
	}
	put(m, 0x5c + 16, 4, 4);
	m->mask[0x04] = MEMORY | MASTER;
	m->mask[0x05] = INTX_OFF >> 8;
	m->mask[0x11] = 0x80;		/* BAR 0: 32 KiB */
	m->mask[0x12] = m->mask[0x13] = m->mask[0x3c] = 0xff;
	m->mask[MSIX + 3] = 0xc0;
	m->mask[ACCESS + 4] = 0xff;
	memset(&m->mask[ACCESS + 8], 0xff, 8);
	for (uint32_t i = 0; i < STATE_MAX_VECTORS; i++)
		m->table[i][3] = 1;
	m->held = true;
	model_reset(m);
}

static bool is_field(uint32_t reg, uint32_t size)
{
	return size <= 4 && reg < 256 && reg % 4 + size <= 4;
}

static bool msix_on(const struct model *m)
{
	return m->space[MSIX + 3] & 0x80;
}

/* The interrupt status bit comes and goes. */
uint32_t model_field(const struct model *m, uint32_t reg, uint32_t size)
{
	uint32_t value = 0;

	if (!is_field(reg, size))
		return UINT32_MAX;
	for (uint32_t i = 0; i < size; i++) {
		uint32_t byte = m->space[reg + i];

		if (reg + i == 6 && m->isr && !msix_on(m))
			byte |= 8;
		value |= byte << 8 * i;
	}
	return value;
}

static void end_msix(struct model *m)
{
	for (uint32_t i = 0; i < m->queues; i++)
		if (m->vector[i] != NO_VECTOR && (m->pending >> m->vector[i] & 1))
			m->isr |= 1;
	m->pending = 0;
}

bool model_configure(struct model *m, uint32_t reg, uint32_t size,
		     uint32_t data, bool at_once)
{
	struct model was = *m;

	if (!is_field(reg, size))
		return false;
	for (uint32_t i = 0; i < size; i++) {
		uint8_t mask = m->mask[reg + i];

		m->space[reg + i] = (uint8_t)((m->space[reg + i] & ~mask) |
					      (data >> 8 * i & mask));
	}
	if ((word(&was, 4) & MASTER) && !(word(m, 4) & MASTER) && !at_once) {
		*m = was;
		return false;
	}
	m->held = !(word(m, 4) & MASTER);
	if (!msix_on(m))
		end_msix(m);
	return reg / 4 == 1 || reg / 4 == 4;
}

static uint32_t wanted(const struct model *m)
{
	return word(m, 4) & MEMORY ? word(m, 0x10) : 0;
}

void model_move(struct model *m, struct model *other, bool ranges)
{
	uint32_t to = wanted(m), from = m->window;

	if (to == from)
		return;
	m->window = !ranges || to == other->window ? 0 : to;
	if (from && !other->window && wanted(other) == from && ranges)
		other->window = from;
}

bool model_behind(const struct model *m, uint32_t reg, uint32_t width,
		  uint64_t *at, uint32_t *size)
{
	*at = word(m, ACCESS + 8);
	*size = word(m, ACCESS + 12);
	return reg == DATA && is_field(reg, width) && !m->space[ACCESS + 4] &&
	       (*size == 1 || *size == 2 || *size == 4) && !(*at % *size) &&
	       *at < STATE_PCI_BAR;
}

/* --- the BAR ------------------------------------------------------------------ */

static uint32_t field_width(uint32_t at)
{
	return at == STATUS || at == 21 ? 1 : (at >= 16 && at < 32) ||
	       at >= 56 ? 2 : 4;
}

uint64_t model_read(struct model *m, uint64_t at, uint32_t size, bool *known)
{
	uint32_t in = at % 0x1000, *entry = &m->table[0][0] + in / 4;
	bool words = size >= 4 && !(in % size);
	uint64_t value;

	*known = true;
	switch (at - in) {
	case COMMON:
		if (in >= 60 || size != field_width(in) || in % size)
			return 0;
		switch (in) {
		case CONFIG_VECTOR:
			return m->config_vector;
		case NUM_QUEUES:
			return m->queues;
		case QUEUE_SEL:
			return m->sel;
		case QUEUE_VECTOR:
			return m->sel < m->queues ? m->vector[m->sel] :
						    NO_VECTOR;
		case NOTIFY_OFF:
			return m->sel < m->queues ? m->sel : 0;
		}
		*known = false;
		return 0;
	case ISR:
		value = in ? 0 : m->isr;
		m->isr = in ? m->isr : 0;
		return value;
	case DEVICE:
		*known = false;
		return 0;
	case TABLE:
		if (!words || in >= 16 * (m->queues + 1))
			return 0;
		return size == 4 ? entry[0] : (uint64_t)entry[1] << 32 | *entry;
	case PBA:
		return words && !in ? m->pending : 0;
	}
	return 0;
}

void model_write(struct model *m, uint64_t at, uint32_t size, uint64_t data)
{
	uint32_t in = at % 0x1000;
	uint16_t value = (uint16_t)data;
	uint16_t vector = value <= m->queues ? value : NO_VECTOR;

	if (at < 60 && size == 2 && in == CONFIG_VECTOR)
		m->config_vector = vector;
	else if (at < 60 && size == 2 && in == QUEUE_SEL)
		m->sel = value;
	else if (at < 60 && size == 2 && in == QUEUE_VECTOR &&
		 m->sel < m->queues)
		m->vector[m->sel] = vector;
	if (at - in != TABLE || size < 4 || in % size ||
	    in >= 16 * (m->queues + 1))
		return;
	for (uint32_t i = 0; i < size / 4; i++) {
		uint32_t w = in / 4 + i;

		m->table[w / 4][w % 4] = (uint32_t)(data >> 32 * i) &
					 (w % 4 == 3 ? 1 : UINT32_MAX);
	}
}

void model_reset(struct model *m)
{
	m->isr = m->pending = 0;
	m->sel = 0;
	m->config_vector = NO_VECTOR;
	for (uint32_t i = 0; i < STATE_MAX_QUEUES; i++)
		m->vector[i] = NO_VECTOR;
}

void model_stop_queue(struct model *m, uint32_t queue)
{
	m->vector[queue] = NO_VECTOR;
}

/* --- interrupts --------------------------------------------------------------- */

void model_event(struct model *m, uint32_t queues, bool config)
{
	for (uint32_t i = 0; msix_on(m) && i < m->queues; i++)
		if ((queues >> i & 1) && m->vector[i] != NO_VECTOR)
			m->pending |= 1u << m->vector[i];
	if (msix_on(m) && config && m->config_vector != NO_VECTOR)
		m->pending |= 1u << m->config_vector;
	m->isr |= (config ? 2 : 0) | (queues && !msix_on(m) ? 1 : 0);
}

bool model_may_send(const struct model *m, uint32_t vector)
{
	return msix_on(m) && !(m->space[MSIX + 3] & 0x40) &&
	       (word(m, 4) & MASTER) && (m->pending >> vector & 1) &&
	       !(m->table[vector][3] & 1);
}

uint32_t model_find_message(const struct model *m, uint32_t vector,
			    uint64_t address, uint32_t data)
{
	while (vector <= m->queues &&
	       !(model_may_send(m, vector) &&
		 m->table[vector][0] == (uint32_t)address &&
		 m->table[vector][1] == address >> 32 &&
		 m->table[vector][2] == data))
		vector++;
	return vector;
}

void model_end_message(struct model *m, uint32_t vector)
{
	m->pending &= ~(1u << vector);
}

void model_drop_invalid(struct model *m)
{
	for (uint32_t v = 0; v <= m->queues; v++)
		if (model_may_send(m, v) && m->table[v][0] >> 20 != 0xfee)
			model_end_message(m, v);
}

bool model_level(const struct model *m)
{
	return m->isr && !msix_on(m) && !(word(m, 4) & INTX_OFF);
}
