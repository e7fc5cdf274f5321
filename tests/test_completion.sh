#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# The completion function of bash prints the expected words for a command line.
. "$(dirname "$0")/tap.sh"

skip_rest_without_tools bash
script=$abs_srcdir/packaging/completion/pagetorture.bash
# shellcheck disable=SC2016 # bash expands it
expect 0 "bash reads it, and it completes pagetorture" '' bash --norc -c '. "$0" && complete -p pagetorture' "$script"

# $scratch/here is a directory with names that bash can complete.
mkdir -p "$scratch/here/directory" "$scratch/bin"
touch "$scratch/here/a.page" "$scratch/here/a b.page" "$scratch/here/crash-1" "$scratch/here/notes"
ln -s "$pagetorture" "$scratch/bin/pagetorture"

# print_completions WORD...: prints the completions of the last word of a command line, sorted.
print_completions() {
	# shellcheck disable=SC2016 # bash expands it
	(cd "$scratch/here" && PATH=$scratch/bin:$PATH bash --norc -c '. "$0"
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
		_pagetorture
		((${#COMPREPLY[@]} == 0)) || printf "%s\n" "${COMPREPLY[@]}"' "$script" pagetorture "$@") 2>&1 |
		LC_ALL=C sort
}

# expect_completions EXPECTED WORD...: the completions must be exactly EXPECTED, with spaces between them.
expect_completions() {
	expected=$1
	shift
	print_completions "$@" >"$scratch/found"
	[ "$(tr '\n' ' ' <"$scratch/found")" = "$expected " ]
	ok $? "pagetorture $* <TAB>: $expected" "$scratch/found"
}

expect_completions "replay run" r
expect_completions "to-c triage" t
expect_completions "--version" --v
expect_completions "replay" help rep
expect_completions "--text" convert --t
expect_completions "alias direct" run --backend ''
expect_completions "both fibers threads" run --executor ''
expect_completions "both fibers" minimize --executor ''
expect_completions "plain,tsan" run --flavour plain,t
expect_completions "kernel-freed kernel-mapped kernel-race kernel-stock" run --flavour kernel
expect_completions "libfuzzer" fuzz --engine l
expect_completions "a b.page a.page directory" run ''
expect_completions "crash-1" run c
expect_completions "directory" triage ''
expect_completions "fuzz_race" fuzz fuzz_r
expect_completions "fuzz_page" triage --target fuzz_p
expect_completions "directory" fuzz --seeds ''

# Completion must offer exactly the commands that --help lists.
"$pagetorture" --help | sed -n '/^Examples/q; s/^  \([a-z][a-z-]*\)  *[a-z].*/\1/p' | LC_ALL=C sort >"$scratch/commands"
print_completions '' | grep -v '^-\|^help$' >"$scratch/found"
ok_if_files_equal "all commands" "$scratch/commands" "$scratch/found"
while read -r command; do
	"$pagetorture" "$command" --help | grep -oE '^  (-[a-z], )?--?[a-z0-9][a-z0-9-]*' |
		sed 's/, */\n/' | tr -d ' ' | LC_ALL=C sort >"$scratch/options"
	print_completions "$command" - >"$scratch/found"
	ok_if_files_equal "the options of $command" "$scratch/options" "$scratch/found"
done <"$scratch/commands"

done_testing
