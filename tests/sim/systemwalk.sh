#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Calls of the C library and of liburing fail, the first, second and so on that
# daemon and worker make themselves, one kind after the other: while the daemon
# starts and a guest waits for it whose disk another daemon served; and while a disk
# comes, is used and goes, with an image in memory and with one that is not.
#
# systemwalk.sh [STORY [KIND...]]: start, life or image; open, memory and so on.
#
# A daemon that can't go on ends with 1 and has said why, one that lives answers, and
# the next one serves whoever is there. A worker that can't go on is replaced. Nothing
# is left of a guest that is gone, and the disk of the one who stays works.

set -euo pipefail

case ${1:-} in
'' | start | life | image) ;;
*)
	echo "usage: systemwalk.sh [start|life|image [KIND...]]" >&2
	exit 2
	;;
esac
# shellcheck source=steps.sh
. "$(dirname "$0")/steps.sh"
[ $# != 0 ] || side_by_side start life image
# shellcheck source=words.sh
. "$(dirname "$0")/words.sh"

preload=$SIM_LIBS/libxensim-system.so
what=nothing
story=$1
shift

fail() {
	echo "FAIL: with $what: $*"
	tail -n 20 "$SIM_WORLD/daemon.log"
	"$SIMCTL" stats | awk '$2 != 0' | tail -n 12
	exit 1
}

# --- the daemon --------------------------------------------------------------------

serves() {
	vblk list >/dev/null 2>&1
}

# ended: the daemon has, as whoever can't go on
ended() {
	local status=0

	wait "$pid" || status=$?
	[ $status = 1 ] || fail "the daemon ended with $status"
	[ "$(wc -l <"$SIM_WORLD/daemon.log")" -gt "$(cat "$SIM_WORLD/looked")" ] ||
		fail "it does not say why it ends"
}

# either: it serves, or has ended
either() {
	for ((i = 0; i < 300; i++)); do
		! serves || return 0
		kill -0 "$pid" 2>/dev/null || return 1
		sleep 0.05
	done
	fail "the daemon neither serves nor ends"
}

goes_on() {
	if ! either; then
		ended
		daemon_start "${lines[@]}"
	fi
	! said '(null)' || fail "words are missing"
}

# --- who stays ----------------------------------------------------------------------

only_bystander() {
	[ "$(held)" -le "$at_rest" ] && [ "$("$SIMCTL" list | wc -l)" = 1 ]
}

bystander_works() {
	[ "$("$SIMCTL" read "$bystander" $((bystander_base + 0x70)) 2>/dev/null)" = 0x3 ]
}

# What can't be taken up again waits until someone has put it right, and says so.
all_well() {
	goes_on
	within 15 only_bystander
	! said 'then reload xen-vblkd' || kill -HUP "$pid"
	within 15 bystander_works
}

# --- a start ------------------------------------------------------------------------

start() {
	local fault

	kill -9 "$pid"
	wait "$pid" 2>/dev/null || :
	look
	fault=$("$SIMCTL" fault "$what")
	daemon_begin "${lines[@]}"
	either || ended
	# What it does when it has time; its guest's worker, above all.
	bystander_works || :
	hits=$("$SIMCTL" fault-hits "$fault")
	"$SIMCTL" fault clear
	all_well
}

# --- a life -------------------------------------------------------------------------

# Data is there in the end; who does not move it is not noticed, worker or not. A
# daemon that has ended meanwhile is started again, because the guest waits for it.
guest_works() {
	local text seen='^0 errors, 0 resets$' verify

	case $what in
	sys_data:* | sys_memory:*) seen='errors, .* resets$' ;;
	esac
	"$build/tests/guest/verify" "$id" "$base" "$irq" grant \
		>"$SIM_WORLD/verify" 2>&1 &
	verify=$!
	while kill -0 $verify 2>/dev/null; do
		kill -0 "$pid" 2>/dev/null || goes_on
		sleep 0.1
	done
	wait $verify || fail "the guest: status $?: $(cat "$SIM_WORLD/verify")"
	text=$(cat "$SIM_WORLD/verify")
	! grep '^guest' <<<"$text" || fail "the guest complains"
	grep -q "$seen" <<<"$text" || fail "the guest noticed it: $text"
}

# The disk comes, is written to and read, and goes, as far as that is possible.
life() {
	local id base irq

	id=$("$SIMCTL" create one 4 2)
	if read -r base irq < <("$SIMCTL" disk-add "$id" xvda "$image" grants \
			2>/dev/null) && [ -n "$irq" ]; then
		guest_works
		"$SIMCTL" disk-remove "$id" xvda 2>/dev/null || :
	fi
	"$SIMCTL" destroy "$id" 2>/dev/null || :
}

live() {
	local fault

	look
	fault=$("$SIMCTL" fault "$what")
	life
	hits=$("$SIMCTL" fault-hits "$fault")
	"$SIMCTL" fault clear
	all_well
}

# --- the stories --------------------------------------------------------------------

image=$SIM_WORLD/disk.img
lines=("pool-size = 2M")
if [ "$story" = image ]; then
	# Not in memory, as a rule: served by io_uring.
	place=$(mktemp -d /var/tmp/sim.XXXXXX)
	trap 'rm -rf "$place"; [ -z "$pid" ] || kill "$pid" 2>/dev/null || :' EXIT
	chmod 755 "$place"
	image=$place/disk.img
fi
truncate -s 16M "$image"
truncate -s 1M "$SIM_WORLD/bystander.img"
daemon_start "${lines[@]}"
bystander=$("$SIMCTL" create bystander 4 1)
read -r bystander_base _ < <("$SIMCTL" disk-add "$bystander" xvda \
	"$SIM_WORLD/bystander.img") || fail "disk-add"
"$SIMCTL" write "$bystander" $((bystander_base + 0x70)) 3 || fail "status"
at_rest=$(held)

[ $# != 0 ] || set -- open stat read write name lock control socket send receive \
	poll signal spawn child map unmap rights ring submit data memory
command=live
[ "$story" != start ] || command=start
# What a story has none of, besides what tmpfs needs and io_uring does not.
none_of=' start:unmap start:data life:signal image:signal image:data '
for kind; do
	errno=EIO
	[ "$kind" != memory ] || errno=ENOMEM
	walk $command "sys_$kind"
	[ "$failed" -gt 0 ] || [[ $none_of = *" $story:$kind "* ]] ||
		fail "no call of kind $kind failed"
done
daemon_stop
