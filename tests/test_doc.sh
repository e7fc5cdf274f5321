#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Documents are correct: the programs of doc/rules.md exist, its table is what `run` observes, and what
# documents name and cite exists (doc_names.py). test_doc_commands.sh runs their commands.
. "$(dirname "$0")/tap.sh"

doc=$abs_srcdir/doc/rules.md
rules=$abs_srcdir/corpus/rules

# Rows of the second table: rule, program, then what eight columns say.
grep '^| [a-z-]* | [a-z-]* | [-y]' "$doc" | tr -d ' ' | tr '|' ' ' >"$scratch/table"
[ "$(wc -l <"$scratch/table")" -ge 20 ]
ok $? "doc/rules.md has its table"

# see BACKEND: "PROGRAM FLAVOUR SEEN" for each program of the table and each flavour.
see() {
	(
		cd "$rules" || exit 99
		# shellcheck disable=SC2046 # words
		"$pagetorture" run --backend "$1" --json $(awk '{ print $2 ".page" }' "$scratch/table")
	) >"$scratch/$1.json" 2>"$scratch/err"
	sed -n 's/.*"file": "\([a-z-]*\)\.page".*"flavours": {\(.*\)}, "agree": true}$/\1 \2/p' \
		"$scratch/$1.json" >"$scratch/$1.seen"
}

# column NUMBER BACKEND FLAVOUR: does it hold for every row?
column() {
	if ! has_flavour "$3"; then
		skip "$2 $3: this build has no $3 flavour"
		return
	fi
	while read -r rule program cells; do
		said=$(echo "$cells" | awk -v n="$1" '{ print $n }')
		seen=$(sed -n "s/^$program .*\"$3\": {[^}]*\"fibers\": \"\([a-z -]*\)\".*/\1/p" \
			"$scratch/$2.seen")
		case $said:$seen in
		yes:"$rule" | -:clean | -:'not run') ;;
		*) echo "$program: the table says $said of $rule, seen is '$seen'" ;;
		esac
	done <"$scratch/table" >"$scratch/wrong"
	[ ! -s "$scratch/wrong" ]
	ok $? "the column $2 $3 is what run sees" "$scratch/wrong"
}

number=0
for backend in direct alias; do
	see $backend
	for flavour in plain asan tsan msan; do
		number=$((number + 1))
		column $number $backend $flavour
	done
done

# Every program that the document names is there; every rule name is in its table.
grep '^| R' "$doc" | awk -F'|' '{ print $5 "," $6 }' | tr ',' '\n' | sed 's/(.*//; s/ //g' |
	grep -E '^[a-z0-9]+(-[a-z0-9]+)*$' | while read -r program; do
	[ -e "$rules/$program.page" ] || echo "$program"
done >"$scratch/missing"
[ ! -s "$scratch/missing" ]
ok $? "every program that the document names is in corpus/rules" "$scratch/missing"
sed -n 's/^RULE([a-z_]*, "\([a-z-]*\)".*/\1/p' "$abs_srcdir/src/harness/program/rules.def" |
	while read -r rule; do
		grep -q "^$rule " "$scratch/table" || grep -q "^ *$rule " "$scratch/table" || echo "$rule"
	done >"$scratch/missing"
[ ! -s "$scratch/missing" ]
ok $? "every rule of rules.def has a row" "$scratch/missing"

# ---- the documents of the top directory ----

version=$(sed -n 's/^AC_INIT(\[pagetorture\], \[\([^]]*\)\].*/\1/p' "$abs_srcdir/configure.ac")
news=$(sed -n 's/^Version \([^ ,]*\).*/\1/p' "$abs_srcdir/NEWS" | head -n 1)
[ -n "$version" ] && [ "$news" = "$version" ] &&
	head -n 1 "$abs_srcdir/packaging/debian/changelog" | grep -qF "($version)"
