# SPDX-License-Identifier: GPL-2.0-or-later
#
# From the results of dom0.sh to tables or JSON. Any awk will do.
# Variables: format (text or json), seconds, repetitions, load, commit.

BEGIN {
	# What the project wants to reach in the rig, in both modes.
	target["read 4k 1"] = 600
	target["read 4k 32"] = 3000
	target["read 64k 1"] = 400
	nb = split("foreign grant blkback", backend, " ")
}

# key=value pairs into v[]; values of Xen's and the back end's counters too
{
	split("", v)
	for (i = 2; i <= NF; i++) {
		at = index($i, "=")
		v[substr($i, 1, at - 1)] = substr($i, at + 1)
	}
}

$1 == "xen" {
	version = v["version"] " (" v["arch"] ")"
}

$1 == "speed" {
	nspeed++
	if (!slowest || v["seconds"] + 0 > slowest)
		slowest = v["seconds"] + 0
	if (!fastest || v["seconds"] + 0 < fastest)
		fastest = v["seconds"] + 0
}

$1 == "rate" {
	name = v["op"] " " v["bs"] " " v["jobs"]
	if (v["kind"] == "first")
		name = name " first"
	if (!(name in seen)) {
		seen[name] = 1
		load_name[++nloads] = name
		sequential[name] = v["order"] != "random"
	}
	key = v["backend"] " " v["image"] " " name
	n = ++count[key]
	# Sequential loads by MiB, the others by requests
	sample[key, n] = (sequential[name] ? v["mib_s"] : v["iops"]) + 0
	p50[key, n] = v["p50"] / 1000
	p99[key, n] = v["p99"] / 1000
}

$1 == "idle" {
	for (k in v)
		idle[k] = v[k] / v["seconds"]
}

$1 == "count" {
	name = v["op"] " " v["bs"] " " v["jobs"]
	if (!(name in counted)) {
		counted[name] = 1
		count_name[++ncounts] = name
	}
	for (k in v) {
		if (k !~ /^(xen|own)\./)
			continue
		if (!(k in known)) {
			known[k] = 1
			counter[++ncounters] = k
		}
		x = v[k] - idle[k] * v["seconds"]
		per[v["backend"] " " name, k] = (x > 0 ? x : 0) / v["requests"]
	}
}

# median(ARRAY, KEY): of what is ARRAY[KEY, 1...]
function median(a, key,   n, i, j, t, s) {
	n = count[key]
	for (i = 1; i <= n; i++) {
		t = a[key, i]
		for (j = i - 1; j > 0 && s[j] > t; j--)
			s[j + 1] = s[j]
		s[j + 1] = t
	}
	return n % 2 ? s[(n + 1) / 2] : n ? (s[n / 2] + s[n / 2 + 1]) / 2 : 0
}

function least(a, key,   i, m) {
	m = a[key, 1]
	for (i = 2; i <= count[key]; i++)
		if (a[key, i] < m)
			m = a[key, i]
	return m
}

function most(a, key,   i, m) {
	m = a[key, 1]
	for (i = 2; i <= count[key]; i++)
		if (a[key, i] > m)
			m = a[key, i]
	return m
}

# "read 4k 32" in words
function title(name,   w) {
	split(name, w, " ")
	sub(/k/, " KiB", w[2])
	sub(/M/, " MiB", w[2])
	return sprintf("%-6s %-5s %2d %s%s", w[2], w[1], w[3],
		w[3] > 1 ? "jobs" : "job", w[4] ? ", 1st second" : \
		sequential[name] ? ", MiB/s" : "")
}

# A median; "~" when the repetitions are far from each other
function figure(key,   m) {
	if (!count[key])
		return "-"
	m = median(sample, key)
	return sprintf("%.0f", m) \
		(most(sample, key) - least(sample, key) > 0.3 * m ? "~" : " ")
}

function verdict(key, want) {
	return median(sample, key) >= want ? "met" : "MISSED"
}

function ratio(key, reference) {
	if (!count[key] || !count[reference])
		return "-"
	return sprintf("%.2f", median(sample, key) / median(sample, reference))
}

function print_rates(   i, name, bb, want) {
	print "Requests per second, medians (~: the repetitions differ by more than 30 %)."
	print "\"of bb\": as a part of blkback's. \"1st second\": after two seconds with one job."
	print ""
	printf "%-34s %26s %13s %24s %17s\n", "", "/dev/ram, a block device  ", "",
		"target          ", "file on tmpfs "
	printf "%-34s %8s %5s %7s %6s %8s  %6s %7s %7s   %8s %8s\n", "",
		"foreign", "of bb", "grant", "of bb", "blkback",
		"", "foreign", "grant", "foreign", "grant"
	for (i = 1; i <= nloads; i++) {
		name = load_name[i]
		bb = "blkback ram " name
		want = target[name]
		printf "%-34s %8s %5s %7s %6s %8s  %6s %7s %7s   %8s %8s\n",
			title(name),
			figure("foreign ram " name), ratio("foreign ram " name, bb),
			figure("grant ram " name), ratio("grant ram " name, bb),
			figure(bb), want,
			want ? verdict("foreign ram " name, want) : "",
			want ? verdict("grant ram " name, want) : "",
			figure("foreign tmpfs " name), figure("grant tmpfs " name)
	}
}

