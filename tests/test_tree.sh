#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Checks of the source tree: includes, files that no list names, and licences.
. "$(dirname "$0")/tap.sh"

cd "$abs_srcdir" || exit 99
unset MAKEFLAGS MFLAGS MAKELEVEL

# expect_no_matching_line NAME PATTERN EXCEPTION GREP-ARGUMENT...: each line of the files that matches PATTERN
# must match EXCEPTION.
expect_no_matching_line() {
	name=$1 pattern=$2 exception=$3
	shift 3
	grep -nHE "$pattern" "$@" | grep -vE "$exception" >"$scratch/lines"
	ok_if_empty "$name" "$scratch/lines"
}

# expect_includes_only ALLOWED FILE...: each #include "..." in the FILEs must match ALLOWED.
expect_includes_only() {
	allowed=$1
	shift
	expect_no_matching_line "$1 ... includes only $allowed" '^#include "' "\"($allowed)" "$@"
}

expect_includes_only 'page/|page\.h"' src/page/*.[ch]
expect_includes_only 'page/page\.h"' src/page_stubs/*.[ch]
expect_includes_only 'harness/|page/page\.h"|config\.h"' src/harness/*.[ch] src/harness/*/*.[ch]
expect_includes_only 'tool/|harness/|fuzz/(targets\.def|api_call\.h)|config\.h"' src/tool/*.[ch] src/tool/*/*.[ch]
expect_includes_only 'dev/|tool/|harness/' src/dev/*.[ch] src/dev/*/*.[ch]
expect_includes_only 'fuzz/|harness/|page/page(_kernel)?\.h"' fuzz/*.[ch]
expect_includes_only 'stress/|tool/util/(commands|options|usage)\.h"|harness/(util/shell_word|util/random|detect/tsan|util/cpus|exec/delay)\.h"|page/page\.h"' stress/*.[ch]
expect_includes_only 'tests/|harness/|page/|kernel/vm/kcsan\.h"|tool/report/report\.h"|examples/tutorial/page_calls\.c' tests/*.[ch]
expect_includes_only 'bench/|page/page\.h"' bench/bench_page.c bench/bench_scale.c bench/without_tsan.c bench/*.h
expect_includes_only 'bench/|harness/' bench/bench_interleavings.c
expect_includes_only 'page/(fault|page_kernel|sync)\.h"' kernel/rust/*.c kernel/rust/include/linux/*.h

# compare_module_uses DIRECTORY OUTSIDE: doc/design.md must list exactly the modules that each module of
# src/DIRECTORY includes. doc/design.md does not list includes that match OUTSIDE.
compare_module_uses() {
	sed -n "/^## The modules of the $1/,/^## /s|^. .\([a-z_]*\)/. .* [\|] \([a-z_., ]*\)[\|]\$|\1 \2|p" \
		doc/design.md | sed 's/,//g; s/ *$//' >"$scratch/modules"
	for module in "src/$1"/*/; do
		module=$(basename "$module")
		sed -n "s/^$module //p" "$scratch/modules" | tr ' ' '\n' >"$scratch/may"
		sed -n 's|^#include "\([^"]*\)".*|\1|p' "src/$1/$module"/*.[ch] 2>/dev/null |
			sed "s|^$1/\([a-z_]*\)/.*|\1|; s|^page/||; /^$module\$/d" |
			grep -vE "^($2)\$" | LC_ALL=C sort -u | diff "$scratch/may" - >"$scratch/uses"
		ok $? "src/$1/$module uses the modules that it has in doc/design.md" "$scratch/uses"
	done
	cut -d ' ' -f 1 "$scratch/modules" | LC_ALL=C sort >"$scratch/named"
	(cd "src/$1" && printf '%s\n' */) | sed 's|/$||' | LC_ALL=C sort >"$scratch/found"
	ok_if_files_equal "doc/design.md lists every module of src/$1" "$scratch/found" "$scratch/named"
	# doc/design.md lists a module after the modules that use it.
	awk '{ for (i = 2; i <= NF; i++) if ($i in above) print $1 ": " $i; above[$1] }' "$scratch/modules" \
		>"$scratch/up"
	ok_if_empty "no arrow between the modules of src/$1 points up" "$scratch/up"
}

