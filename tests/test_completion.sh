#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# What bash completes, asked as bash asks: with the words of a line.
. "$(dirname "$0")/tap.sh"

script=$abs_srcdir/packaging/completion/pagetorture.bash
if ! command -v bash >/dev/null; then
	skip "no bash"
	done_testing
	exit
fi

bash --norc -c '. "$0" && complete -p pagetorture' "$script" >"$scratch/out" 2>&1
ok $? "bash reads it, and it is about pagetorture" "$scratch/out"

# A directory to complete in.
mkdir -p "$scratch/here/directory"
touch "$scratch/here/a.page" "$scratch/here/a b.page" "$scratch/here/crash-1" "$scratch/here/notes"
mkdir "$scratch/bin"
ln -s "$pagetorture" "$scratch/bin/pagetorture"

# completes WORD... : the last is what is typed so far; in $scratch/replies, sorted.
completes() {
	# shellcheck disable=SC2016 # for bash
	(cd "$scratch/here" && PATH=$scratch/bin:$PATH bash --norc -c '. "$0"
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
		_pagetorture
		((${#COMPREPLY[@]} == 0)) || printf "%s\n" "${COMPREPLY[@]}"' "$script" "$@") |
		LC_ALL=C sort >"$scratch/replies" 2>&1
}

# gives EXPECTED WORD...: exactly these, with spaces between them.
gives() {
	expected=$1
	shift
	completes pagetorture "$@"
	[ "$(tr '\n' ' ' <"$scratch/replies")" = "$expected " ]
	ok $? "pagetorture $* <TAB>: $expected" "$scratch/replies"
}

gives "replay run" r
gives "to-c triage" t
gives "--version" --v
gives "replay" help rep
gives "--text" convert --t
gives "alias direct" run --backend ''
gives "both fibers threads" run --executor ''
gives "both fibers" minimize --executor ''
gives "plain,tsan" run --flavour plain,t
gives "libfuzzer" fuzz --engine l
gives "a b.page a.page directory" run ''
gives "crash-1" run c
gives "directory" triage ''
gives "fuzz_race" fuzz fuzz_r
gives "fuzz_page" triage --target fuzz_p
gives "directory" fuzz --seeds ''

# What --help says of each command.
"$pagetorture" --help | sed -n '/^Examples/q; s/^  \([a-z][a-z-]*\)  *[a-z].*/\1/p' | LC_ALL=C sort >"$scratch/commands"
completes pagetorture ''
grep -v '^-\|^help$' "$scratch/replies" | diff "$scratch/commands" - >"$scratch/differs"
ok $? "all commands" "$scratch/differs"
while read -r command; do
	completes pagetorture "$command" -
	"$pagetorture" "$command" --help | grep -oE '^  (-[a-z], )?--?[a-z0-9][a-z0-9-]*' |
		sed 's/, */\n/' | tr -d ' ' | LC_ALL=C sort >"$scratch/actual"
	grep -q -- '^--help$' "$scratch/actual" || echo "$command: says nothing"
	diff "$scratch/actual" "$scratch/replies" | sed "s/^/$command: /"
done <"$scratch/commands" >"$scratch/wrong"
[ ! -s "$scratch/wrong" ]
ok $? "the options of each command" "$scratch/wrong"

done_testing
