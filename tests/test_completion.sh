#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# What bash completes, asked as bash asks: with the words of a line.
. "$(dirname "$0")/tap.sh"

need bash
script=$abs_srcdir/packaging/completion/pagetorture.bash
# shellcheck disable=SC2016 # for bash
expect 0 "bash reads it, and it completes pagetorture" '' bash --norc -c '. "$0" && complete -p pagetorture' "$script"

# A directory to complete in.
mkdir -p "$scratch/here/directory" "$scratch/bin"
touch "$scratch/here/a.page" "$scratch/here/a b.page" "$scratch/here/crash-1" "$scratch/here/notes"
ln -s "$pagetorture" "$scratch/bin/pagetorture"

# completions WORD... : the last is what is typed so far; sorted.
completions() {
	# shellcheck disable=SC2016 # for bash
	(cd "$scratch/here" && PATH=$scratch/bin:$PATH bash --norc -c '. "$0"
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
		_pagetorture
		((${#COMPREPLY[@]} == 0)) || printf "%s\n" "${COMPREPLY[@]}"' "$script" pagetorture "$@") 2>&1 |
		LC_ALL=C sort
}

# completes EXPECTED WORD...: exactly these, with spaces between them.
completes() {
	expected=$1
	shift
	completions "$@" >"$scratch/found"
	[ "$(tr '\n' ' ' <"$scratch/found")" = "$expected " ]
	ok $? "pagetorture $* <TAB>: $expected" "$scratch/found"
}

completes "replay run" r
completes "to-c triage" t
completes "--version" --v
completes "replay" help rep
completes "--text" convert --t
completes "alias direct" run --backend ''
completes "both fibers threads" run --executor ''
completes "both fibers" minimize --executor ''
completes "plain,tsan" run --flavour plain,t
completes "libfuzzer" fuzz --engine l
completes "a b.page a.page directory" run ''
completes "crash-1" run c
completes "directory" triage ''
completes "fuzz_race" fuzz fuzz_r
completes "fuzz_page" triage --target fuzz_p
completes "directory" fuzz --seeds ''

# What --help lists.
"$pagetorture" --help | sed -n '/^Examples/q; s/^  \([a-z][a-z-]*\)  *[a-z].*/\1/p' | LC_ALL=C sort >"$scratch/commands"
completions '' | grep -v '^-\|^help$' >"$scratch/found"
ok_if_same "all commands" "$scratch/commands" "$scratch/found"
while read -r command; do
	"$pagetorture" "$command" --help | grep -oE '^  (-[a-z], )?--?[a-z0-9][a-z0-9-]*' |
		sed 's/, */\n/' | tr -d ' ' | LC_ALL=C sort >"$scratch/options"
	completions "$command" - >"$scratch/found"
	ok_if_same "the options of $command" "$scratch/options" "$scratch/found"
done <"$scratch/commands"

done_testing
