#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A worker that is killed while it removes a disk. The next one drops what is
# left: nobody answers in the window any more, whoever waited there goes on, the
# last disk takes the ioreq server with it, and a disk of the same name begins
# from nothing.

set -euo pipefail
# shellcheck source=words.sh
. "$(dirname "$0")/words.sh"

servers() {
	[ "$(count servers)" = "$1" ]
}

# "virt", and the status register
alive() {
	[ "$("$SIMCTL" read "$id" "$1")" = 0x74726976 ]
}

status() {
	"$SIMCTL" read "$id" $(($1 + 0x70))
}

add() {
	"$SIMCTL" disk-add "$id" "$1" "$SIM_WORLD/$2.img" grants ||
		fail "disk-add $1"
}

# remove_under_kill VDEV BASE: the worker stands still, is told, and is killed.
# A vCPU that reads in the window meanwhile waits in it.
remove_under_kill() {
	local old job vcpu

	old=$(workers) || fail "no worker"
	kill -STOP "$old"
	"$SIMCTL" disk-remove "$id" "$1" &
	job=$!
	"$SIMCTL" read "$id" "$2" >"$SIM_WORLD/read" 2>&1 &
	vcpu=$!
	within 5 told "$1"
	kill -9 "$old"
	wait "$job" || fail "$1 is not removed"
	within 5 ended "$vcpu"
	wait "$vcpu" || fail "the vCPU got no answer: $(cat "$SIM_WORLD/read")"
	[ "$(cat "$SIM_WORLD/read")" = 0xffffffff ] ||
		fail "something answered in the window of $1"
}

ended() {
	! kill -0 "$1"
}

# The manager has told the worker to remove it.
told() {
	vblk list | grep "$1" | grep -q stopping
}

# shellcheck disable=SC2119 # no lines
daemon_start
truncate -s 16M "$SIM_WORLD"/{one,two,three}.img
id=$("$SIMCTL" create guest 64 2)

# One of two disks.
read -r one _ < <(add xvda one)
read -r two _ < <(add xvdb two)
"$SIMCTL" write "$id" $((one + 0x70)) 3 || fail "status"
"$SIMCTL" write "$id" $((two + 0x70)) 3 || fail "status"
remove_under_kill xvda "$one"
[ "$(status "$two")" = 0x3 ] || fail "the other disk is lost"
within 5 servers 1
! "$SIMCTL" read "$id" "$one" 2>/dev/null || fail "the window is still there"

# The same name and window, and another image: nothing of the first is there.
read -r again _ < <(add xvda three)
[ "$again" = "$one" ] || fail "the world gives it another window"
alive "$again" || fail "no magic"
[ "$(status "$again")" = 0x0 ] || fail "it goes on from the disk before"

# Both, the last with its server; the guest lives on.
"$SIMCTL" disk-remove "$id" xvdb || fail "disk-remove"
remove_under_kill xvda "$again"
within 5 servers 0
! "$SIMCTL" read "$id" "$again" 2>/dev/null || fail "the window is still there"
[ ! -e "$run/$id.state" ] || fail "the state is still there"
! workers >/dev/null || fail "a worker is left"

# One that never answers is killed for it.
read -r one _ < <(add xvda one)
"$SIMCTL" write "$id" $((one + 0x70)) 3 || fail "status"
kill -STOP "$(workers)"
"$SIMCTL" disk-remove "$id" xvda || fail "a worker that does not answer"
within 5 servers 0
"$SIMCTL" destroy "$id" || fail "destroy"
[ "$("$SIMCTL" list)" = "" ] || fail "a domain is left: $("$SIMCTL" list)"

daemon_stop
