// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Kicks at full speed, with nothing to do, from two vCPUs. Everybody else is
 * served.
 */
#include "tests/hostile/hostile.h"

struct storm {
	struct gmmio mmio;
	atomic_bool stop;
};

static void *kick(void *arg)
{
	struct storm *s = arg;

	while (!s->stop)
		gmmio_write(&s->mmio, VIRTIO_MMIO_QUEUE_NOTIFY, 0);
	return NULL;
}

LIE(kick_storm, .once = true)
{
	struct storm s = { .mmio = { .vcpu = &l->vcpu[2],
				     .base = l->mmio->base } };
	pthread_t thread;

	EXPECT(!pthread_create(&thread, NULL, kick, &s), "no thread");
	for (int i = 0; i < 1500; i++)
		gmmio_write(l->mmio, VIRTIO_MMIO_QUEUE_NOTIFY, 0);
	s.stop = true;
	pthread_join(thread, NULL);
	lie_ping(l);
}
