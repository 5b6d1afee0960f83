// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every call into a library passes here: it is counted, and it fails when a
 * test wants it to. Also what the real thing would have punished.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/sim.h"

static const char *const call_names[SIM_CALLS] = {
	[SIM_FM_OPEN] = "fm_open",
	[SIM_FM_MAP] = "fm_map",
	[SIM_FM_UNMAP] = "fm_unmap",
	[SIM_FM_RESOURCE] = "fm_resource",
	[SIM_FM_UNRESOURCE] = "fm_unresource",
	[SIM_GNT_OPEN] = "gnt_open",
	[SIM_GNT_MAP] = "gnt_map",
	[SIM_GNT_UNMAP] = "gnt_unmap",
	[SIM_GNT_COPY] = "gnt_copy",
	[SIM_EV_OPEN] = "ev_open",
	[SIM_EV_BIND] = "ev_bind",
	[SIM_EV_UNBIND] = "ev_unbind",
	[SIM_EV_PENDING] = "ev_pending",
	[SIM_EV_UNMASK] = "ev_unmask",
	[SIM_EV_NOTIFY] = "ev_notify",
	[SIM_DM_OPEN] = "dm_open",
	[SIM_DM_VCPUS] = "dm_vcpus",
	[SIM_DM_CREATE] = "dm_create",
	[SIM_DM_DESTROY] = "dm_destroy",
	[SIM_DM_STATE] = "dm_state",
	[SIM_DM_MAP_RANGE] = "dm_map_range",
	[SIM_DM_UNMAP_RANGE] = "dm_unmap_range",
	[SIM_DM_IRQ] = "dm_irq",
	[SIM_DM_MSI] = "dm_msi",
	[SIM_RESTRICT] = "restrict",
	[SIM_XC_OPEN] = "xc_open",
	[SIM_XC_INFO] = "xc_info",
	[SIM_XS_READ] = "xs_read",
	[SIM_XS_LIST] = "xs_list",
	[SIM_XS_WRITE] = "xs_write",
	[SIM_XS_REMOVE] = "xs_remove",
	[SIM_XS_WATCH] = "xs_watch",
	[SIM_XS_EVENTS] = "xs_events",
	[SIM_XS_START] = "xs_start",
	[SIM_XS_END] = "xs_end",
	[SIM_SYS_MEMORY] = "sys_memory",
	[SIM_SYS_MAP] = "sys_map",
	[SIM_SYS_UNMAP] = "sys_unmap",
	[SIM_SYS_OPEN] = "sys_open",
	[SIM_SYS_STAT] = "sys_stat",
	[SIM_SYS_READ] = "sys_read",
	[SIM_SYS_WRITE] = "sys_write",
	[SIM_SYS_NAME] = "sys_name",
	[SIM_SYS_LOCK] = "sys_lock",
	[SIM_SYS_CONTROL] = "sys_control",
	[SIM_SYS_SOCKET] = "sys_socket",
	[SIM_SYS_SEND] = "sys_send",
	[SIM_SYS_RECEIVE] = "sys_receive",
	[SIM_SYS_POLL] = "sys_poll",
	[SIM_SYS_SIGNAL] = "sys_signal",
	[SIM_SYS_SPAWN] = "sys_spawn",
	[SIM_SYS_CHILD] = "sys_child",
	[SIM_SYS_RIGHTS] = "sys_rights",
	[SIM_SYS_RING] = "sys_ring",
	[SIM_SYS_SUBMIT] = "sys_submit",
	[SIM_SYS_DATA] = "sys_data",
	[SIM_FM_PAGE] = "fm_page",
	[SIM_GNT_PAGE] = "gnt_page",
	[SIM_GNT_SEGMENT] = "gnt_segment",
};

const char *sim_call_name(enum sim_call call)
{
	return call < SIM_CALLS ? call_names[call] : "unknown";
}

/* Does this call meet the fault? */
static bool fault_meets(struct sim_fault *f, enum sim_call call)
{
	if (f->what == SIM_FAULT_NONE || f->call != call)
		return false;
	f->seen++;
	if (f->seen < f->first || f->seen - f->first >= f->count)
		return false;
	f->hits++;
	return true;
}

static int fault_find(struct sim_fault faults[], enum sim_call call, int *late)
{
	int ret = 0;

	for (uint32_t i = 0; i < SIM_FAULTS; i++) {
		if (!fault_meets(&faults[i], call))
			continue;
		if (faults[i].what == SIM_FAULT_LATE)
			*late = faults[i].value;
		else if (!ret)
			ret = -faults[i].value;
	}
	return ret;
}

int sim_call_late(struct sim_world *w, enum sim_call call,
		  uint64_t hypercalls, int *late)
{
	int shared, own;

	*late = 0;
	if (w->unseen)
		return 0;
	w->s->calls[call]++;
	shared = fault_find(w->s->fault, call, late);
	own = fault_find(w->own, call, late);
	if (shared || own) {
		w->s->faults++;
		return shared ? shared : own;
	}
	w->s->hypercalls += hypercalls;
	return 0;
}

int sim_call(struct sim_world *w, enum sim_call call, uint64_t hypercalls)
{
	int late;

	return sim_call_late(w, call, hypercalls, &late);
}

void sim_violate(struct sim_world *w, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(w->s->violation[w->s->violations % SIM_VIOLATIONS],
		  SIM_VIOLATION_LEN, fmt, ap);
	va_end(ap);
	w->s->violations++;
}