function latency(key) {
	if (!count[key])
		return "-"
	return sprintf("%.1f / %.1f", median(p50, key), median(p99, key))
}

function print_latencies(   i, b, name) {
	print "Latency in ms on /dev/ram: median / 99th percentile."
	print ""
	printf "%-34s", ""
	for (b = 1; b <= nb; b++)
		printf " %15s", backend[b]
	print ""
	for (i = 1; i <= nloads; i++) {
		name = load_name[i]
		printf "%-34s", title(name)
		for (b = 1; b <= nb; b++)
			printf " %15s", latency(backend[b] " ram " name)
		print ""
	}
}

function cost(key, k) {
	if (!(k in known) || k ~ /^own/ && key ~ /^blkback/)
		return "-"
	return sprintf("%.3f", per[key, k])
}

function print_counts(   i, b, c, key, nc, column, heading) {
	nc = split("xen.dm_op xen.event_channel_op xen.grant_table_op " \
		"xen.memory_op xen.wfi xen.mmio own.kicks own.irqs " \
		"own.drains own.polls own.copies own.copy_segments own.hits",
		column, " ")
	split("dm_op evtchn grant memory wfi mmio kicks irqs " \
		"drains polls copies segs hits", heading, " ")
	print "Per request, on /dev/ram. Hypercalls of all domains and accesses to device"
	print "registers, and sleeps of virtual CPUs (wfi), counted by Xen; what the daemon"
	print "counts: kicks, interrupts, drains, looks while polling, grant copies and their"
	print "segments, foreign mappings found (hits). \"-\": nothing counts it here."
	print ""
	printf "%-24s%-8s", "", ""
	for (c = 1; c <= nc; c++)
		printf " %6s", heading[c]
	print ""
	for (i = 1; i <= ncounts; i++)
		for (b = 1; b <= nb; b++) {
			key = backend[b] " " count_name[i]
			printf "%-24s%-8s", b == 1 ? title(count_name[i]) : "",
				backend[b]
			for (c = 1; c <= nc; c++)
				printf " %6s", cost(key, column[c])
			print ""
		}
}

function print_text() {
	printf "xen-vblkd %s on Xen %s in QEMU (no KVM), one CPU, guests of one vCPU.\n",
		commit, version
	printf "%d x %d s for each figure. Host's load average: %s.\n",
		repetitions, seconds, load
	printf "A fixed computation in dom0 took %.2f to %.2f s%s\n", fastest,
		slowest, (slowest > 1.3 * fastest ? \
		": the host was BUSY, measure again." : ".")
	print ""
	print_rates()
	print ""
	print_latencies()
	print ""
	print_counts()
}

# --- JSON ----------------------------------------------------------------------

function json_list(a, key,   i, s) {
	for (i = 1; i <= count[key]; i++)
		s = s (i > 1 ? "," : "") a[key, i] + 0
	return "[" s "]"
}

function json_load(name,   w) {
	split(name, w, " ")
	return sprintf("\"op\":\"%s\",\"bs\":\"%s\",\"jobs\":%d%s", w[1], w[2], w[3],
		w[4] ? ",\"first_second\":true" : "")
}

function json_rate(b, image, name,   key, want) {
	key = b " " image " " name
	want = b != "blkback" && image == "ram" ? target[name] : 0
	return sprintf("{\"backend\":\"%s\",\"image\":\"%s\",%s,\"unit\":\"%s\"," \
		"\"median\":%s,\"values\":%s,\"p50_ms\":%s,\"p99_ms\":%s%s}",
		b, image, json_load(name),
		sequential[name] ? "MiB/s" : "requests/s",
		median(sample, key) + 0, json_list(sample, key),
		median(p50, key) + 0, median(p99, key) + 0,
		want ? sprintf(",\"target\":%d,\"met\":%s", want,
			verdict(key, want) == "met" ? "true" : "false") : "")
}

function json_count(b, name,   key, c, s) {
	key = b " " name
	for (c = 1; c <= ncounters; c++)
		if ((key, counter[c]) in per)
			s = s sprintf(",\"%s\":%.4f", counter[c], per[key, counter[c]])
	return sprintf("{\"backend\":\"%s\",%s,\"per_request\":{%s}}", b,
		json_load(name), substr(s, 2))
}

function print_json(   i, b, k, image, sep) {
	printf "{\"commit\":\"%s\",\"xen\":\"%s\",\"repetitions\":%d,\"seconds\":%d,",
		commit, version, repetitions, seconds
	printf "\"load\":\"%s\",\"speed_s\":[%s,%s],\n\"rates\":[", load,
		fastest + 0, slowest + 0
	for (i = 1; i <= nloads; i++)
		for (b = 1; b <= nb; b++)
			for (k = 1; k <= 2; k++) {
				image = k == 1 ? "ram" : "tmpfs"
				if (!count[backend[b] " " image " " load_name[i]])
					continue
				print sep
				sep = ","
				printf "%s", json_rate(backend[b], image, load_name[i])
			}
	printf "\n],\n\"counts\":["
	sep = ""
	for (i = 1; i <= ncounts; i++)
		for (b = 1; b <= nb; b++) {
			print sep
			sep = ","
			printf "%s", json_count(backend[b], count_name[i])
		}
	print "\n]}"
}

END {
	if (format == "json")
		print_json()
	else
		print_text()
}
