#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# `run` observes the results that the table of doc/rules.md shows. All files, links and commands to which
# documents refer exist (doc_names.py). test_doc_commands.sh runs the commands of documents.
. "$(dirname "$0")/tap.sh"

cd "$abs_srcdir" || exit 99

# ---- doc/rules.md ----

# Each row of the second table in doc/rules.md: rule, program, and the result in each backend and flavour.
grep '^| [a-z-]* | [a-z-]* | [-y]' doc/rules.md | tr -d ' ' | tr '|' ' ' >"$scratch/table"
[ "$(wc -l <"$scratch/table")" -ge 20 ]
ok $? "doc/rules.md has its table"
column=2
for backend in direct alias; do
	# shellcheck disable=SC2046 # split into words
	"$pagetorture" run --backend "$backend" --json \
		$(awk '{ print "corpus/rules/" $2 ".page" }' "$scratch/table") >"$scratch/$backend.json" 2>"$scratch/err"
	for flavour in plain asan tsan msan; do
		column=$((column + 1))
		has_flavour_or_skip $flavour "the column $backend" || continue
		awk -v n=$column '{ print $2, $n == "yes" ? $1 : "-" }' "$scratch/table" | sort -u >"$scratch/expected"
		sed -n "s/.*\/\([a-z-]*\)\.page\".*\"$flavour\": {[^}]*\"fibers\": \"\([a-z -]*\)\".*/\1 \2/p" \
			"$scratch/$backend.json" | sed 's/ clean$/ -/; s/ not run$/ -/' | sort -u >"$scratch/observed"
		ok_if_files_equal "the column $backend $flavour is what run observes" "$scratch/expected" "$scratch/observed"
	done
done
grep '^| R' doc/rules.md | awk -F'|' '{ print $7 "," $8 }' | tr ',' '\n' | sed 's/(.*//; s/ //g' |
	grep -E '^[a-z0-9]+(-[a-z0-9]+)*$' | while read -r program; do
	[ -e "corpus/rules/$program.page" ] || echo "$program"
done >"$scratch/missing"
ok_if_empty "every program that the document names is in corpus/rules" "$scratch/missing"
sed -n 's/^RULE([a-z_]*, "\([a-z-]*\)".*/\1/p' src/harness/program/rules.def | sort >"$scratch/rules"
sed 's/^ *//; s/ .*//' "$scratch/table" | sort -u | comm -23 "$scratch/rules" - >"$scratch/missing"
ok_if_empty "every rule of rules.def has a row" "$scratch/missing"

# ---- the documents of the top directory ----

version=$(sed -n 's/^AC_INIT(\[pagetorture\], \[\([^]]*\)\].*/\1/p' configure.ac)
[ -n "$version" ] && grep '^Version ' NEWS | head -n 1 | grep -q "^Version $version\>" &&
	head -n 1 packaging/debian/changelog | grep -qF "($version)"
ok $? "NEWS begins with version $version, as configure.ac and debian/changelog have it"
for file in CONTRIBUTING.md NEWS README.md SECURITY.md; do
	grep -q "^EXTRA_DIST = .* *$file" Makefile.am || echo "$file: not distributed"
	[ $file = README.md ] || grep -q "($file)" README.md || echo "$file: README.md has no link"
done >"$scratch/missing"
ok_if_empty "NEWS and what contributors read is distributed, and README.md links to it" "$scratch/missing"
sed -n '3,/^$/p' README.md | tr '\n' ' ' | sed 's/\([.:]\) \([A-Z]\)/\1\n\2/g' >"$scratch/sentences"
[ "$(wc -l <"$scratch/sentences")" -eq 2 ] && awk 'NF > 25 { exit 1 }' "$scratch/sentences" &&
	head -n 20 README.md | grep -q 'make -C build smoke'
ok $? "README.md begins with three sentences of at most 25 words and the command of the smoke test" "$scratch/sentences"

# README.md promises that a repeated `run` prints the same result.
if has_flavour_or_skip tsan "five runs of a race"; then
	for _ in 1 2 3 4 5; do
		"$pagetorture" run --flavour tsan --executor fibers --json examples/race.page corpus/rules/aliases-overlap.page \
			2>"$scratch/err"
	done | sort | uniq -c | grep -c '^ *5 .*data-race' >"$scratch/same"
	[ "$(cat "$scratch/same")" -eq 2 ]
	ok $? "five runs of two races give the same results" "$scratch/same"
fi

# ---- what documents name ----

skip_rest_without_tools python3

# expect_doc_error PATTERN TEXT: doc_names.py must report PATTERN about a document with TEXT, in which \n
# ends a line.
expect_doc_error() {
	printf '%b\n' "$2" >"$scratch/tree/a.md"
	expect 1 "found: $1" "$1" python3 tests/doc_names.py "$scratch/tree" "$abs_builddir" a.md
}

mkdir -p "$scratch/tree/doc" "$scratch/tree/src"
echo 'OP(skip, "un", true)' >"$scratch/tree/src/ops.def"
printf '# Glossary\n\n### cell\n\n### race matrix\n' >"$scratch/tree/doc/glossary.md"
expect_doc_error 'a.md: there is no b.md' '[a page](b.md)'
expect_doc_error 'a.md has no heading #two' '# One\n\n[above](#two)'
# shellcheck disable=SC2016 # backticks mark code spans
{
	expect_doc_error 'make has no target smoek' 'There is `make smoek`.'
	expect_doc_error 'pagetorture has no chekc' 'There is `pagetorture chekc`.'
	expect_doc_error 'there is no src/page.c' 'There is `src/page.c`.'
	expect_doc_error 'a.md:3: expected a link to glossary.md#cell at the first use of "cell"' \
		'The [race matrix](doc/glossary.md#race-matrix) has no `cell` in this line.\n\nIt has cells here, and a [cell](doc/glossary.md#cell) too late.'
	expect_doc_error "a.md: src/ops.def has no line with 'OP(skep'" \
		'| file | its line for `skip` |\n|---|---|\n| `src/ops.def` | `OP(skep` |'
	expect_doc_error 'a.md: there is no src/ups.def' '| file | its line for `skip` |\n|---|---|\n| `src/ups.def` | `OP(skip` |'
}
expect_doc_error 'a.md:1: a line of 120' "$(printf '%0120d' 7)"
expect 0 "what documents name exists: links, targets, subcommands, files" '' \
	python3 tests/doc_names.py . "$abs_builddir" CONTRIBUTING.md README.md SECURITY.md doc/*.md

done_testing
