#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The end-to-end suite: prepares and boots the rig, runs the scenarios in dom0
# one by one, and ends with "N passed, N failed, N skipped". A rig that dies in
# a scenario is a failure of that scenario; the next one gets a new rig.

set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
rig=$here/../rig

usage() {
	cat <<U
usage: run.sh [-j N] [-k] [SCENARIO...]

SCENARIO  names in tests/e2e/scenarios without .sh (default: all)
-j N      rigs at a time (default 2, each is busy on one core)
-k        one rig, kept running afterwards; says where it is
Environment: SMP and what else tests/rig/boot.sh knows.
U
}

keep='' lanes=2
while getopts j:kh opt; do
	case $opt in
	j) lanes=$OPTARG ;;
	k) keep=1 lanes=1 ;;
	h) usage && exit 0 ;;
	*) usage >&2 && exit 2 ;;
	esac
done
shift $((OPTIND - 1))

if [ $# = 0 ]; then
	for f in "$here"/scenarios/*.sh; do
		set -- "$@" "$(basename "$f" .sh)"
	done
fi

logs=$(mktemp -d)
run=

stop() {
	[ -z "$run" ] || "$rig/boot.sh" stop "$run" >/dev/null
	run=
}

# Debian's own hypervisor, for scenarios that say "# xen: stock".
cache=${RIG_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/xen-vblkd}

# boot [XEN]
boot() {
	stop
	run=$(XEN=${1:-} "$rig/boot.sh" start 2>"$logs/boot") || {
		cat "$logs/boot" >&2
		return 1
	}
	cp -r "$here" "$run/share/e2e"
}

alive() {
	[ -n "$run" ] && "$rig/boot.sh" status "$run" >/dev/null 2>&1
}

# line RESULT NAME SECONDS REMARK
line() {
	echo "$1" >>"$logs/results"
	printf '  %-7s %-44s %8ss%s\n' "$@"
}

# limit SCENARIO: seconds, from its "# limit: N" line
limit() {
	local n

	n=$(sed -n 's/^# limit: \([0-9]*\).*/\1/p' "$here/scenarios/$1.sh")
	echo "${n:-120}"
}

scenario() {
	local log=$logs/$1 start=$EPOCHSECONDS rc stock=

	if grep -q '^# xen: stock' "$here/scenarios/$1.sh"; then
		stock=1
		boot "$cache/${ARCH:-arm}/stock/xen" || return 1
	elif ! alive; then
		boot || return 1
	fi
	RIG_RUN=$run "$rig/job.sh" -t "$(limit "$1")" -n "$1" \
		-c "sh /share/e2e/one.sh scenarios/$1.sh" >"$log" 2>&1
	rc=$?
	case $rc in
	0) line ok "e2e/$1" $((EPOCHSECONDS - start)) "" ;;
	77)
		line skip "e2e/$1" $((EPOCHSECONDS - start)) "  $(grep SKIP: "$log" | tail -n 1)"
		;;
	*)
		{
			line FAIL "e2e/$1" $((EPOCHSECONDS - start)) \
				"  (status $rc)"
			sed 's/^/    | /' "$log" | tail -n 80
		} >"$log.shown"
		cat "$log.shown"
		# What a broken scenario left behind must not break the next.
		[ -n "$keep" ] || stop
		;;
	esac
	[ -z "$stock" ] || stop
}

for step in prepare build pack; do
	"$rig/$step.sh" || exit 1
done

# Longest first, so that the lanes end together.
by_limit() {
	local s

	for s; do
		echo "$(limit "$s") $s"
	done | sort -rn | cut -d' ' -f2
}

# take: the next scenario of the list, to whichever lane asks first.
take() {
	{
		flock 8
		head -n 1 "$logs/list"
		sed -i 1d "$logs/list"
	} 8>"$logs/lock"
}

# A lane is a process with a rig of its own.
lane() {
	local s

	trap '[ -n "$keep" ] || stop' EXIT
	while s=$(take) && [ -n "$s" ]; do
		scenario "$s"
		echo "$s" >>"$logs/ran"
	done
	[ -z "$keep" ] || echo "rig: RIG_RUN=$run"
}

trap 'rm -rf "$logs"' EXIT
trap 'trap - TERM; kill 0; wait; exit 130' INT TERM
: >"$logs/ran"
: >"$logs/results"
by_limit "$@" >"$logs/list"
for _ in $(seq "$lanes"); do
	lane &
done
wait

count() {
	grep -c "^$1\$" "$logs/results" || true
}

[ "$(wc -l <"$logs/ran")" = $# ] || echo "some scenarios did not run" >&2
passed=$(count ok) skipped=$(count skip)
failed=$(($# - passed - skipped))
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
