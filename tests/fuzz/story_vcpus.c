// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is done together is done by one vCPU, one after the other; anything else
 * by the first that does not wait.
 */
#include "tests/fuzz/story_vcpus.h"

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/guest_steps.h"
#include "tests/fuzz/story_law.h"

void vcpus_begin(struct story_vcpus *v)
{
	for (uint32_t i = 0; i < PRETEND_VCPUS; i++)
		v->again[i] = v->busy[i];
}

bool vcpus_repeat(struct story_vcpus *v, const struct worker *w,
		  struct ioreq_access *acc)
{
	for (uint32_t i = 0; i < PRETEND_VCPUS; i++) {
		if (!v->again[i])
			continue;
		v->again[i] = false;
		*acc = v->access[i];
		v->reset[i] = law_what_resets(w, acc);
		return true;
	}
	return false;
}

bool vcpus_next(struct story_vcpus *v, const struct worker *w,
		struct ioreq_access *acc)
{
	uint32_t i = guest_goes_on() ? v->acting : 0;

	while (!guest_goes_on() && i < PRETEND_VCPUS - 1 && v->busy[i])
		i++;
	if (v->busy[i])
		return false;
	v->busy[i] = true;
	v->acting = i;
	*acc = guest_take_access();
	acc->vcpu = i;
	v->access[i] = *acc;
	v->reset[i] = law_what_resets(w, acc);
	return true;
}

void vcpus_done(struct story_vcpus *v, const struct worker *w,
		const struct ioreq_access *acc)
{
	MUST(acc->vcpu < PRETEND_VCPUS && v->busy[acc->vcpu]);
	v->busy[acc->vcpu] = false;
	law_check_reset(w, v->reset[acc->vcpu]);
}
