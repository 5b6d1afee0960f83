# SPDX-License-Identifier: GPL-2.0-or-later
#
# arch: x86
# limit: 120
# long: x86
# A guest without kernel= boots from our disk: SeaBIOS, GRUB from Debian's
# packages, and Debian's kernel on it. It writes to that disk, reboots, finds what it
# wrote, and shuts down.

# An MBR with GRUB's boot sector, GRUB behind it, a partition with ext4, and one
# of 16 MiB at the end that is the guest's own.
bootable() {
	boot=/usr/lib/grub/i386-pc
	tree=$(mktemp -d)
	mkdir "$tree/grub"
	cp /root/guest/Image-stock /root/guest/guest.cpio /root/guest/stock.cpio \
		"$tree"
	cat >"$tree/grub/grub.cfg" <<-G
	linux /Image-stock console=hvc0 loglevel=5 panic=1
	initrd /guest.cpio /stock.cpio
	boot
	G
	grub-mkimage -O i386-pc -o /srv/core.img -p '(hd0,msdos1)/grub' \
		biosdisk part_msdos ext2 normal linux
	sfdisk -q "$1" <<-P
	2048,80MiB,L,*
	,16MiB,L
	P
	dd if=$boot/boot.img of="$1" bs=1 count=440 conv=notrunc 2>/dev/null
	dd if=/srv/core.img of="$1" bs=512 seek=1 conv=notrunc 2>/dev/null
	mke2fs -q -t ext4 -d "$tree" -E offset=1048576 "$1" 80M
	rm -r "$tree" /srv/core.img
}

disk=$(image a.img 97M)
bootable "$disk"
daemon_start
guest_write_config one -k none "$disk"
guest_set one on_reboot restart
guest start one
guest_ready one
guest_sh one "vblk-load pattern-write --size 16M --seed 3 --direct /dev/vda2"
first=$(domid one)
guest_reboot one
expect "the guest comes back as another domain" reborn one "$first"
expect "the guest runs again" guest_says_since one RIG-DOMU-AGENT 2
guest_sh one "vblk-load pattern-check --size 16M --seed 3 --direct /dev/vda2"
quiet_dmesg one
guest_poweroff one
guest_gone one
all_gone
dd if="$disk" of=/srv/b.img bs=1M skip=81 2>/dev/null
vblk-load pattern-check --size 16M --seed 3 /srv/b.img
e2fsck -fn "$disk?offset=1048576" || fail "the file system is damaged"
