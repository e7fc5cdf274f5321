#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# A command replaces its output file completely or not at all, and changes no other file.
. "$(dirname "$0")/tap.sh"

program=$abs_srcdir/corpus/rules/overlap-one-byte.page

# write_output_with NAME: runs the command NAME, which writes the file "o".
write_output_with() {
	case $1 in
	minimize) set -- minimize --flavour plain -o o "$program" ;;
	convert) set -- convert --force --bytes -o o "$program" ;;
	to-c) set -- to-c --no-run -o o "$program" ;;
	results) set -- replay --flavour plain --results o "$program" ;;
	export) set -- junit -o o "$scratch/results.jsonl" ;;
	fuzz) set -- fuzz --collect --dir "$scratch/campaign" --results o fuzz_page ;;
	esac
	if [ "$1" = junit ]; then
		timeout 60 "$abs_builddir/pagetorture-export" "$@"
	else
		timeout 60 "$pagetorture" "$@"
	fi
}

# enter_new_directory_with_files NAME: makes and enters a directory with three files, whose names a command
# could use for a temporary file of "o".
enter_new_directory_with_files() {
	mkdir "$scratch/$1" && cd "$scratch/$1" || exit 99
	for mine in .o.beside o.part o.new; do
		echo mine >"$mine"
	done
}

# check_and_remove_other_files [NAME]: true if the three files are unchanged, and the only other file is NAME.
check_and_remove_other_files() {
	[ "$(cat .o.beside o.part o.new 2>&1)" = "$(printf 'mine\nmine\nmine')" ] || return 1
	rm .o.beside o.part o.new
	[ "$(ls -A)" = "$1" ]
}

"$pagetorture" replay --flavour plain --results "$scratch/results.jsonl" "$program" >"$scratch/out" 2>&1
for command in minimize convert to-c results export fuzz; do
	(enter_new_directory_with_files "$command-new" && run_expecting_status 0 write_output_with "$command" && [ -s o ] && check_and_remove_other_files o)
	ok $? "$command: a new file, and no other is touched" "$scratch/err"

	(enter_new_directory_with_files "$command-mode" && write_output_with "$command" >/dev/null 2>&1 && chmod 640 o &&
		run_expecting_status 0 write_output_with "$command" && [ "$(stat -c %a o)" = 640 ] && check_and_remove_other_files o)
	ok $? "$command: a file that is there keeps who may read it" "$scratch/err"

	(enter_new_directory_with_files "$command-link" && mkdir "$scratch/$command-far" &&
		write_output_with "$command" >/dev/null 2>&1 && mv o "$scratch/$command-far" &&
		ln -s "../$command-far/o" o && touch -d 2020-01-01 "$scratch/$command-far/o" &&
		run_expecting_status 0 write_output_with "$command" && [ -L o ] && check_and_remove_other_files o &&
		[ "$(ls -A "$scratch/$command-far")" = o ] &&
		[ "$(stat -c %Y "$scratch/$command-far/o")" -gt 1600000000 ])
	ok $? "$command: a link stays, its target is new" "$scratch/err"

	(enter_new_directory_with_files "$command-pipe" && mkfifo o || exit 99
		timeout 10 cat o >"$scratch/through" &
		run_expecting_status 0 write_output_with "$command" && wait $! && [ -s "$scratch/through" ] && [ -p o ] && check_and_remove_other_files o)
	ok $? "$command: a pipe stays one, and it comes through" "$scratch/err"

	[ "$command" = convert ] && continue # into the directory, as its help says
	(enter_new_directory_with_files "$command-directory" && mkdir o && run_expecting_status 2 write_output_with "$command" &&
		[ "$(grep -cE '(^|write )o: .*Is a directory' "$scratch/err")" -eq 1 ] && check_and_remove_other_files o)
	ok $? "$command: a directory is an error, and nothing stays beside it" "$scratch/err"
done

# ---- paths that are too long ----