ok $? "NEWS begins with version $version, as configure.ac and debian/changelog have it"
for file in CONTRIBUTING.md NEWS README.md SECURITY.md; do
	[ -s "$abs_srcdir/$file" ] && grep -q "^EXTRA_DIST = .* *$file" "$abs_srcdir/Makefile.am" ||
		echo "$file: not distributed"
	[ $file = README.md ] || grep -q "($file)" "$abs_srcdir/README.md" || echo "$file: README.md has no link"
done >"$scratch/missing"
[ ! -s "$scratch/missing" ]
ok $? "NEWS and what contributors read is distributed, and README.md links to it" "$scratch/missing"

# The first screen of README.md: three sentences of at most 25 words, then commands.
sed -n '3,/^$/p' "$abs_srcdir/README.md" | tr '\n' ' ' | sed 's/\([.:]\) \([A-Z]\)/\1\n\2/g' >"$scratch/sentences"
[ "$(wc -l <"$scratch/sentences")" -eq 2 ] && awk 'NF > 25 { exit 1 }' "$scratch/sentences" &&
	head -n 20 "$abs_srcdir/README.md" | grep -q 'make -C build smoke'
ok $? "README.md begins with three sentences and the command of the smoke test" "$scratch/sentences"

# It promises the same result every time.
if has_flavour tsan; then
	for run in 1 2 3 4 5; do
		"$pagetorture" run --flavour tsan --executor fibers --json "$abs_srcdir/examples/race.page" "$rules"/aliases-overlap.page \
			>"$scratch/run.$run" 2>"$scratch/err"
		cmp "$scratch/run.1" "$scratch/run.$run" || break
	done >"$scratch/differs" 2>&1
	[ ! -s "$scratch/differs" ] && grep -q data-race "$scratch/run.5"
	ok $? "five runs of a race give the same result" "$scratch/differs"
else
	skip "five runs of a race: this build has no tsan flavour"
fi

# ---- what documents name ----

if ! command -v python3 >/dev/null; then
	skip "what documents name: no python3"
	done_testing
	exit
fi
names=$abs_srcdir/tests/doc_names.py

# wrong WORDS: a document from standard input, in which that is found
wrong() {
	mkdir -p "$scratch/tree/src"
	cat >"$scratch/tree/a.md"
	run_to 1 python3 "$names" "$scratch/tree" "$abs_builddir" a.md && grep -q "$1" "$scratch/out"
	ok $? "found: $1" "$scratch/out"
}

wrong 'a.md: there is no b.md' <<'END'
[a page](b.md)
END
wrong 'a.md has no heading #two' <<'END'
# One

[above](#two)
END
wrong 'make has no target smoek' <<'END'
There is `make smoek`.
END
wrong 'pagetorture has no chekc' <<'END'
There is `pagetorture chekc`.
END
wrong 'there is no src/page.c' <<'END'
There is `src/page.c`.
END
mkdir -p "$scratch/tree/doc"
printf '# Glossary\n\n### cell\n\n### race matrix\n' >"$scratch/tree/doc/glossary.md"
wrong 'a.md:3: expected a link to glossary.md#cell at the first use of "cell"' <<'END'
The [race matrix](doc/glossary.md#race-matrix) has no `cell` in this line.

It has cells here, and a [cell](doc/glossary.md#cell) too late.
END
mkdir -p "$scratch/tree/src/harness/program"
echo 'OP(skip, "un", true)' >"$scratch/tree/src/harness/program/ops.def"
wrong "a.md: src/harness/program/ops.def has no line with 'OP(skep'" <<'END'
| file | its line for `skip` |
|---|---|
| `src/harness/program/ops.def` | `OP(skep` |
END
wrong 'a.md: there is no src/ups.def' <<'END'
| file | its line for `skip` |
|---|---|
| `src/ups.def` | `OP(skip` |
END
wrong 'a.md:1: a line of 120' <<END
$(printf '%0120d' 7)
END

cd "$abs_srcdir" || exit 99
run_to 0 python3 "$names" . "$abs_builddir" CONTRIBUTING.md README.md SECURITY.md doc/*.md
ok $? "links, targets, subcommands, files: what documents name exists" "$scratch/out"

done_testing
