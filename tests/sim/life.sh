#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The unmodified daemon and worker in the simulation, with a real xenstored: a
# disk comes, its registers answer, its worker is killed and another takes over,
# so does one where a vCPU could not be woken, it goes, and nothing is left.

set -euo pipefail
# shellcheck source=words.sh
. "$(dirname "$0")/words.sh"

# The status register, which the guest has written.
alive() {
	[ "$("$SIMCTL" read "$id" $((base + 0x70)))" = 0x3 ]
}

# shellcheck disable=SC2119 # no lines
daemon_start
truncate -s 16M "$SIM_WORLD/disk.img"
id=$("$SIMCTL" create one 64 2)
read -r base _ < <("$SIMCTL" disk-add "$id" xvda "$SIM_WORLD/disk.img" grants) ||
	fail "disk-add"
# "virt", version 2, a block device
[ "$("$SIMCTL" read "$id" "$base")" = 0x74726976 ] || fail "no magic"
[ "$("$SIMCTL" read "$id" $((base + 4)))" = 0x2 ] || fail "version"
[ "$("$SIMCTL" read "$id" $((base + 8)))" = 0x2 ] || fail "device"
"$SIMCTL" invalidate "$id" || fail "invalidate"
"$SIMCTL" write "$id" $((base + 0x70)) 3 || fail "status"

old=$(workers) || fail "no worker"
kill -9 "$old"
# The vCPU waits for whoever comes next, which knows what was written.
alive || fail "status is lost"
new=$(workers) || fail "no other worker"
[ "$new" != "$old" ] || fail "the worker was not killed"

# Answered, but the event that wakes it fails; then the one after it is not heard.
"$SIMCTL" fault ev_notify:1:EIO >/dev/null
alive || fail "a vCPU sleeps on its answer"
"$SIMCTL" fault ev_unmask:1:EIO >/dev/null
alive || fail "a vCPU is answered and not woken"
alive || fail "a vCPU is not heard any more"
"$SIMCTL" fault clear

"$SIMCTL" disk-remove "$id" xvda || fail "disk-remove"
"$SIMCTL" destroy "$id" || fail "destroy"
within 5 nothing_left
! "$SIMCTL" read "$id" "$base" 2>/dev/null || fail "a domain that is gone"

daemon_stop
