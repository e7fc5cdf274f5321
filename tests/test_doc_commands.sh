#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Every command in every document prints what the document shows (doc_commands.py). With DOC_LONG=1, which
# `make check-doc` sets, doc_commands.py also runs commands that take long. The variable DOCS lists the
# documents to check (default: all).
. "$(dirname "$0")/tap.sh"

skip_rest_without_tools python3

# ---- each kind of error in a document is found ----

mkdir "$scratch/source" "$scratch/build"
ln -s "$pagetorture" "$scratch/build/pagetorture"
printf 'all: pagetorture\nsmoke:\n\t@sleep 9\n' >"$scratch/build/Makefile"

# expect_document_result STATUS NAME PATTERN TEXT [--long]: doc_commands.py must end with STATUS and print
# PATTERN for a document with TEXT, in which \n ends a line.
expect_document_result() {
	printf '%b\n' "$4" >"$scratch/source/a.md"
	expect "$1" "$2" "$3" python3 -B "$abs_srcdir/tests/doc_commands.py" ${5+"$5"} "$scratch/source" "$scratch/build" a.md
}

expect_document_result 0 "the expected output" 'ok 2 - a.md:3: printf' "Text.

    \$ printf 'one\\\\n  two 17\\\\nthree 4 s\\\\n'
    one
    ...
    three ~3 s
    \$ false    # no
    \$ echo \$?
    1"
expect_document_result 1 "another output" 'and this is printed' '    $ echo one\n    two'
expect_document_result 1 "a line is missing" 'and this is printed' '    $ seq 2\n    1'
expect_document_result 1 "no number where one is expected" 'and this is printed' '    $ echo some seconds\n    ~3 seconds'
expect_document_result 1 "a command that fails" 'exit status 3, which the document does not show' \
	"    sh -c 'exit 3'    # with no output shown"
expect_document_result 1 "another exit status" 'and this is printed' "    \$ sh -c 'exit 3'\n    \$ echo \$?\n    2"
expect_document_result 1 "a command that does not exist" 'exit status 127' '    build/pagetortrue check'
expect_document_result 1 "a command that ends the shell" 'the shell ended before it' '    cd /\n    cd "/'
expect_document_result 1 "a block that is no command, and not marked as text" 'exit status 127' '    a diagram\n    make -C build smoke'
# shellcheck disable=SC2016 # the backticks are no command substitution
expect_document_result 1 "a command in a fence" 'not a fence' '```\nmake -C build smoke\n```'
expect_document_result 1 "an unknown mark" "not 'lnog'" '<!-- lnog -->\n\n    make -C build smoke'
expect_document_result 1 "a replacement of nothing" "expected '8h' in the block" \
	'<!-- 8h => 8s -->\n\n    make -C build smoke TIME=8m'
expect_document_result 1 "a command that runs for minutes" 'expected long or a replacement of the time' \
	'    build/pagetorture fuzz --time 10m'
expect_document_result 1 "an unknown target" 'make has no target smoek' '    make -C build smoek'
expect_document_result 1 "an unknown program" 'there is no build/fuzz_pag' '<!-- long -->\n\n    build/fuzz_pag -runs=0'
expect_document_result 0 "commands that take long are skipped" 'SKIP 2 commands take long: make check-doc' \
	'    make -C build smoke\n    make -C build all'
expect_document_result 0 "a comment is no command" 'its 1 commands' '    echo one          # in words\n                      # and more'
expect_document_result 0 "a command that goes on is stopped" 'smoke (starts; ended after 1 s)' \
	'<!-- starts 1 -->\n\n    make -C build smoke' --long
expect_document_result 1 "a command that ends at once does not go on" 'expected it to go on' \
	'<!-- starts 5 -->\n\n    make -C build all' --long
expect_document_result 0 "a missing tool" 'SKIP a.md:3: echo one: no no-such-tool' '<!-- needs no-such-tool -->\n\n    echo one'
expect_document_result 0 "a document is one session" 'ok 5' "    \$ cd build
    \$ cat >file <<'HERE'
    text
    HERE

And:

    \$ cat file
    text
    \$ rm file"

# ---- the documents ----

[ "$(list_flavours)" = "plain asan tsan msan" ] ||
	skip_rest "the documents show a build with all flavours: this one has only $(list_flavours)"
cd "$abs_srcdir" || exit 99
# shellcheck disable=SC2086 # split into words
finish_with_checks_of_command python3 -B tests/doc_commands.py ${DOC_LONG:+--long} "${DOC_SOURCE:-$abs_srcdir}" \
	"${DOC_BUILD:-$abs_builddir}" ${DOCS:-CONTRIBUTING.md README.md SECURITY.md doc/*.md}
