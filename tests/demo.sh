#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A guided tour on real Xen: boots the rig, starts xen-vblkd, gives a guest a
# disk and shows what becomes of it, from inside the guest and from outside.
# Every step is checked; what a step does is in demo/steps.sh.

set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
rig=$here/rig

# Function in demo/steps.sh, and what to say about it.
tour=(
	daemon "xen-vblkd starts in dom0"
	create "a guest with grants and a 512 MiB disk: xl create"
	files "in the guest: a file system with files, unmounted, mounted, verified"
	outside_view "in dom0: the image holds the same files"
	discard "the guest gives blocks back, the image in dom0 shrinks"
	load "a short load: 4 KiB, random, O_DIRECT"
	ask "from outside: xen-vblk list, show, stats"
	destroy "xl destroy, and nothing is left"
	stop "xen-vblkd ends when it is told to"
)

usage() {
	cat <<U
usage: demo.sh

Shows the whole thing at work on real Xen, in QEMU. The first run prepares the
rig, which takes about 6 minutes; after that it is less than one.
Exit status: 0 when every step held, 1 otherwise.
U
}

case ${1:-} in
-h | --help) usage && exit 0 ;;
?*) usage >&2 && exit 2 ;;
esac

# What this make was told is not meant for the cross build.
unset MAKEFLAGS MFLAGS MAKELEVEL

run=$(mktemp -d "${TMPDIR:-/tmp}/xen-vblkd-demo.XXXXXX")
job=
number=0
results=()

# shellcheck disable=SC2317 # called by the trap
finish() {
	# It takes what it has started in dom0 with it.
	[ -z "$job" ] || { kill "$job" && wait "$job"; } 2>/dev/null
	"$rig/boot.sh" stop "$run"
	rm -rf "$run"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

announce() {
	number=$((number + 1))
	printf '\n[%3ss] %s. %s\n' "$SECONDS" "$number" "$1"
}

# verdict STATUS TEXT SECONDS
verdict() {
	local word=ok

	[ "$1" = 0 ] || word=FAILED
	printf '[%3ss]    %s\n' "$SECONDS" "$word"
	results+=("$(printf '%-7s %2s. %-68s %3ss' "$word" "$number" "$2" "$3")")
	return "$1"
}

boot() {
	"$rig/prepare.sh" && "$rig/build.sh" && "$rig/pack.sh" &&
		"$rig/boot.sh" start "$run" >/dev/null &&
		cp -r "$here/e2e" "$here/demo" "$run/share/"
}

boot_step() {
	local text="real Xen in QEMU: prepare, cross-build, pack, boot" rc

	announce "$text"
	[ -d "${RIG_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/xen-vblkd}/${ARCH:-arm}/kernel" ] ||
		echo "        (for the first time: about 6 minutes, most of it a kernel)"
	boot 2>&1 | sed 's/^/    /'
	rc=$?
	verdict $rc "$text" "$SECONDS"
}

# step FUNCTION TEXT. The wait can be interrupted, job.sh in front could not.
step() {
	local start=$SECONDS rc

	announce "$2"
	"$rig/job.sh" -d "$run" -t 90 -n "$1" \
		-c "sh /share/demo/steps.sh $1" >"$run/out" 2>&1 &
	job=$!
	wait "$job"
	rc=$?
	job=
	sed 's/^/    /' "$run/out"
	verdict $rc "$2" $((SECONDS - start))
}

summary() {
	local rest=$1 i

	printf '\nSummary\n'
	printf '  %s\n' "${results[@]}"
	for ((i = rest; i < ${#tour[@]}; i += 2)); do
		number=$((number + 1))
		printf '  %-7s %2s. %s\n' "not run" "$number" "${tour[i + 1]}"
	done
}

echo "xen-vblkd: a disk for a guest, served from dom0 over virtio and grants"
next=0
if boot_step; then
	while [ $next -lt ${#tour[@]} ]; do
		next=$((next + 2))
		step "${tour[next - 2]}" "${tour[next - 1]}" || break
	done
fi
failed=0
case "${results[*]}" in *FAILED*) failed=1 ;; esac
summary $next
if [ $failed = 0 ]; then
	echo "Every step held, after $SECONDS seconds."
else
	echo "A step FAILED, see above."
fi
exit $failed
