#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs a shell script in dom0.  Script, output and exit status travel as files
# through dom0's /share, see dom0/jobs.

set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

usage() {
	cat <<U
usage: job.sh [-d DIR] [-t SECONDS] [-n NAME] [SCRIPT [ARG...]]
       job.sh [-d DIR] [-t SECONDS] [-n NAME] -c COMMAND

Runs SCRIPT (default: standard input) in dom0's shell, prints its output and
ends with its exit status.  Jobs started side by side run side by side.

-d DIR      the run directory (default: \$RIG_RUN)
-t SECONDS  kill it after that long (default 120)
-n NAME     a name for the files in DIR/share/jobs (default: job)

Exit status: the script's; 124 when time was up, 125 when QEMU is gone.
U
}

dir=${RIG_RUN:-}
limit=120
name=job
command=
while getopts d:t:n:c:h opt; do
	case $opt in
	d) dir=$OPTARG ;;
	t) limit=$OPTARG ;;
	n) name=$OPTARG ;;
	c) command=$OPTARG ;;
	h)
		usage
		exit 0
		;;
	*)
		usage >&2
		exit 2
		;;
	esac
done
shift $((OPTIND - 1))
[ -d "$dir/share/jobs" ] || die "no run directory: give -d or set RIG_RUN"

job=$dir/share/jobs/$name-$(date +%s%N)-$$
{
	script=${1:-}
	[ $# = 0 ] || shift
	[ $# = 0 ] || printf 'set -- %s\n' "${*@Q}"
	if [ -n "$command" ]; then
		printf '%s\n' "$command"
	elif [ -n "$script" ]; then
		cat "$script"
	else
		cat
	fi
} >"$job.new"
mv "$job.new" "$job.sh"
: >"${job%/*}/wake"

give_up() {
	cat "$job.out" 2>/dev/null || true
	say "job $name: $2"
	exit "$1"
}

kill_job() {
	: >"$job.kill"
	: >"${job%/*}/wake"
}

# A job that was told to die must be seen dead: nothing is left running.
time_up() {
	kill_job
	for _ in {1..100}; do
		[ ! -e "$job.rc" ] || break
		sleep 0.1
	done
	give_up 124 "not done after $limit s, killed"
}

trap 'kill_job; exit 130' INT TERM
pid=$(cat "$dir/qemu.pid" 2>/dev/null || true)
end=$((SECONDS + limit))
until [ -e "$job.rc" ]; do
	kill -0 "${pid:-x}" 2>/dev/null || give_up 125 "QEMU is gone (see $dir)"
	[ "$SECONDS" -lt "$end" ] || time_up
	pause 0.2
done
cat "$job.out"
exit "$(cat "$job.rc")"
