#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A toolstack that writes nonsense, key by key. Whoever waits for the disk is told
# at once, in a sentence that names the key; what is no disk at all is passed over;
# and the disks of others go on.

set -euo pipefail
# shellcheck source=words.sh
. "$(dirname "$0")/words.sh"

root=/local/domain/0/backend/virtio_disk

# refused WORDS CHANGE...: xvdb of that guest is
refused() {
	local words=$1 node=$root/$id/51728 said

	shift
	! "$SIMCTL" disk-add "$id" xvdb "$SIM_WORLD/two.img" "$@" \
		2>/dev/null || fail "it was served: $*"
	said=$("$SIMCTL" store-read "$node/hotplug-error") ||
		fail "libxl is not told: $*"
	[ "$said" = "$words" ] || fail "libxl is told '$said': $*"
	tail -n 1 "$SIM_WORLD/daemon.log" | grep -qF -- ": $words" ||
		fail "it is not in the log: $*"
	"$SIMCTL" disk-remove "$id" xvdb || fail "disk-remove after $*"
}

unusable() {
	echo "its xenstore node $1 can't be used: $2"
}

# passed_over CHANGE: nothing is said, and nothing is done before it is put right
passed_over() {
	local node=$root/$id/51728 key=${1#-} lines

	lines=$(wc -l <"$SIM_WORLD/daemon.log")
	! SIM_PATIENCE_MS=200 "$SIMCTL" disk-add "$id" xvdb \
		"$SIM_WORLD/two.img" "$1" 2>/dev/null || fail "it was served: $1"
	[ "$(wc -l <"$SIM_WORLD/daemon.log")" = "$lines" ] ||
		fail "something is said: $1"
	"$SIMCTL" store-write "$node/${key%%=*}" 1
	within 5 is_ready "$node"
	"$SIMCTL" disk-remove "$id" xvdb || fail "disk-remove after $1"
}

is_ready() {
	[ "$("$SIMCTL" store-read "$1/state")" = 2 ]
}

alive() {
	[ "$("$SIMCTL" read "$1" $(($2 + 0x70)))" = 0x3 ]
}

# shellcheck disable=SC2119 # no lines
daemon_start
truncate -s 1M "$SIM_WORLD/two.img"
guest_begins bystander
other=$id other_base=$base
guest_begins one

echo "--- keys that are not there"
for key in params dev mode base irq; do
	refused "$(unusable $key "No such file or directory")" -$key
done

echo "--- an image"
refused "target=two.img is not an absolute path" params=two.img
refused "target= is not an absolute path" params=
refused "image / is a directory; needed is a raw image file or a block device" \
	params=/

echo "--- text that is too long"
refused "$(unusable dev "File name too long")" dev=xvdabcdefghijklm
refused "$(unusable mode "File name too long")" mode=0123456789abcdef

echo "--- numbers"
for number in "" here -1 0x 12monkeys 0x1g 99999999999999999999 \
		0x10000000000000000; do
	refused "$(unusable base "Invalid argument")" "base=$number"
	refused "$(unusable irq "Invalid argument")" "irq=$number"
done
refused "$(unusable irq "Invalid argument")" irq=4294967296
for flag in 2 yes -0 ""; do
	refused "$(unusable grant_usage "Invalid argument")" "grant_usage=$flag"
	refused "$(unusable discard-enable "Invalid argument")" "discard-enable=$flag"
done

echo "--- places"
refused "irq 5 is not one of virtio-mmio's (33 to 43); is this libxl's?" irq=5
for base_said in 4096 0x2000001 18446744073709551615; do
	refused "$(printf 'base %#x is not a window of virtio-mmio (0x2000000 to 0x20ffe00); is this libxl'"'"'s?' \
		"$base_said")" "base=$base_said"
done

echo "--- states that there are not"
for change in state=9 state=x state= -state online=2 online=yes online=0; do
	passed_over $change
done

echo "--- names that are no numbers, and guests that are not there"
for name in nonsense/51712 "$id/xvdb" "$id/4294967296" 99999/51712 70/51712 \
		-1/51712; do
	"$SIMCTL" store-write "$root/$name/state" 1
done
"$SIMCTL" store-write "/local/domain/$id/name" "$(printf '%0300d' 0)"

echo "--- what only looks wrong"
# Whose disk it is says its place in xenstore, which only dom0 can write.
"$SIMCTL" disk-add "$id" xvdb "$SIM_WORLD/two.img" frontend-id=0 \
	-grant_usage -discard-enable dev=a/b >"$SIM_WORLD/place" ||
	fail "it is not served"
read -r second _ <"$SIM_WORLD/place"
[ "$("$SIMCTL" read "$id" "$second")" = 0x74726976 ] || fail "it is not there"

alive "$other" "$other_base" || fail "the bystander's disk"
alive "$id" "$base" || fail "the guest's other disk"
for d in "$id" "$other"; do
	"$SIMCTL" destroy "$d" || fail "destroy"
done
within 5 nothing_left
daemon_stop
