#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The end-to-end suite: prepares and boots the rig, runs the scenarios in dom0
# one by one, and ends with "N passed, N failed, N skipped". A rig that dies in
# a scenario is a failure of that scenario; the next one gets a new rig. In the
# simulation each scenario has a world of its own.

set -uo pipefail
# What this make was told is not meant for the cross build.
unset MAKEFLAGS MFLAGS MAKELEVEL
here=$(cd "$(dirname "$0")" && pwd)
rig=$here/../rig
SIM_BUILD=$(cd "${SIM_BUILD:-$here/../..}" && pwd)
export SIM_BUILD

usage() {
	cat <<U
usage: run.sh [-w WORLD] [-j N] [-k] [-l] [-p] [SCENARIO...]

SCENARIO  names in tests/e2e/scenarios without .sh (default: all)
-w WORLD  rig (default: \$WORLD, or rig), or sim, the simulated Xen
-j N      rigs at a time (default 2, each is busy on one core), or worlds
-k        one rig, kept running afterwards; says where it is
-l        the long ones too, and the long form of others
-p        prepare, build and pack the rigs, and no more
Environment: ARCH (arm or x86; default: both, beside each other), SMP and
what else tests/rig/boot.sh knows; for the simulation SIM_BUILD, where make has
built, and PRODUCT, where the daemon was built, if elsewhere.
U
}

keep='' long='' prepare='' lanes=''
export WORLD=${WORLD:-rig}
while getopts w:j:klph opt; do
	case $opt in
	w) WORLD=$OPTARG ;;
	j) lanes=$OPTARG ;;
	k) keep=1 lanes=1 ;;
	l) long=1 ;;
	p) prepare=1 ;;
	h) usage && exit 0 ;;
	*) usage >&2 && exit 2 ;;
	esac
done
shift $((OPTIND - 1))
case $WORLD in
rig) read -ra archs <<<"${ARCH:-arm x86}" ;;
# It is an Arm; and to wait needs no processor.
sim) archs=(sim) lanes=${lanes:-$((2 * $(nproc)))} ;;
*) usage >&2 && exit 2 ;;
esac
lanes=${lanes:-2}

# What the scenarios' heads say, their lines "# KEY: VALUE", as "SCENARIO KEY". It
# is read once, and by this shell: a process for each question would take longer
# than many a scenario.
declare -A says
for f in "$here"/scenarios/*.sh; do
	name=${f##*/}
	while IFS= read -r l && [[ $l == '#'* ]]; do
		[[ ! $l =~ ^'# '([a-z -]+)': '+(.*)$ ]] ||
			says[${name%.sh} ${BASH_REMATCH[1]}]=${BASH_REMATCH[2]}
	done <"$f"
done

# A scenario's limit is in seconds, from its "# limit: N" line; on a busy
# machine, or where guests boot slowly, it may take three times as long.
default_limit=120

# fits ARCH SCENARIO: "# arch: x86" means nowhere else, "# long: x86" not
# always there.
fits() {
	local only=${says[$2 arch]:-}

	[ -z "$only" ] || [ "$only" = "${1/sim/arm}" ] || return 1
	[ -z "$named$long" ] || return 0
	[[ " ${says[$2 long]:-} " != *" $1 "* ]]
}

named=$*
if [ $# = 0 ]; then
	for f in "$here"/scenarios/*.sh; do
		f=${f##*/}
		set -- "$@" "${f%.sh}"
	done
fi

logs=$(mktemp -d)
run=
booted=

stop() {
	[ -z "$run" ] || "$rig/boot.sh" stop "$run" >/dev/null
	run=
}

# Debian's own hypervisor, for scenarios that say "# xen: stock".
cache=${RIG_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/xen-vblkd}

# boot ARCH [XEN [WORDS]]: WORDS are for Xen's command line
boot() {
	stop
	run=$(ARCH=$1 XEN=${2:-} XENEXTRA="${XENEXTRA:-} ${3:-}" \
		"$rig/boot.sh" start 2>"$logs/boot.$1") || {
		cat "$logs/boot.$1" >&2
		return 1
	}
	booted=$1
	cp -r "$here" "$run/share/e2e"
}

# alive ARCH: our rig is one of these, and runs
alive() {
	[ -n "$run" ] && [ "$booted" = "$1" ] &&
		"$rig/boot.sh" status "$run" >/dev/null 2>&1
}

# line RESULT NAME SECONDS REMARK
line() {
	echo "$1" >>"$logs/results"
	printf '  %-7s %-44s %8ss%s\n' "$@"
}

