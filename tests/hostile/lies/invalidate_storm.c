// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * "Drop all mappings", again and again from two vCPUs, while requests of all
 * sizes are on their way: grants stay, everything else is mapped again.
 */
#include "tests/hostile/hostile.h"

struct storm {
	struct sim_dom *dom;
	uint32_t vcpu;
	atomic_bool stop;
	atomic_int ret;
};

static void *invalidate(void *arg)
{
	struct storm *s = arg;

	while (!s->stop && !s->ret)
		s->ret = sim_invalidate(s->dom, s->vcpu);
	return NULL;
}

LIE(invalidate_storm, .polite = true)
{
	struct storm s[2] = { { .dom = l->dom, .vcpu = 2 },
			      { .dom = l->dom, .vcpu = 3 } };
	static uint8_t out[200704], in[200704];
	pthread_t thread[2];
	int ret = 0;

	for (int i = 0; i < 2; i++)
		EXPECT(!pthread_create(&thread[i], NULL, invalidate, &s[i]),
		       "no thread");
	for (unsigned int i = 1; !ret && i <= 50; i++) {
		size_t len = i * 512 * 7;

		memset(out, (int)i, len);
		ret = gblk_write(&l->disk.queue[i % l->disk.queues], i * 512,
				 out, len);
		if (!ret)
			ret = gblk_read(&l->disk.queue[0], i * 512, in, len);
		if (!ret && memcmp(in, out, len))
			ret = -EILSEQ;
	}
	s[0].stop = s[1].stop = true;
	for (int i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	EXPECT(!ret, "a request: %s", strerror(-ret));
	EXPECT(!s[0].ret && !s[1].ret, "an invalidation was not answered");
}
