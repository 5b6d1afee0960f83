# SPDX-License-Identifier: GPL-2.0-or-later
#
# arch: arm
# rig only: the device model is one that libxl starts
# limit: 120
# Device models that can't serve their guest: xl create fails at once, before the
# guest has run, and the log says what to do. Another guest goes on. (Devices of
# other types are not closed: libxl waits ten seconds for whoever serves them.)
# Emulation has no seconds to count on: at once is before libxl's own patience
# ends, which is 60 s.

good=$(image good.img 16M)
model_guest other -g 1 "path=$good"
guest start other
guest_ready other

# refused REASON-PATTERN [WORDS...]
refused() {
	reason=$1
	shift
	model_guest bad -g 1 "$@"
	sed_config
	begin=$(date +%s)
	if guest start bad >/tmp/create.out 2>&1; then
		fail "xl create accepted $*"
	fi
	took=$(($(date +%s) - begin))
	echo "$took s: $reason"
	[ $took -lt 45 ] || fail "xl create took $took s for $*"
	model_log bad | grep -qE "$reason" ||
		{ cat /tmp/create.out; model_log bad; fail "no word of '$reason'"; }
	[ -z "$(guest_console bad 2>/dev/null)" ] || fail "the guest ran"
	expect "domain is gone" no_domain bad
	guest_sh other "vblk-load read --bs 4k --count 50 --direct /dev/vda >/dev/null"
}

# What a case changes in the configuration.
sed_config() {
	:
}

refused "absent.img does not exist" "path=/srv/absent.img"
refused "good.img is locked" "path=$good"
spare=$(image spare.img 16M)
# For libxl these are like the first.
if [ -n "$LONG" ]; then
	refused "is a directory" "path=/srv"
	refused "there is no 'cash' for a disk" "path=$good,cash=none"
	refused "queues = '9': allowed is" "path=$good,queues=9"
	refused "has no path=" "queues=1"
fi
refused "multiple of" "path=$spare" "path=$(image odd.img 1000001)"
sed_config() {
	sed -i 's/index=0,/index=7,/' /etc/xen/bad.cfg
}
refused "index=7.*no such block device" "path=$spare"
sed_config() {
	sed -i 's/type=virtio,device2/type=virtio,device26/' /etc/xen/bad.cfg
}
refused "no such block device" "path=$spare"
sed_config() {
	sed -i '/^device_model_args/s/"-disk"/"-drive"/' /etc/xen/bad.cfg
}
refused "no option -drive" "path=$spare"

quiet_dmesg other
xl destroy other
all_gone