# in_rig ARCH NAME
in_rig() {
	local rc own='' words=${says[$2 xen-options]:-}

	if [ "${says[$2 xen]:-}" = stock ]; then
		own=1
		boot "$1" "$cache/$1/stock/xen" "$words" || return 1
	elif [ -n "$words" ]; then
		own=1
		boot "$1" "" "$words" || return 1
	elif ! alive "$1"; then
		boot "$1" || return 1
	fi
	RIG_RUN=$run "$rig/job.sh" -n "$2" \
		-t $((3 * ${says[$2 limit]:-default_limit})) \
		-c "LONG=$long sh /share/e2e/one.sh scenarios/$2.sh"
	rc=$?
	# What a broken scenario left behind must not break the next.
	if [ -n "$own" ] || { [ $rc != 0 ] && [ $rc != 77 ] && [ -z "$keep" ]; }
	then
		stop
	fi
	return $rc
}

# in_sim NAME
in_sim() {
	local why=${says[$1 rig only]:-} stock=

	if [ -n "$why" ]; then
		echo "SKIP: $why"
		return 77
	fi
	[ "${says[$1 xen]:-}" != stock ] || stock=1
	STOCK_XEN=$stock LONG=$long \
		timeout -k 5 $((3 * ${says[$1 limit]:-default_limit})) \
		"$here/../sim/run.sh" sh "$here/one.sh" "scenarios/$1.sh"
}

# scenario ARCH NAME
scenario() {
	local log=$logs/$1.$2 start=$EPOCHSECONDS rc

	case $1 in
	sim) in_sim "$2" >"$log" 2>&1 ;;
	*) in_rig "$1" "$2" >"$log" 2>&1 ;;
	esac
	rc=$?
	case $rc in
	0) line ok "e2e/$1/$2" $((EPOCHSECONDS - start)) "" ;;
	77)
		line skip "e2e/$1/$2" $((EPOCHSECONDS - start)) \
			"  $(grep SKIP: "$log" | tail -n 1)"
		;;
	*)
		{
			line FAIL "e2e/$1/$2" $((EPOCHSECONDS - start)) \
				"  (status $rc)"
			sed 's/^/    | /' "$log" | tail -n 80
		} >"$log.shown"
		cat "$log.shown"
		;;
	esac
}

# Longest first, so that the lanes end together: "ARCH SCENARIO".
list() {
	local arch s

	for arch in "${archs[@]}"; do
		for s; do
			! fits "$arch" "$s" ||
				echo "${says[$s limit]:-$default_limit} $arch $s"
		done
	done | sort -rn | cut -d' ' -f2-
}

# take ARCH: the next of the list, to whichever lane asks first, as $taken, empty
# behind the last.  A change of architecture costs a boot, so it comes late.
take() {
	local lines i next=0

	exec 8>"$logs/lock"
	flock 8
	mapfile -t lines <"$logs/list"
	for i in "${!lines[@]}"; do
		[[ ${lines[i]} != "$1 "* ]] || { next=$i && break; }
	done
	taken=${lines[next]:-}
	unset "lines[next]"
	printf '%s' "${lines[@]/%/$'\n'}" >"$logs/list"
	exec 8>&-
}

# lane ARCH: a process with a rig of its own, which begins with that one
lane() {
	booted=$1
	trap '[ -n "$keep" ] || stop' EXIT
	while take "$booted" && [ -n "$taken" ]; do
		# shellcheck disable=SC2086 # two words
		scenario $taken
		echo "$taken" >>"$logs/ran"
	done
	[ -z "$keep" ] || echo "rig: RIG_RUN=$run"
}

trap 'rm -rf "$logs"' EXIT
trap 'trap - TERM; kill 0; wait; exit 130' INT TERM
: >"$logs/ran"
: >"$logs/results"
list "$@" >"$logs/list"
total=$(wc -l <"$logs/list")
# ready ARCH: its rig is prepared, and has what is built from this tree. One such
# run at a time.
ready() {
	local step

	mkdir -p "$cache"
	exec 7>"$cache/ready-$1.lock"
	flock 7
	for step in prepare build pack; do
		ARCH=$1 "$rig/$step.sh" 2>&1 7>&- || return
	done | sed -u "s/^rig:/rig: $1:/"
}

rigs=()
for arch in "${archs[@]}"; do
	[ "$arch" != sim ] || continue
	grep -q "^$arch " "$logs/list" || continue
	ready "$arch" &
	rigs+=($!)
done
for p in ${rigs[@]+"${rigs[@]}"}; do
	wait "$p" || exit 1
done
# Asked once; where it can't be had, each world says why.
if [ "$WORLD" = sim ] && XENSTORED=$("$here/../sim/prepare.sh" 2>&1); then
	export XENSTORED
fi
if [ -n "$prepare" ]; then
	echo "0 passed, 0 failed, 0 skipped"
	exit 0
fi
for ((i = 0; i < lanes; i++)); do
	lane "${archs[i % ${#archs[@]}]}" &
done
wait

count() {
	grep -c "^$1\$" "$logs/results" || true
}

[ "$(wc -l <"$logs/ran")" = "$total" ] || echo "some scenarios did not run" >&2
passed=$(count ok) skipped=$(count skip)
failed=$((total - passed - skipped))
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
