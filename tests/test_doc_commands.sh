#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Every command in every document does what the document shows (doc_commands.py), but for those that
# take long: `make check-doc` runs these too, in a copy of the tree, by DOC_LONG=1. DOCS names
# the documents, if not all of them.
. "$(dirname "$0")/tap.sh"

tests_dir=$abs_srcdir/tests
if ! command -v python3 >/dev/null; then
	echo "1..0 # SKIP no python3"
	exit 0
fi

# ---- does it notice? ----

mkdir "$scratch/source" "$scratch/build"
ln -s "$pagetorture" "$scratch/build/pagetorture"
printf 'all: pagetorture\nsmoke:\n\t@sleep 9\n' >"$scratch/build/Makefile"

# says STATUS NAME WORDS [--long]: a document from standard input
says() {
	cat >"$scratch/source/a.md"
	run_to "$1" python3 "$tests_dir/doc_commands.py" ${4+"$4"} "$scratch/source" "$scratch/build" a.md &&
		grep -q "$3" "$scratch/out"
	ok $? "$2" "$scratch/out"
}

says 0 "what is shown is what is printed" 'ok 2 - a.md:3: printf' <<'END'
Text.

    $ printf 'one\n  two 17\nthree 4 s\n'
    one
    ...
    three ~3 s
    $ false    # no
    $ echo $?
    1
END
says 1 "another output is red" 'and this is printed' <<'END'
    $ echo one
    two
END
says 1 "a line too few is red" 'and this is printed' <<'END'
    $ printf 'one\ntwo\n'
    one
END
says 1 "a figure that is none is red" 'and this is printed' <<'END'
    $ echo some seconds
    ~3 seconds
END
says 1 "a command that fails is red" 'exit status 3, which the document does not show' <<'END'
    sh -c 'exit 3'    # with no output shown
END
says 1 "so is one that ends otherwise than it says" 'and this is printed' <<'END'
    $ sh -c 'exit 3'
    $ echo $?
    2
END
says 1 "a command that is not there is red" 'exit status 127' <<'END'
    build/pagetortrue check
END
says 1 "one that ends the shell is red" 'the shell ended before it' <<'END'
    cd /
    cd "/
END
says 1 "a command among other lines is refused" 'would not be run' <<'END'
    a diagram
    make -C build smoke
END
says 1 "nor is one in a fence" 'not a fence' <<'END'
```
make -C build smoke
```
END
says 1 "a mark that says nothing is red" "not 'lnog'" <<'END'
<!-- lnog -->

    make -C build smoke
END
says 1 "a replacement that replaces nothing is red" "expected '8h' in the block" <<'END'
<!-- 8h => 8s -->

    make -C build smoke TIME=8m
END
says 1 "a target that is not there is red, even if it is not run" 'make has no target smoek' <<'END'
    make -C build smoek
END
says 1 "so is a program" 'there is no build/fuzz_pag' <<'END'
<!-- long -->

    build/fuzz_pag -runs=0
END
says 0 "what takes long is skipped, with their number" 'SKIP 2 commands take long: make check-doc' <<'END'
    make -C build smoke
    make -C build all
END
says 0 "a line of comment alone is no command" 'its 1 commands' <<'END'
    echo one          # in words
                      # and more of them
END
says 0 "and started" 'smoke (starts; ended after 1 s)' --long <<'END'
<!-- starts 1 -->

    make -C build smoke
END
says 1 "one that ends at once has not started" 'expected it to go on' --long <<'END'
<!-- starts 5 -->

    make -C build all
END
says 0 "what is missing is a skip, by name" 'SKIP a.md:3: echo one: no no-such-tool' <<'END'
<!-- needs no-such-tool -->

    echo one
END
says 0 "a block is one shell, and so is a document" 'ok 5' <<'END'
    $ cd build
    $ cat >file <<'HERE'
    text
    HERE

And:

    $ cat file
    text
    $ rm file
END

# ---- the documents ----

for flavour in plain asan tsan msan; do
	if ! has_flavour $flavour; then
		skip "the documents show a build with all flavours: this one has no $flavour flavour"
		done_testing
		exit
	fi
done

cd "$abs_srcdir" || exit 99
# shellcheck disable=SC2086 # words
done_with python3 tests/doc_commands.py ${DOC_LONG:+--long} "${DOC_SOURCE:-$abs_srcdir}" \
	"${DOC_BUILD:-$abs_builddir}" ${DOCS:-CONTRIBUTING.md README.md SECURITY.md doc/*.md}
