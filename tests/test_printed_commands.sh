#!/bin/sh
# shellcheck disable=SC2016 # the shell that is started expands $1
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# The command that is printed with a failure reproduces the failure when a user pastes it into `sh`: from another
# directory, without PATH, with any characters in names of directories and files. A broken page library or a
# wrong expectation causes each failure.
. "$(dirname "$0")/tap.sh"
. "$(dirname "$0")/mutant.sh"

# The directory of the binaries and the program have names with characters that are special in a shell.
odd="it's a \"dir\""
file="p'ro \$gram.page"

# store_printed_command LABEL FILE: writes the first command after LABEL in FILE, with its here-document, to
# $scratch/command; false if FILE has no such command.
store_printed_command() {
	awk -v label="$1" '
		found { print; if ($0 == "END") exit; next }
		(at = index($0, label)) {
			line = substr($0, at + length(label))
			sub(/^ */, "", line)
			print line
			if (line !~ /<<.END.$/) exit
			found = 1
		}' "$2" >"$scratch/command"
	[ -s "$scratch/command" ]
}

# build_changed_fuzz_page NAME FLAVOUR ARGUMENT...: builds fuzz_page as NAME, with the changed page library.
build_changed_fuzz_page() {
	name=$1 flavour=$2 objects=$abs_builddir/obj/$2/fuzz
	shift 2
	$CC -D_GNU_SOURCE -std=gnu11 -g -O1 -I"$scratch/src" "$scratch"/src/page/*.c "$@" \
		"$objects"/fuzz.o "$objects"/fuzz_commands.o "$objects"/fuzz_page.o \
		"$abs_builddir/libharness-$flavour.a" -lpthread -o "$scratch/bin/$name" >"$scratch/build" 2>&1
}

copy_library_and_change_file raw.c 's/memset(byte_address(page, off), 0, len)/memset(byte_address(page, off), 1, len)/' &&
	build_changed_tool plain &&
	build_changed_fuzz_page fuzz_page-replay plain "$abs_builddir"/obj/plain/fuzz/api_call.o \
		"$abs_builddir"/obj/plain/fuzz/input.o "$abs_builddir"/obj/plain/fuzz/main_replay.o
ok $? "a library whose zeros are ones" "$scratch/build"
engine=
# shellcheck disable=SC2086 # split into words
case " $FUZZERS " in *' fuzz_page '*) build_changed_fuzz_page fuzz_page fuzz-asan -fsanitize=fuzzer $ASAN_FLAGS && engine=libFuzzer ;; esac
mkdir "$scratch/$odd" "$scratch/$odd/findings" "$scratch/$odd/bare"
mv "$scratch/bin" "$scratch/libexec" "$scratch/$odd"
cd "$scratch/$odd" || exit 99
printf '%s\n' 'pagetorture 1' 'expect clean' 'main: p0 = alloc_page(GFP_KERNEL)' \
	'main: fill_zero(p0, 0, 8)' 'main: read_raw(p0, 0, 8)' >"$file"

# run_and_store_output COMMAND...: runs COMMAND, and stores its output in $scratch/said.
run_and_store_output() {
	"$@" >"$scratch/said" 2>&1
}

# expect_printed_command_reproduces NAME STATUS PATTERN [LABEL]: the command after LABEL in
# $scratch/said must end with STATUS and print PATTERN. The default of LABEL is `replay:`.
expect_printed_command_reproduces() {
	store_printed_command "${4-replay:}" "$scratch/said" && run_expecting_status "$2" env -i TSAN_OPTIONS="${TSAN_OPTIONS-}" \
		HOME=/nowhere sh -c 'cd / && . "$1"' sh "$scratch/command" && cat "$scratch/out" "$scratch/err" | grep -q "$3"
	ok $? "$1" "$scratch/said"
}

# ---- run, replay ----

wrong_byte='expected 0x00, got 0x01'
run_and_store_output bin/pagetorture run --flavour plain "$file"
expect_printed_command_reproduces "run" 1 "$wrong_byte"
run_and_store_output bin/pagetorture run --flavour plain - <"$file"
expect_printed_command_reproduces "run, of standard input" 1 "$wrong_byte"
"$pagetorture" convert --bytes "$file" >crash-1
run_and_store_output bin/pagetorture run --flavour plain crash-1
expect_printed_command_reproduces "run, of bytes" 1 "$wrong_byte"
run_and_store_output bin/pagetorture replay --flavour plain "$file"
expect_printed_command_reproduces "replay" 1 'differs: ' '  replay:'
bin/pagetorture replay --flavour plain --json "$file" 2>/dev/null |
	run_and_store_output "$abs_builddir/pagetorture-export" tap
expect_printed_command_reproduces "pagetorture-export tap" 1 'differs: '

# ---- triage ----

cp "$file" "findings/crash-1.page"
expect 0 "triage" '' bin/pagetorture triage --flavour plain --tries 1 -o sorted findings
set -- sorted/*
run_and_store_output cat "$1/report.txt"
expect_printed_command_reproduces "report.txt" 1 "$wrong_byte"
printf 'exec sh "%s/replay.sh"\n' "\$bundle" >"$scratch/command"
run_and_store_output env -i bundle="$PWD/$1" sh -c 'cd / && . "$1"' sh "$scratch/command"
[ $? -eq 1 ] && grep -q "$wrong_byte" "$scratch/said"
ok $? "replay.sh, with no pagetorture in PATH" "$scratch/said"
expect_printed_command_reproduces "and the command that it prints" 1 "$wrong_byte"

# ---- race ----

if has_flavour_or_skip tsan "race"; then
	rm -rf "${scratch:?}/bin"
	copy_library_and_change_file raw.c 's/memcpy(dst, byte_address(page, off), len)/(void)dst/' && build_changed_dev_tool plain && build_changed_dev_tool tsan
	ok $? "a library that reads nothing" "$scratch/build"
	mv "$scratch/bin"/* bin/
	run_and_store_output bin/pagetorture-dev race --detector tsan-fibers --cell 'read_raw/write_raw/identical/none/same'
	expect_printed_command_reproduces "race" 1 'byte 0 read: expected 0x00'
fi

# ---- fuzz targets ----

run_and_store_output bin/fuzz_page-replay "$file"
expect_printed_command_reproduces "a fuzz target, without its engine" 134 "$wrong_byte"
cp "$pagetorture" bin/
expect_printed_command_reproduces "what reads the input" 0 '^main: fill_zero(p0, 0, 8)' 'read:   '

if succeeds_or_skip "a fuzz target with its engine: this compiler has none" test -n "$engine"; then
	"$pagetorture" convert --bytes "$file" >"bare/seed"
	mkdir "it's"
	run_and_store_output bin/fuzz_page -runs=0 -artifact_prefix="./it's/" bare
	expect_printed_command_reproduces "a fuzz target, with its engine: the file that libFuzzer writes" 77 "$wrong_byte"
	cp bare/seed "$file.bin"
	run_and_store_output bin/fuzz_page "$file.bin"
	expect_printed_command_reproduces "and the file that it was given" 77 "$wrong_byte"
	run_expecting_status 1 env __AFL_SHM_ID=1 bin/fuzz_page "$file.bin"
	! store_printed_command replay: "$scratch/err" && grep -q 'crashes/ of the output directory' "$scratch/err"
	ok $? "under AFL++, which names files itself: where the input is" "$scratch/err"
fi

# ---- to-c ----

# A user runs the commands in the first comment of a C file of `to-c` in the directory of the file.
printf '%s\n' 'pagetorture 1' 'main: p0 = alloc_page(GFP_KERNEL)' 'main: free_page(p0)' 'main: free_page(p0)' \
	>"$scratch/free.page"
for name in "it's (1).c" "-x.c" "two.parts.c"; do
	run_expecting_status 0 "$pagetorture" to-c -o "./$name" "$scratch/free.page"
	awk '/^ \* To see / { on = 1; next } on && /^ \*   / { sub(/^ \* */, ""); print; seen = 1; next }
		on && seen { exit }' "./$name" >"$scratch/command"
	env -i PATH="$PATH" sh -c '. "$1"' sh "$scratch/command" >"$scratch/out" 2>"$scratch/err"
	grep -q 'use-after-free' "$scratch/err"
	ok $? "to-c -o $name: the lines on top" "$scratch/err"
done
(cd "$scratch" && "$pagetorture" to-c free.page >redirected.c) 2>"$scratch/err"
grep -q 'redirected redirected.c ' "$scratch/redirected.c"
ok $? "to-c >FILE: the lines name FILE" "$scratch/redirected.c"

# ---- stress scenarios ----

cp "$abs_builddir/pagetorture-stress" bin/
bug=range
run_and_store_output bin/pagetorture-stress disjoint -n 2000 -t 2 --busted=$bug
expect_printed_command_reproduces "a stress scenario" 1 '!!!' 'run again:'

done_testing
