#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# failscenario.sh SCENARIO [FAULT]: in the world of tests/sim/run.sh, the scenario
# once, with that call failing, as `simctl fault` wants it. What the scenario wants
# need not come about then. But no data is wrong where nobody heard of an error, the
# guest's kernel would have nothing to complain of but errors, the daemon answers or
# has said why it ended, and when the guests are gone, nothing of them is left.
#
# Prints what is not as it has to be, and last how many calls failed. Without FAULT,
# each kind of call that the scenario makes before that.

here=$(cd "$(dirname "$0")" && pwd)
scenario=$here/../e2e/scenarios/$1.sh
what=${2:-}
# shellcheck source=../e2e/functions.sh
. "$here/../e2e/functions.sh"
# shellcheck source=../e2e/world-sim.sh
. "$here/../e2e/world-sim.sh"

# Who hears of an error would wait in vain, and looking costs more than waiting.
expect() {
	shift
	i=0
	until "$@" >/dev/null 2>&1; do
		i=$((i + 1))
		[ $i -lt 12 ] || fail "not in time: $*"
		sleep 0.4
	done
}

# What is wrong whatever failed. A grant that can't be unmapped stays in use, and a
# guest that can't be interrupted is not.
wrong() {
	case $what in
	gnt_unmap:*) excused='still in use$' ;;
	dm_irq:*) excused='no interrupt for what was returned$' ;;
	*) excused='^$' ;;
	esac
	cat "$PLACE"/*.complaints 2>/dev/null |
		grep -E 'still in use|says the device|says it is written|only read|not out|somebody wrote|no interrupt' |
		grep -vE "$excused"
	grep -qiE 'input/output error|I/O error' "$SCRATCH/said" ||
		grep -E 'expected (seed|0x)|different checksums' "$SCRATCH/said"
}

only_domains() {
	"$SIMCTL" list | awk '$3 != "dying" { print $2 }'
}

all_left() {
	i=0
	until "$SIMCTL" empty; do
		i=$((i + 1))
		[ $i -lt 50 ] || return
		sleep 0.3
	done
}

daemon_well() {
	if daemon_pid >/dev/null; then
		daemon_answers || echo "the daemon does not answer"
		(daemon_stop) || echo "the daemon does not end"
	elif [ -s "$SCRATCH/sessions" ]; then
		grep -qE 'Input/output error|SIGTERM' "$DAEMON_LOG" ||
			echo "the daemon has ended without a word"
	fi
}

world_begin
# A guest's program need not end.
printf '%s\n' '#!/bin/sh' 'shift' 'exec /usr/bin/timeout 20 "$@"' \
	>"$SIM_WORLD/bin/timeout"
chmod +x "$SIM_WORLD/bin/timeout"
trap world_end EXIT
hits=0
[ -z "$what" ] || fault=$("$SIMCTL" fault "$what")
(
	set -eu
	# shellcheck disable=SC1090 # the scenario is an argument
	. "$scenario"
) >"$SCRATCH/said" 2>&1
status=$?
[ -z "$what" ] || hits=$("$SIMCTL" fault-hits "$fault")
"$SIMCTL" fault clear
if [ "$hits" = 0 ] && [ $status != 0 ]; then
	echo "the scenario fails by itself"
	tail -n 20 "$SCRATCH/said"
fi
wrong
for name in $(only_domains); do
	xl destroy "$name" >/dev/null 2>&1
done
all_left
"$SIMCTL" empty || {
	echo "something is left:"
	"$SIMCTL" list
	"$SIMCTL" stats | grep -E '^(foreign|grant|resource)_maps|^servers'
}
daemon_well
[ -n "$what" ] || "$SIMCTL" stats | awk '
	/^hypercalls/ { exit }
	$2 { print "kind " $1 }'
echo "hits $hits"
