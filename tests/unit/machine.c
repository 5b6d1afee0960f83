// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A register machine, and a driver that does what the specification says.
 */
#include "tests/unit/machine.h"

#include <string.h>

#include "tests/unit/unit.h"

int machine_setup(void **state)
{
	static struct machine m;

	memset(&m, 0, sizeof(m));
	m.v = (struct vdev){
		.reg = &m.reg, .offered = OFFERED, .num_queues = QUEUES,
		.queue_size_max = MAX_QUEUE, .device_id = 2,
	};
	for (uint32_t i = 0; i < CONFIG_LEN; i++)
		m.config[i] = (uint8_t)(i + 1);
	vdev_reset(&m.v);
	*state = &m;
	return 0;
}

uint32_t machine_get(struct machine *m, uint64_t offset)
{
	return (uint32_t)vmmio_read(&m->v, offset, 4, m->config, CONFIG_LEN);
}

enum vdev_effect_kind machine_put(struct machine *m, uint64_t offset,
				 uint32_t value)
{
	struct vdev_effect e = vmmio_write(&m->v, offset, 4, value, CONFIG_LEN);

	if (e.kind == VDEV_ENABLE_QUEUE)
		vdev_queue_enabled(&m->v, e.queue);
	else if (e.kind == VDEV_STOP_QUEUE)
		vdev_queue_stopped(&m->v, e.queue);
	else if (e.kind == VDEV_RESET_DEVICE)
		vdev_reset(&m->v);
	else if (e.kind == VDEV_FEATURES)
		vdev_features_agreed(&m->v);
	return e.kind;
}

void machine_put_features(struct machine *m, uint64_t features)
{
	machine_put(m, DRIVER_SEL, 0);
	machine_put(m, DRIVER_FEATURES, (uint32_t)features);
	machine_put(m, DRIVER_SEL, 1);
	machine_put(m, DRIVER_FEATURES, (uint32_t)(features >> 32));
}

bool machine_negotiate(struct machine *m, uint64_t features)
{
	machine_put(m, STATUS, 0);
	machine_put(m, STATUS, S_ACK);
	machine_put(m, STATUS, S_ACK | S_DRIVER);
	machine_put_features(m, features);
	machine_put(m, STATUS, S_ACK | S_DRIVER | S_FEATURES_OK);
	return machine_get(m, STATUS) & S_FEATURES_OK;
}

void machine_set_up_queue(struct machine *m, uint32_t q)
{
	machine_put(m, QUEUE_SEL, q);
	machine_put(m, QUEUE_NUM, 16);
	machine_put(m, DESC, 0x1000);
	machine_put(m, DESC + 4, 1);
	machine_put(m, DRIVER, 0x2000);
	machine_put(m, DRIVER + 4, 2);
	machine_put(m, DEVICE, 0x3000);
	machine_put(m, DEVICE + 4, 3);
}

void machine_start(struct machine *m)
{
	assert_true(machine_negotiate(m, OFFERED));
	machine_set_up_queue(m, 0);
	assert_int_equal(machine_put(m, QUEUE_READY, 1), VDEV_ENABLE_QUEUE);
	assert_int_equal(machine_put(m, STATUS, 15), VDEV_DRIVER_OK);
	assert_int_equal(machine_get(m, STATUS), 15);
}
