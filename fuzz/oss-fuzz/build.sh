#!/bin/bash -eux
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# What OSS-Fuzz and ClusterFuzzLite run to build the targets: the tree is $SRC/pagetorture,
# targets go to $OUT, all else to $WORK. $CC $CXX $CFLAGS $CXXFLAGS and
# $LIB_FUZZING_ENGINE say with what; they hold every flag of sanitizer and coverage.

source=$SRC/pagetorture
build=$WORK/pagetorture

# Which targets make sense: programs of fuzz_race may use uninitialised bytes, which is
# no finding there but ends the process under MemorySanitizer.
targets=$(sed -n 's/^TARGET(\([a-z_]*\),.*/\1/p' "$source/fuzz/targets.def")
case $SANITIZER in
memory) targets=${targets/fuzz_race/} ;;
esac

# Only with ThreadSanitizer are there fibers that it knows.
harness=libharness-given.a
case $SANITIZER in
thread) harness=libharness-given-tsan.a ;;
esac

if [ ! -x "$source/configure" ]; then
	(cd "$source" && autoreconf --install)
fi
rm -rf "$build"
mkdir -p "$build"
cd "$build"

# Tools that run here and now are built without the given flags.
CFLAGS='' CXXFLAGS='' "$source/configure" --quiet --disable-shared \
	--disable-asan --disable-tsan --disable-msan --disable-fuzz CC="$CC"
make -s -j"$(nproc)" seeds
# shellcheck disable=SC2046,SC2086 # a list of names
make -s -j"$(nproc)" $(printf '%s-given ' $targets) \
	GIVEN_CFLAGS="$CFLAGS" GIVEN_CXX="$CXX" GIVEN_CXXFLAGS="$CXXFLAGS" \
	GIVEN_ENGINE="$LIB_FUZZING_ENGINE" GIVEN_HARNESS=$harness

for target in $targets; do
	reads=bytes
	if grep -q 'fuzz_input_kind = FUZZ_TEXT' "$source/fuzz/$target.c"; then
		reads=text
	fi
	cp "$target-given" "$OUT/$target"
	cp "fuzz/$reads.dict" "$OUT/$target.dict"
	cp "$source/fuzz/oss-fuzz/$reads.options" "$OUT/$target.options"
	(cd "seeds/$target" && python3 -m zipfile -c "$OUT/${target}_seed_corpus.zip" .)
done
