#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The unmodified daemon and worker in the simulation, with a real xenstored: a
# disk comes, its registers answer, its worker is killed and another takes over,
# so does one where a vCPU could not be woken, it goes, and nothing is left. Then two
# disks at once.

set -euo pipefail
# shellcheck source=words.sh
. "$(dirname "$0")/words.sh"

# The status register, which the guest has written.
alive() {
	[ "$("$SIMCTL" read "$id" $((base + 0x70)))" = 0x3 ]
}

daemon_start "[disk one/xvda]" "serial = a-serial-number"
truncate -s 16M "$SIM_WORLD/disk.img"
"$SIMCTL" empty || fail "something is there before anybody came"
id=$("$SIMCTL" create one 64 2)
! "$SIMCTL" empty || fail "a domain is not seen"
read -r base irq < <("$SIMCTL" disk-add "$id" xvda "$SIM_WORLD/disk.img" grants) ||
	fail "disk-add"
# "virt", version 2, a block device
[ "$("$SIMCTL" read "$id" "$base")" = 0x74726976 ] || fail "no magic"
[ "$("$SIMCTL" read "$id" $((base + 4)))" = 0x2 ] || fail "version"
[ "$("$SIMCTL" read "$id" $((base + 8)))" = 0x2 ] || fail "device"
"$SIMCTL" invalidate "$id" || fail "invalidate"
[ "$(held)" != 0 ] || fail "a server is not seen"

[ "$("$build/tests/guest/verify" "$id" "$base" "$irq" grant |
	sed -n 's/^serial //p')" = a-serial-number ] || fail "serial number"
"$SIMCTL" write "$id" $((base + 0x70)) 0 || fail "status"
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

# A guest with one vCPU: who has taken its event does not ask for another.
two=$("$SIMCTL" create two 16 1)
truncate -s 1M "$SIM_WORLD/two.img"
read -r one_vcpu _ < <("$SIMCTL" disk-add "$two" xvda "$SIM_WORLD/two.img") ||
	fail "disk-add"
asked=$(count ev_pending)
for ((i = 0; i < 20; i++)); do
	"$SIMCTL" read "$two" "$one_vcpu" >/dev/null || fail "read"
done
asked=$(($(count ev_pending) - asked))
[ $asked -lt 30 ] || fail "20 accesses cost $asked calls"
"$SIMCTL" destroy "$two" || fail "destroy"

"$SIMCTL" disk-remove "$id" xvda || fail "disk-remove"
"$SIMCTL" destroy "$id" || fail "destroy"
within 5 nothing_left
! "$SIMCTL" read "$id" "$base" 2>/dev/null || fail "a domain that is gone"

daemon_stop

# Two disks that were there before anybody looked: each gets a place of its own,
# though the worker has neither yet.
add() {
	truncate -s "$2" "$SIM_WORLD/$1.img"
	"$SIMCTL" disk-add "$three" "$1" "$SIM_WORLD/$1.img" >"$SIM_WORLD/$1"
}

# there N: so many have their nodes
there() {
	[ "$("$SIMCTL" store-list /local/domain/0/backend/virtio_disk/"$three" |
		wc -l)" = "$1" ]
}

# sectors DISK: of its configuration space
sectors() {
	read -r base _ <"$SIM_WORLD/$1"
	"$SIMCTL" read "$three" $((base + 0x100))
}

three=$("$SIMCTL" create three 16 1)
add xvda 1M &
first=$!
within 5 there 1
add xvdb 2M &
second=$!
within 5 there 2
daemon_start
wait $first || fail "the first disk"
wait $second || fail "the second disk"
[ "$(sectors xvda)" = 0x800 ] || fail "the first is not there"
[ "$(sectors xvdb)" = 0x1000 ] || fail "the second is not there"
"$SIMCTL" destroy "$three" || fail "destroy"
within 5 nothing_left

daemon_stop