compare_module_uses dev 'tool/.*|harness/.*'
compare_module_uses tool 'harness/.*|config\.h|fuzz/(targets\.def|api_call\.h)'
compare_module_uses harness 'config\.h'

# The headers in these checks may be included only by some files of a module.
expect_no_matching_line "schedules know neither programs nor pages" 'program\.h|page/' '^$' src/harness/program/schedule*
expect_no_matching_line "only executors use the library" 'page/page\.h' '^$' src/harness/*.[ch]
expect_no_matching_line "of the fuzz targets only fuzz_api calls the library by itself" 'page/page\.h' '^fuzz/api' fuzz/*.[ch]
expect_no_matching_line "only src/page/sync.h asks which sanitizer is there" '^#(if|ifdef|ifndef) .*(SYNC_|SANITIZE|has_feature)' \
	'^src/page/sync\.h:' -r src
# A constructor must not call the page library, because the library's own constructors may run later.
expect_no_matching_line "two files have constructors, which do not call the library" '__attribute__\(\(constructor' \
	'^(fuzz/end_with_parent|src/page_stubs/absent)\.c:' -r src fuzz stress bench
# Every program must be linked so that an external page library can replace src/page.
expect_no_matching_line "programs are linked with \$(page_FLAVOUR), not with libpage by name" \
	'(LDADD|^	\$\(call print,CCLD).*libpage-' '^$' -- Makefile.am build-aux/flavours.mk */local.mk */*/local.mk */*/*/local.mk

# Tests that include internal files of src/page are built only with src/page, other tests always.
grep -E '^#include "page/' tests/*.c | grep -vE '"page/page(_kernel)?\.h"' |
	sed 's|^tests/\([^:]*\)\.c:.*|\1|' | sort -u >"$scratch/inside"
sed -n '/^page_tests_inside = /,/[^\\]$/s/^\t\([a-z_]*\).*/\1/p' tests/local.mk >"$scratch/own"
ok_if_files_equal "tests that look inside of src/page are those that OWN_PAGE has" "$scratch/inside" "$scratch/own"

# Every source and every script is named in a local.mk.
for file in src/*/*.[ch] src/*/*.def src/*/*/*.[ch] src/*/*/*.py src/*/*/*.def fuzz/*.[ch] fuzz/*.d* \
	fuzz/oss-fuzz/*.[ops]* stress/*.[ch] tests/bugs/*.py tests/bugs/*.def bench/*.[chps]* report/*.* stress/*.py tests/*.[ch] tests/*.py \
	tests/*.sh examples/*.* examples/*/*.*; do
	[ "$(basename "$file")" = local.mk ] && continue
	base=$(basename "$file" .in)
	grep -qE "/$base|^	${base%.c}( |\$)" -- */local.mk */*/local.mk */*/*/local.mk || echo "$file"
done >"$scratch/orphans"
ok_if_empty "no source is an orphan" "$scratch/orphans"
for file in corpus/*/*.page corpus/seed/*/*.page; do
	[ -e "$file" ] && [ -s "$file" ] || echo "$file"
done >"$scratch/empty"
ok_if_empty "no directory of the corpus is empty" "$scratch/empty"

grep -rL --include='*.[ch]' --include='*.css' --include='*.def' --include='*.dict.in' --include='*.html' \
	--include='*.js' --include='*.mk' --include='*.py' --include='*.sh' --include='*.yml' --include=Dockerfile \
	'SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause' src fuzz stress tests bench report examples \
	doc packaging build-aux/*.mk .clusterfuzzlite .github bootstrap Makefile.am configure.ac >"$scratch/licence"
ok_if_empty "every file has its licence" "$scratch/licence"

# Each fuzz target of targets.def has a source, a directory of seeds and entries in Makefiles.
sed -n 's/^TARGET(\([a-z_]*\),.*/\1/p' fuzz/targets.def | while read -r target; do
	[ -e "fuzz/$target.c" ] && [ -d "corpus/seed/$target" ] &&
		grep -q "^replay_targets_.* ${target#fuzz_}\( \|$\)" fuzz/local.mk &&
		grep -q "$target-given" build-aux/flavours.mk &&
		grep -q "\"$target\": " fuzz/oss-fuzz/check_out.py || echo "$target"
