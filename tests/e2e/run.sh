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
usage: run.sh [-k] [SCENARIO...]

SCENARIO  names in tests/e2e/scenarios without .sh (default: all)
-k        keep the rig running afterwards and say where it is
Environment: SMP and what else tests/rig/boot.sh knows.
U
}

keep=
while getopts kh opt; do
	case $opt in
	k) keep=1 ;;
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

run= logs=$(mktemp -d)
passed=0 failed=0 skipped=0

stop() {
	[ -z "$run" ] || "$rig/boot.sh" stop "$run" >/dev/null
	run=
}

finish() {
	if [ -n "$keep" ]; then
		echo "rig: RIG_RUN=$run"
	else
		stop
	fi
	rm -rf "$logs"
}
trap finish EXIT
trap 'exit 130' INT TERM

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

line() {
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
		boot "$cache/stock/xen" || return 1
	elif ! alive; then
		boot || return 1
	fi
	RIG_RUN=$run "$rig/job.sh" -t "$(limit "$1")" -n "$1" \
		-c "sh /share/e2e/one.sh scenarios/$1.sh" >"$log" 2>&1
	rc=$?
	case $rc in
	0) passed=$((passed + 1)) && line ok "e2e/$1" $((EPOCHSECONDS - start)) "" ;;
	77)
		skipped=$((skipped + 1))
		line skip "e2e/$1" $((EPOCHSECONDS - start)) "  $(grep SKIP: "$log" | tail -n 1)"
		;;
	*)
		failed=$((failed + 1))
		line FAIL "e2e/$1" $((EPOCHSECONDS - start)) "  (status $rc)"
		sed 's/^/    | /' "$log" | tail -n 80
		# What a broken scenario left behind must not break the next.
		[ -n "$keep" ] || stop
		;;
	esac
	[ -z "$stock" ] || stop
}

for step in prepare build pack; do
	"$rig/$step.sh" || exit 1
done
for s; do
	scenario "$s"
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
