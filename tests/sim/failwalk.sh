#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A disk's life again and again, while one call into Xen's libraries fails: the
# first of a kind, the second and so on, until none is left to fail, and one kind
# after the other. There are several walks, each in a world of its own: the life of
# a disk that nobody uses; a guest that writes and verifies, its data copied,
# mapped by grants, or mapped without, or with event channels that fail; and one
# whose worker is killed, so that the calls of the next fail.
#
# A disk may be refused then, its guest may see an I/O error or have to reset it;
# but data that was written is there, nothing is left of that guest, the daemon
# lives, and the next one is served.

set -euo pipefail
what=nothing

# shellcheck source=steps.sh
. "$(dirname "$0")/steps.sh"
[ $# != 0 ] || side_by_side life copy map foreign events killed
# shellcheck source=words.sh
. "$(dirname "$0")/words.sh"
errno=EIO

fail() {
	echo "FAIL: with $what: $*"
	tail -n 20 "$SIM_WORLD/daemon.log"
	"$SIMCTL" stats | awk '$2 != 0' | tail -n 12
	exit 1
}

# --- no data -----------------------------------------------------------------------

# The disk comes, is looked at, and goes; the status says if all went well.
life() {
	local id base rest status=0

	id=$("$SIMCTL" create one 4 2)
	if rest=$("$SIMCTL" disk-add "$id" xvda "$SIM_WORLD/disk.img" grants \
			2>/dev/null); then
		read -r base _ <<<"$rest"
		[ "$("$SIMCTL" read "$id" "$base" 2>/dev/null)" = 0x74726976 ] ||
			status=1
		"$SIMCTL" invalidate "$id" 2>/dev/null || status=1
		"$SIMCTL" disk-remove "$id" xvda 2>/dev/null || status=1
	else
		status=1
	fi
	"$SIMCTL" destroy "$id" 2>/dev/null || status=1
	return $status
}

control() {
	local fault

	fault=$("$SIMCTL" fault "$what")
	life || :
	hits=$("$SIMCTL" fault-hits "$fault")
	"$SIMCTL" fault clear
	within 15 nothing_left
	vblk list >/dev/null || fail "the daemon does not answer"
}

# --- with data ---------------------------------------------------------------------

guest_begin() {
	local grants=

	[ "$kind_of_address" = foreign ] || grants=grants
	id=$("$SIMCTL" create one 4 2)
	# shellcheck disable=SC2086 # a word or none
	read -r base irq < <("$SIMCTL" disk-add "$id" xvda \
		"$SIM_WORLD/disk.img" $grants) || fail "no disk"
}

guest_end() {
	"$SIMCTL" destroy "$id" || fail "destroy"
	within 5 nothing_left
}

# excused LINE: where a call failed without which the status byte can't be found,
# there is no status; and what can't be unmapped stays mapped as long as the worker
# lives.
excused() {
	case $1 in
	*": status 255") return 0 ;;
	*": grant "*" still in use") [[ $what = gnt_unmap:* ]] ;;
	*) return 1 ;;
	esac
}

# Only what moves data may be an error that a guest sees.
notices() {
	case $what in
	gnt_* | fm_map:* | fm_page:*) return 0 ;;
	esac
	return 1
}

# guest_works [FAULT [PID]]
guest_works() {
	local text line unseen=

	text=$("$build/tests/guest/verify" "$id" "$base" "$irq" \
		"$kind_of_address" "$@" 2>&1) ||
		fail "the guest: status $?: $text"
	hits=
	while read -r line; do
		case $line in
		guest*) excused "$line" || fail "the guest complains: $line" ;;
		"0 errors, 0 resets") unseen=y ;;
		*" failed calls") hits=${line% failed calls} ;;
		esac
	done <<<"$text"
	notices || [ -n "$unseen" ] || fail "the guest noticed it: $text"
}

as_at_rest() {
	[ "$(held)" -le "$at_rest" ]
}

data() {
	guest_works "$what"
	# Without grants the cache keeps what it has.
	[ "$kind_of_address" = foreign ] || within 5 as_at_rest
}

# Another guest each time: a grant that is mapped for good can't be used again, and
# a worker that ends five times in a minute is not started again.
fresh() {
	guest_begin
	guest_works "$what"
	guest_end
}

# The worker is killed in the middle, and the call is one of the next.
killed() {
	guest_begin
	guest_works "$what" "$(workers)"
	guest_end
}

truncate -s 16M "$SIM_WORLD/disk.img"
case $1 in
life)
	# shellcheck disable=SC2119 # no lines
	daemon_start
	life || fail "the first life"
	walk control dm_open fm_open ev_open gnt_open restrict dm_vcpus \
		dm_create fm_resource dm_state ev_bind dm_map_range ev_pending \
		ev_unmask ev_notify dm_unmap_range dm_destroy fm_unresource \
		ev_unbind xc_info
	life || fail "the last life"
	;;
*)
	kind_of_address=grant
	[ "$1" != foreign ] || kind_of_address=foreign
	if [ "$1" = map ]; then
		daemon_start "grant-io = map" "[disk]" "direct = off"
	else
		daemon_start "pool-size = 2M"
	fi
	case $1 in
	events) walk fresh ev_pending ev_unmask ev_notify ;;
	killed)
		walk killed dm_open fm_open ev_open gnt_open restrict dm_vcpus \
			fm_resource dm_state ev_bind dm_map_range gnt_map \
			gnt_page
		;;
	*)
		[ "$1" != map ] || walk fresh gnt_unmap
		guest_begin
		at_rest=$(held)
		case $1 in
		copy) walk data gnt_map gnt_page gnt_copy gnt_segment dm_irq ;;
		map) walk data gnt_map gnt_page ;;
		foreign) walk data fm_map fm_page fm_unmap ;;
		esac
		guest_works
		guest_end
		;;
	esac
	guest_begin
	guest_works
	guest_end
	;;
esac
daemon_stop
