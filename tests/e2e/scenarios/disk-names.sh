# SPDX-License-Identifier: GPL-2.0-or-later
#
# arch: x86
# limit: 60
# xvda to xvdd would be QEMU's disks as well: they are refused, and the log says
# why and what to write instead.

disk=$(image a.img 16M)
daemon_start
# refused PATTERN NAME
refused() {
	if guest start "$2" >/tmp/create.out 2>&1; then
		fail "xl create accepted $2"
	fi
	expect_log "$1"
	guest_gone "$2"
}
for v in xvda xvdb xvdc xvdd; do
	guest_write_config $v "$disk,vdev=$v,access=rw,backendtype=standalone,specification=virtio"
	refused "/$v \\($v\\): .*xvde" $v
done
all_gone
