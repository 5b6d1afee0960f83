# SPDX-License-Identifier: GPL-2.0-or-later
#
# limit: 150
# long: x86
# Workers are killed in the middle of I/O: new ones take up the rings, do again
# what was under way, and the guests notice nothing but a pause.

a=$(image a.img 64M)
b=$(image b.img 64M)
daemon_start
guest_create one -g 1 "$a"
guest_create two -g 0 "$b"
guest_ready one
guest_ready two
for g in one two; do
	guest_sh $g "(vblk-load pattern-write --size 64M --seed 7 --direct /dev/vda \
		>w.out 2>&1; echo \$? >w.rc) & true"
done
for turn in 1 2 3; do
	sleep 0.3
	kill_workers
	sleep 0.7
done
for g in one two; do
	guest_sh $g 'while [ ! -e w.rc ]; do sleep 0.2; done; cat w.out; exit $(cat w.rc)'
	guest_sh $g "vblk-load pattern-check --size 64M --seed 7 --direct /dev/vda"
	quiet_dmesg $g
done
vblk-load pattern-check --size 64M --seed 7 "$a"
vblk-load pattern-check --size 64M --seed 7 "$b"
xl destroy one
xl destroy two
all_gone