int sim_violation(struct sim_world *w, uint64_t n, char *text, size_t len)
{
	int ret = -ENOENT;

	sim_lock(w);
	if (n < w->s->violations &&
	    n + SIM_VIOLATIONS >= w->s->violations) {
		snprintf(text, len, "%s",
			 w->s->violation[n % SIM_VIOLATIONS]);
		ret = 0;
	}
	sim_unlock(w);
	return ret;
}

/* --- what a test wants -------------------------------------------------------- */

/* The next of the fields that colons separate, which may be the last. */
static bool field(const char **spec, char *word, size_t len)
{
	size_t n = strcspn(*spec, ":");

	if (!n || n >= len)
		return false;
	memcpy(word, *spec, n);
	word[n] = '\0';
	*spec += n + ((*spec)[n] == ':');
	return true;
}

static bool number(const char *word, uint64_t *n, const char *unit)
{
	char *end;

	errno = 0;
	*n = strtoull(word, &end, 10);
	return !errno && end != word && !strcmp(end, unit) && *word != '-';
}

static bool parse_call(const char *word, uint32_t *call)
{
	for (*call = 0; *call < SIM_CALLS; ++*call)
		if (!strcmp(word, call_names[*call]))
			return true;
	return false;
}

static bool parse_errno(const char *word, int *value)
{
	for (*value = 1; *value < 134; ++*value) {
		const char *name = strerrorname_np(*value);

		if (name && !strcmp(word, name))
			return true;
	}
	return false;
}

static bool parse_what(const char *word, struct sim_fault *f)
{
	uint64_t ms;

	f->what = SIM_FAULT_ERRNO;
	if (parse_errno(word, &f->value))
		return true;
	f->what = SIM_FAULT_LATE;
	if (f->call != SIM_GNT_UNMAP || !number(word, &ms, "ms") || ms > 60000)
		return false;
	f->value = (int)ms;
	return true;
}

static int fault_parse(const char *spec, struct sim_fault *f)
{
	char word[32];

	*f = (struct sim_fault){ .count = 1 };
	if (!field(&spec, word, sizeof(word)) || !parse_call(word, &f->call) ||
	    !field(&spec, word, sizeof(word)) || !number(word, &f->first, "") ||
	    !f->first || !field(&spec, word, sizeof(word)) ||
	    !parse_what(word, f))
		return -EINVAL;
	if (!*spec)
		return 0;
	if (!field(&spec, word, sizeof(word)) || *spec)
		return -EINVAL;
	if (!strcmp(word, "ever"))
		f->count = UINT64_MAX;
	else if (!number(word, &f->count, ""))
		return -EINVAL;
	return 0;
}

static int fault_add(struct sim_fault faults[], const struct sim_fault *f)
{
	for (int i = 0; i < (int)SIM_FAULTS; i++)
		if (faults[i].what == SIM_FAULT_NONE) {
			faults[i] = *f;
			return i;
		}
	return -ENOSPC;
}

int sim_fault(struct sim_world *w, const char *spec)
{
	struct sim_fault f;
	int ret = fault_parse(spec, &f);

	if (ret)
		return ret;
	sim_lock(w);
	ret = fault_add(w->s->fault, &f);
	sim_unlock(w);
	return ret;
}

uint64_t sim_fault_hits(struct sim_world *w, int fault)
{
	uint64_t hits = 0;

	sim_lock(w);
	if (fault >= 0 && fault < (int)SIM_FAULTS)
		hits = w->s->fault[fault].hits;
	sim_unlock(w);
	return hits;
}

void sim_fault_clear(struct sim_world *w)
{
	sim_lock(w);
	memset(w->s->fault, 0, sizeof(w->s->fault));
	sim_unlock(w);
}

void sim_fault_environment(struct sim_world *w)
{
	const char *list = getenv("SIM_FAIL");
	char *copy = list ? strdup(list) : NULL, *rest = copy, *spec;

	while (copy && (spec = strsep(&rest, " "))) {
		struct sim_fault f;

		if (*spec && (fault_parse(spec, &f) ||
			      fault_add(w->own, &f) < 0))
			fprintf(stderr, "SIM_FAIL: what is \"%s\"?\n", spec);
	}
	free(copy);
}

/* --- what is going on ------------------------------------------------------------- */

static void stats_domains(struct sim_shared *s, struct sim_stats *out)
{
	for (uint32_t i = 1; i < SIM_DOMS; i++) {
		struct sim_domain *d = &s->dom[i];

		if (d->state == SIM_GONE)
			continue;
		out->foreign_pages += d->foreign_pages;
		out->grant_pages += d->grant_pages;
		out->resource_maps += d->resource_pages;
		for (uint32_t j = 0; j < SIM_SERVERS; j++)
			out->servers += d->server[j].used;
	}
}

void sim_stats(struct sim_world *w, struct sim_stats *out)
{
	struct sim_shared *s = w->s;

	*out = (struct sim_stats){ 0 };
	sim_lock(w);
	sim_reap(w);
	sim_grant_settle(w);
	memcpy(out->calls, s->calls, sizeof(out->calls));
	out->hypercalls = s->hypercalls;
	out->faults = s->faults;
	out->busy_ungrants = s->busy_ungrants;
	out->violations = s->violations;
	stats_domains(s, out);
	for (uint32_t i = 1; i < SIM_PROCESSES; i++) {
		out->foreign_maps += s->process[i].foreign_maps;
		out->grant_maps += s->process[i].grant_maps;
		out->processes += s->process[i].backend;
	}
	for (uint32_t i = 1; i < SIM_LOCAL_PORTS; i++)
		out->bound_ports += s->local[i].handle &&
			s->local[i].peer == SIM_PEER_GUEST;
	sim_unlock(w);
}