done >"$scratch/targets"
[ ! -s "$scratch/targets" ] && grep -q '^TARGET(' fuzz/targets.def
ok $? "every target of targets.def is there" "$scratch/targets"

# libpage.sym, the list of exported symbols, has exactly the functions that page.h declares.
sed -n '/^typedef/d; s/^[a-z].*[ *]\(\(page\|user_slice\)_[a-z_]*\)(.*/\1/p' src/page/page.h | sort -u >"$scratch/declared"
ok_if_files_equal "libpage.sym lists what page.h declares" src/page/libpage.sym "$scratch/declared"

sed -n '/^AFFECTED_TARGETS/,/^)/s/^ *("\([^"]*\)".*/\1/p' build-aux/fuzz_ci.py >"$scratch/patterns"
while read -r pattern; do
	# shellcheck disable=SC2086 # a pattern
	ls -d $pattern >"$scratch/files" 2>&1 || echo "$pattern"
done <"$scratch/patterns" >"$scratch/stale"
[ ! -s "$scratch/stale" ] && [ "$(wc -l <"$scratch/patterns")" -ge 10 ]
ok $? "every pattern of fuzz-ci's table of changes matches files" "$scratch/stale"

# Every name that `make help` prints is a target, and `make help` prints every target that documents name.
make -s --no-print-directory -C "$abs_builddir" help >"$scratch/help" 2>"$scratch/err"
ok $? "make help" "$scratch/err"
make --no-print-directory -C "$abs_builddir" -pnq TESTS= help 2>/dev/null | grep -oE '^[a-z][a-z0-9_-]*:' | sort -u >"$scratch/rules"
while read -r target text; do
	grep -qx "$target:" "$scratch/rules" && [ "$text" ] || echo "$target"
done <"$scratch/help" >"$scratch/unknown"
[ ! -s "$scratch/unknown" ] && [ "$(wc -l <"$scratch/help")" -gt 30 ]
ok $? "make help: each line is a target of make, with a text" "$scratch/unknown"
LC_ALL=C sort -c "$scratch/help" && [ -z "$(cut -d ' ' -f 1 "$scratch/help" | uniq -d)" ] && ! grep -E '.{100}' "$scratch/help"
ok $? "make help: sorted, and each is one line" "$scratch/help"
grep -rhoE '(^    |`|&& )make( -C build)? [a-z][a-z-]*' README.md doc/*.md | sed 's/.* //' | sort -u >"$scratch/named"
while read -r target; do
	grep -q "^$target " "$scratch/help" || echo "$target"
done <"$scratch/named" >"$scratch/missing"
[ ! -s "$scratch/missing" ] && [ "$(wc -l <"$scratch/named")" -gt 20 ]
ok $? "make help has every target that a document names" "$scratch/missing"

expect_no_matching_line "no line is too long" '.{111}' '^$' src/*/*.[ch] src/*/*/*.[ch] fuzz/*.[ch] stress/*.[ch]


# fuzz/local.mk also uses this sed pattern, to list the functions for which AFL++ must not count coverage.
sed -n 's/.*NO_COVERAGE [^(]*[ *]\([a-z_]*\)(.*/\1/p' src/page/*.c | sort >"$scratch/uncounted"
grep -hcw 'NO_COVERAGE' src/page/*.c | awk '{ n += $1 } END { print n }' >"$scratch/uses"
[ -s "$scratch/uncounted" ] && [ "$(grep -c . "$scratch/uncounted")" -eq "$(cat "$scratch/uses")" ]
ok $? "each function that NO_COVERAGE marks is found by its name" "$scratch/uncounted"

done_testing
