#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Measures on real Xen in QEMU: three guests of one vCPU, one of them awake at a
# time, whose disks are served by xen-vblkd with foreign mappings, by xen-vblkd
# with grants, and by Linux's own blkback for scale. What the figures mean:
# docs/bench.md.

set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
rig=$here/rig

usage() {
	cat <<U
usage: bench.sh [--quick] [--json]

--quick  one repetition of one second instead of three of two
--json   one JSON object instead of tables

ARCH=x86 in the environment (or "make bench ARCH=x86") measures on the x86 rig.
Progress goes to standard error. About eight minutes (--quick: three), and six
more to prepare the rig for the first time. Exit status: 0 unless something
broke; a target that was missed is no failure.
U
}

repetitions=3 seconds=2 format=text
for word; do
	case $word in
	--quick) repetitions=1 seconds=1 ;;
	--json) format=json ;;
	-h | --help) usage && exit 0 ;;
	*) usage >&2 && exit 2 ;;
	esac
done

# What this make was told is not meant for the cross build.
unset MAKEFLAGS MFLAGS MAKELEVEL

run=$(mktemp -d "${TMPDIR:-/tmp}/xen-vblkd-bench.XXXXXX")
job=

# shellcheck disable=SC2317 # called by the trap
finish() {
	[ -z "$job" ] || { kill "$job" && wait "$job"; } 2>/dev/null
	"$rig/boot.sh" stop "$run"
	rm -rf "$run"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

say() {
	printf 'bench: [%3ss] %s\n' "$SECONDS" "$*" >&2
}

# dom0 WORD...: the results are collected, what else was said is for trouble.
# The wait can be interrupted, job.sh in front could not.
dom0() {
	local rc

	"$rig/job.sh" -d "$run" -t 600 -n bench \
		-c "sh /share/bench/dom0.sh $*" >"$run/out" 2>&1 &
	job=$!
	wait "$job"
	rc=$?
	job=
	grep -E '^(rate|count|idle|speed|xen) ' "$run/out" >>"$run/results"
	[ $rc = 0 ] || {
		grep -vE '^(rate|count|idle|speed|xen) ' "$run/out" | tail -n 40 >&2
		tail -n 5 "$run/qemu.out" "$run/console.log" >&2
		say "'$*' broke in dom0 (status $rc)"
		exit 1
	}
}

for step in prepare build pack; do
	"$rig/$step.sh" || exit 1
done
SMP=1 MEM=3072 DOM0_MEM=1536 RAMDISK=128 "$rig/boot.sh" start "$run" >/dev/null ||
	exit 1
cp -r "$here/e2e" "$here/bench" "$run/share/"

load_before=$(cut -d' ' -f1-2 /proc/loadavg)
say "daemon, images and three guests"
dom0 setup
for ((i = 1; i <= repetitions; i++)); do
	say "rates, repetition $i of $repetitions"
	dom0 rates "$i" "$seconds"
done
say "calls per request"
dom0 counts
say "done"

awk -v format="$format" -v seconds="$seconds" -v repetitions="$repetitions" \
	-v load="$load_before before, $(cut -d' ' -f1-2 /proc/loadavg) after" \
	-v commit="$(cd "$here" &&
		git describe --always --dirty --exclude '*' 2>/dev/null ||
		echo unknown)" \
	-f "$here/bench/report.awk" "$run/results"
