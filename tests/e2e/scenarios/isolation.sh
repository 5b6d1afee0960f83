# SPDX-License-Identifier: GPL-2.0-or-later
#
# limit: 60
# long: x86
# What a worker has given up: root, capabilities, other users' processes, raw
# hypercalls. Two workers are two users.

a=$(image a.img 16M)
b=$(image b.img 16M)
daemon_start
guest_create one -g 1 "$a"
guest_create two -g 0 "$b"
guest_ready one
guest_ready two

# field PID NAME: from /proc/PID/status
field() {
	sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status"
}

users=
for pid in $(workers); do
	users="$users $(field "$pid" Uid | cut -f1)"
	[ "$(field "$pid" CapEff)" = 0000000000000000 ] || fail "capabilities"
	[ "$(field "$pid" CapPrm)" = 0000000000000000 ] || fail "capabilities"
	[ "$(field "$pid" NoNewPrivs)" = 1 ] || fail "new privileges"
	[ "$(readlink "/proc/$pid/cwd")" = / ] || fail "working directory"
	[ "$(readlink "/proc/$pid/ns/net")" != "$(readlink /proc/1/ns/net)" ] ||
		fail "the host's network"
	files=$(ls -l "/proc/$pid/fd")
	# libxencall's descriptors are /dev/null now; what is left is narrowed.
	echo "$files" | grep -q /dev/xen/hypercall && fail "raw hypercalls"
	[ "$(echo "$files" | grep -c /dev/xen/privcmd)" -le 2 ] ||
		fail "an unrestricted privcmd: $files"
	echo "$files" | grep -q xenstore && fail "xenstore"
done
[ "$(echo $users | tr ' ' '\n' | sort -u | grep -vc '^0$')" = 2 ] ||
	fail "two workers should be two users other than root: $users"
for g in one two; do
	guest_sh $g "vblk-load pattern-write --size 16M --seed 1 --direct /dev/vda"
	xl destroy $g
done
all_gone
