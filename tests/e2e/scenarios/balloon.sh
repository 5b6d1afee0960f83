# SPDX-License-Identifier: GPL-2.0-or-later
#
# long: x86
# rig only: a simulated guest has no memory to give back
# limit: 120
# The guest gives memory back and gets other memory while it does I/O through
# foreign mappings: no request sees a page that it no longer has.

disk=$(image a.img 32M)
daemon_start
guest_create one -g 0 -m 256 "$disk"
guest_ready one
guest_sh one "vblk-load pattern-write --size 32M --seed 1 --direct /dev/vda"
guest_sh one "(i=0; while [ ! -e stop ]; do
		vblk-load pattern-write --size 32M --seed \$i --direct /dev/vda &&
		vblk-load pattern-check --size 32M --seed \$i /dev/vda || break
		echo 3 >/proc/sys/vm/drop_caches; i=\$((i + 1))
	done >w.out 2>&1; echo \$? \$i >w.rc) & true"

memory() {
	guest_sh one "awk '/^MemTotal/ { print int(\$2 / 1024) }' /proc/meminfo"
}
shrunk() {
	[ "$(memory)" -lt $((full - 80)) ]
}
grown() {
	[ "$(memory)" -ge $((full - 8)) ]
}
# target MIB: xl mem-set, but on Arm, where libxl 4.20 aborts when it is asked; so
# the guest is told as libxl would.
target() {
	if [ "$(uname -m)" = x86_64 ]; then
		xl mem-set one "$1"
	else
		xenstore-write "/local/domain/$(domid one)/memory/target" \
			$(($1 << 10))
	fi
}
full=$(memory)
for turn in 1 2; do
	target 160
	expect "the guest has given memory back" shrunk
	# Other pages than before, if the guest is to get them.
	sleep 0.5
	target 256
	expect "the guest has its memory again" grown
done
guest_sh one "touch stop; while [ ! -e w.rc ]; do sleep 0.2; done
	cat w.out; read rc rounds <w.rc; echo \$rounds rounds
	[ \$rc = 0 ] && [ \$rounds -gt 0 ]" 100
[ "$(stat_of one invalidations)" -gt 0 ] ||
	fail "Xen asked for no mapping back"
guest_sh one "vblk-load pattern-write --size 32M --seed 99 --direct /dev/vda"
vblk-load pattern-check --size 32M --seed 99 "$disk"
quiet_dmesg one
xl destroy one
all_gone
