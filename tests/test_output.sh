#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Files that a user names for what comes out: whole or as they were, and nothing else is touched.
. "$(dirname "$0")/tap.sh"

program=$abs_srcdir/corpus/rules/overlap-one-byte.page

# writes NAME: how that command writes the file "o"; the status is good.
writes() {
	case $1 in
	minimize) set -- minimize --flavour plain -o o "$program" ;;
	convert) set -- convert --force --bytes -o o "$program" ;;
	to-c) set -- to-c --no-run -o o "$program" ;;
	junit | results | sarif) set -- replay --flavour plain "--$1" o "$program" ;;
	fuzz) set -- fuzz --collect --dir "$scratch/campaign" --results o fuzz_page ;;
	esac
	timeout 60 "$pagetorture" "$@"
}

# here NAME: in a folder of its own, with files that have the names of parts.
here() {
	mkdir "$scratch/$1" && cd "$scratch/$1" || exit 99
	for mine in .o.beside o.part o.new; do
		echo mine >"$mine"
	done
}

# alone [NAME]: is there nothing in this folder but that, and what is mine?
alone() {
	[ "$(cat .o.beside o.part o.new 2>&1)" = "$(printf 'mine\nmine\nmine')" ] || return 1
	rm .o.beside o.part o.new
	[ "$(ls -A)" = "$1" ]
}

for command in minimize convert to-c junit results sarif fuzz; do
	(here "$command-new" && run_to 0 writes "$command" && [ -s o ] && alone o)
	ok $? "$command: a new file, and no other is touched" "$scratch/err"

	(here "$command-mode" && writes "$command" >/dev/null 2>&1 && chmod 640 o &&
		run_to 0 writes "$command" && [ "$(stat -c %a o)" = 640 ] && alone o)
	ok $? "$command: a file that is there keeps who may read it" "$scratch/err"

	(here "$command-link" && mkdir "$scratch/$command-far" &&
		writes "$command" >/dev/null 2>&1 && mv o "$scratch/$command-far" &&
		ln -s "../$command-far/o" o && touch -d 2020-01-01 "$scratch/$command-far/o" &&
		run_to 0 writes "$command" && [ -L o ] && alone o &&
		[ "$(ls -A "$scratch/$command-far")" = o ] &&
		[ "$(stat -c %Y "$scratch/$command-far/o")" -gt 1600000000 ])
	ok $? "$command: a link stays, the file behind it is new" "$scratch/err"

	(here "$command-pipe" && mkfifo o || exit 99
		timeout 10 cat o >"$scratch/through" &
		run_to 0 writes "$command" && wait $! && [ -s "$scratch/through" ] && [ -p o ] && alone o)
	ok $? "$command: a pipe stays one, and it comes through" "$scratch/err"

	[ "$command" = convert ] && continue # into the folder, as its help says
	(here "$command-folder" && mkdir o && run_to 2 writes "$command" &&
		[ "$(grep -c '^o: .*Is a directory' "$scratch/err")" -eq 1 ] && alone o)
	ok $? "$command: a folder is an error, and nothing stays beside it" "$scratch/err"
done

done_testing
