#!/bin/bash -eux
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Builds the targets for OSS-Fuzz and ClusterFuzzLite: the sources are in $SRC/pagetorture, the targets go
# to $OUT, all other files to $WORK. The service sets $CC, $CXX, $CFLAGS, $CXXFLAGS and
# $LIB_FUZZING_ENGINE, which contain all flags for sanitizer and coverage.

source=$SRC/pagetorture
build=$WORK/pagetorture

# fuzz_explore needs ThreadSanitizer. MemorySanitizer gets no fuzz_race, whose programs may use uninitialised
# bytes: this is no finding of fuzz_race, but MemorySanitizer would end the process.
left_out=none
case $SANITIZER in
thread) ;;
memory) left_out='fuzz_explore|fuzz_race' ;;
*) left_out=fuzz_explore ;;
esac
targets=$(sed -n 's/^TARGET(\([a-z_]*\),.*/\1/p' "$source/fuzz/targets.def" | grep -Evx "$left_out")

# Only libharness-given-tsan.a reports its fibers to ThreadSanitizer.
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

# The tool that encodes the seeds runs during this build, so it is built without the flags of the service.
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