# print_deep_directory_path LENGTH: prints the path of a deeply nested directory, with LENGTH characters.
print_deep_directory_path() {
	path=$scratch/deep/
	while [ ${#path} -lt $(($1 - 1)) ]; do
		path=${path}a/
	done
	echo "${path}a"
}
far=$(print_deep_directory_path 4080)
(mkdir "$scratch/deep" && cd "$scratch/deep" && mkdir -p "$(echo "${far#"$scratch/deep/"}" | cut -c -2000)" &&
	mkdir -p "$far") || exit 99
mkdir "$scratch/findings"
cp "$program" "$scratch/findings/crash.page"
find "$scratch/deep" >"$scratch/before"

# is_long_path_refused COMMAND...: true if COMMAND refuses a too long path, and writes nothing below
# $scratch/deep, where a truncated path would be.
is_long_path_refused() {
	run_expecting_status 2 timeout 60 "$@" && grep -Eq 'path too long|File name too long' "$scratch/err" "$scratch/out" &&
		find "$scratch/deep" | cmp -s "$scratch/before" -
}

is_long_path_refused "$pagetorture" fuzz --collect --dir "$(print_deep_directory_path 4080)" fuzz_page
ok $? "fuzz: a directory whose files have too long a path is an error" "$scratch/err"
is_long_path_refused "$pagetorture" triage --flavour plain --tries 1 -o "$(print_deep_directory_path 4060)" "$scratch/findings"
ok $? "triage: the same" "$scratch/err"
TMPDIR=$far is_long_path_refused "$pagetorture" to-c -o "$scratch/o.c" "$program"
status=$?
[ $status -eq 0 ] || { [ ! -e "$scratch/o.c" ] || grep -q 'File name too long' "$scratch/o.c"; } &&
	find "$scratch/deep" | cmp -s "$scratch/before" -
ok $? "to-c: a temporary directory whose path is too long is not made elsewhere" "$scratch/err"
is_long_path_refused env TMPDIR="$far" "$abs_builddir/pagetorture-dev" self-test
ok $? "self-test: the same" "$scratch/err"

# ---- what is written ----

long=$(seq -f 'a%g=1:' 600 | tr -d '\n')b=2
cat >"$scratch/written.c" <<'END'
#include <math.h>
#include <stdlib.h>
#include "tool/util/environment.h"
#include "tool/util/json.h"
int main(void)
{
	const double numbers[] = { (double)NAN, (double)INFINITY, (double)-INFINITY, 0.5 };
	int good = environment_append_options_once("LIST", "c=3") && environment_append_options_once("LIST", "c=3") &&
		   environment_append_options_once("NEW", "c=3") && environment_append_options_once("EMPTY", "c=3");
	struct json json = json_make_writer(stdout);

	json_begin_array(&json, NULL);
	for (int i = 0; i < 4; i++)
		json_real(&json, NULL, numbers[i], 1);
	json_end_all_and_newline(&json);
	return printf("%s\n%s\n%s\n", getenv("LIST"), getenv("NEW"), getenv("EMPTY")) < 0 || !good;
}
END
$CC -D_GNU_SOURCE -I"$abs_srcdir/src" "$scratch/written.c" "$abs_srcdir"/src/tool/util/environment.c \
	"$abs_srcdir/src/tool/util/json.c" -o "$scratch/written" >"$scratch/err" 2>&1 &&
	run_expecting_status 0 env "LIST=$long" EMPTY= "$scratch/written"
[ "$(head -n 1 "$scratch/out")" = '[null, null, null, 0.5]' ]
ok $? "numbers of JSON are numbers, or null" "$scratch/out"
[ "$status" -eq 0 ] && [ "$(tail -n 3 "$scratch/out")" = "$(printf '%s\n' "$long:c=3" c=3 c=3)" ]
ok $? "an option is appended to a variable of 4,000 bytes, once" "$scratch/out"

odd="$scratch/it's an \"odd\" \$name"
cp "$program" "$odd.page"
run_expecting_status 0 "$pagetorture" replay --flavour plain --results "$scratch/results.json" "$odd.page"
if has_tool_or_skip python3; then
	python3 -c 'import json, sys; print(json.loads(open(sys.argv[1]).readlines()[-1])["command"])' "$scratch/results.json" \
		>"$scratch/command"
	rm "$scratch/results.json"
	PATH=$abs_builddir:$PATH sh "$scratch/command" >"$scratch/out" 2>"$scratch/err" &&
		[ -s "$scratch/results.json" ]
	ok $? "the command in results can be pasted" "$scratch/command"
fi

done_testing
