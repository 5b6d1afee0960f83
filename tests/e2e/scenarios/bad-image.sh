# SPDX-License-Identifier: GPL-2.0-or-later
#
# limit: 150
# long: x86
# Images that can't be served: xl create fails within ten seconds, the log says
# what to do, and another guest goes on.

good=$(image good.img 16M)
daemon_start
guest_create other -g 1 "$good"
guest_ready other

# refused REASON-PATTERN DISK
refused() {
	guest_write_config bad -g 1 "$2"
	begin=$(date +%s)
	if guest start bad >"$SCRATCH/create.out" 2>&1; then
		fail "xl create accepted $2"
	fi
	took=$(($(date +%s) - begin))
	[ $took -le 30 ] || fail "xl create took $took s for $2"
	daemon_log >"$SCRATCH/daemon.out"
	grep -qE "$1" "$SCRATCH/daemon.out" "$SCRATCH/create.out" ||
		{ cat "$SCRATCH/create.out"; fail "no word of '$1' in the log: $(tail -n 3 "$SCRATCH/daemon.out")"; }
	expect "domain is gone" no_domain bad
	guest_sh other "vblk-load read --bs 4k --count 50 --direct /dev/vda >/dev/null"
}

is_locked() {
	! flock -n "$1" true
}

# xl itself looks at what it can see.
refused "No such file|no suitable backend" "$IMAGES/absent.img"
mkdir "$IMAGES/dir.img"
refused "directory|no suitable backend" "$IMAGES/dir.img"

odd=$(image odd.img 1000001)
refused "1000001.*512|512.*1000001|multiple of" "$odd"
closed=$(image closed.img 16M)
chmod 000 "$closed"
refused "closed.img has no read permission" "$closed"
empty=$(image empty.img 0)
refused "empty|size" "$empty"
refused "good.img is locked" "$good"
locked=$(image locked.img 16M)
# It becomes the program that it is told to run, and so ends with it.
flock -F "$locked" sleep 60 &
holder=$!
expect "it is locked" is_locked "$locked"
refused "locked.img is locked" "$locked"
kill $holder

quiet_dmesg other
xl destroy other
all_gone
