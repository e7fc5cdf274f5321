#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Compile shelf.c as a library, once for each flavour: lib/FLAVOUR/libshelf.a.
#
#   build.sh HEADERS [FLAVOUR]...    HEADERS: the directory of page.h
set -eu

headers=$1
shift
[ $# -gt 0 ] || set -- plain asan tsan msan fuzz-tsan
for flavour; do
	case $flavour in
	plain) flags= ;;
	asan) flags='-fsanitize=address,undefined' ;;
	tsan) flags='-fsanitize=thread' ;;
	msan) flags='-fsanitize=memory' ;;
	fuzz-tsan) flags='-fsanitize=thread -fsanitize=fuzzer-no-link' ;;
	esac
	mkdir -p "lib/$flavour"
	# shellcheck disable=SC2086 # words
	${CC:-clang-19} -D_GNU_SOURCE -std=gnu11 -g -O1 -fPIC $flags -I"$headers" -c shelf.c -o "lib/$flavour/shelf.o"
	ar rcs "lib/$flavour/libshelf.a" "lib/$flavour/shelf.o"
done
