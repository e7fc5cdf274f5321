# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Each target twice: with an engine (fuzz_NAME; built when asked for), and without one
# (fuzz_NAME-replay, in any compiler's build).

fuzz_common = %D%/fuzz.c %D%/fuzz.h
EXTRA_DIST += %D%/targets.def

check_PROGRAMS += fuzz_fault-replay fuzz_page-replay fuzz_race-replay fuzz_text-replay
fuzz_fault_replay_SOURCES = $(fuzz_common) %D%/fuzz_fault.c %D%/main_replay.c
fuzz_fault_replay_LDADD = libharness-plain.a libpage-plain.a
fuzz_page_replay_SOURCES = $(fuzz_common) %D%/fuzz_page.c %D%/main_replay.c
fuzz_page_replay_LDADD = libharness-plain.a libpage-plain.a
fuzz_race_replay_SOURCES = $(fuzz_common) %D%/fuzz_race.c %D%/main_replay.c
fuzz_race_replay_LDADD = libharness-plain.a libpage-plain.a
fuzz_text_replay_SOURCES = $(fuzz_common) %D%/fuzz_text.c %D%/main_replay.c
fuzz_text_replay_LDADD = libharness-plain.a libpage-plain.a

if HAVE_ASAN
check_PROGRAMS += fuzz_fault-replay-asan fuzz_page-replay-asan fuzz_text-replay-asan
endif
fuzz_fault_replay_asan_SOURCES = $(fuzz_fault_replay_SOURCES)
fuzz_fault_replay_asan_CFLAGS = $(AM_CFLAGS) $(ASAN_FLAGS)
fuzz_fault_replay_asan_LDADD = libharness-asan.a libpage-asan.a
fuzz_page_replay_asan_SOURCES = $(fuzz_page_replay_SOURCES)
fuzz_page_replay_asan_CFLAGS = $(AM_CFLAGS) $(ASAN_FLAGS)
fuzz_page_replay_asan_LDADD = libharness-asan.a libpage-asan.a
fuzz_text_replay_asan_SOURCES = $(fuzz_text_replay_SOURCES)
fuzz_text_replay_asan_CFLAGS = $(AM_CFLAGS) $(ASAN_FLAGS)
fuzz_text_replay_asan_LDADD = libharness-asan.a libpage-asan.a

if HAVE_TSAN
check_PROGRAMS += fuzz_race-replay-tsan
endif
fuzz_race_replay_tsan_SOURCES = $(fuzz_race_replay_SOURCES)
fuzz_race_replay_tsan_CFLAGS = $(AM_CFLAGS)
fuzz_race_replay_tsan_LDFLAGS = $(TSAN_FLAGS)
fuzz_race_replay_tsan_LDADD = libharness-tsan.a libpage-tsan.a

if HAVE_MSAN
check_PROGRAMS += fuzz_fault-replay-msan fuzz_page-replay-msan
endif
fuzz_fault_replay_msan_SOURCES = $(fuzz_fault_replay_SOURCES)
fuzz_fault_replay_msan_CFLAGS = $(AM_CFLAGS) $(MSAN_FLAGS)
fuzz_fault_replay_msan_LDADD = libharness-msan.a libpage-msan.a
fuzz_page_replay_msan_SOURCES = $(fuzz_page_replay_SOURCES)
fuzz_page_replay_msan_CFLAGS = $(AM_CFLAGS) $(MSAN_FLAGS)
fuzz_page_replay_msan_LDADD = libharness-msan.a libpage-msan.a

# The engine's flag stands alone: AFL++'s compiler takes just that word for its driver.
EXTRA_PROGRAMS += fuzz_fault fuzz_page fuzz_race fuzz_text
fuzz_fault_SOURCES = $(fuzz_common) %D%/fuzz_fault.c
fuzz_fault_CFLAGS = $(AM_CFLAGS) -fsanitize=fuzzer-no-link $(ASAN_FLAGS)
fuzz_fault_LDFLAGS = -fsanitize=fuzzer $(ASAN_FLAGS)
fuzz_fault_LDADD = libharness-fuzz-asan.a libpage-fuzz-asan.a
fuzz_page_SOURCES = $(fuzz_common) %D%/fuzz_page.c
fuzz_page_CFLAGS = $(AM_CFLAGS) -fsanitize=fuzzer-no-link $(ASAN_FLAGS)
fuzz_page_LDFLAGS = -fsanitize=fuzzer $(ASAN_FLAGS)
fuzz_page_LDADD = libharness-fuzz-asan.a libpage-fuzz-asan.a
fuzz_text_SOURCES = $(fuzz_common) %D%/fuzz_text.c
fuzz_text_CFLAGS = $(AM_CFLAGS) -fsanitize=fuzzer-no-link $(ASAN_FLAGS)
fuzz_text_LDFLAGS = -fsanitize=fuzzer $(ASAN_FLAGS)
fuzz_text_LDADD = libharness-fuzz-asan.a libpage-fuzz-asan.a
fuzz_race_SOURCES = $(fuzz_common) %D%/fuzz_race.c
fuzz_race_CFLAGS = $(AM_CFLAGS) -fsanitize=fuzzer-no-link
fuzz_race_LDFLAGS = -fsanitize=fuzzer $(TSAN_FLAGS)
fuzz_race_LDADD = libharness-fuzz-tsan.a libpage-fuzz-tsan.a

engine_programs =
if HAVE_ENGINE
engine_programs += fuzz_fault fuzz_page fuzz_text
endif
if HAVE_ENGINE_TSAN
engine_programs += fuzz_race
endif

fuzzers: $(engine_programs)

# AFL++ is another compiler, hence other build directories: with a sanitizer, without one,
# and the twin that logs comparisons. There is no fuzz_race: ThreadSanitizer takes AFL++'s
# coverage counters for shared data.
afl_programs = fuzz_fault fuzz_page fuzz_text

afl_build = \
	if test "$(AFL_CC)" = no; then \
	  echo "skipped: AFL++ (no afl-clang-fast)"; exit 77; fi; \
	$(MKDIR_P) $$folder && \
	{ test -f $$folder/Makefile || (cd $$folder && $(abs_srcdir)/configure --quiet \
	  --cache-file=$(abs_builddir)/afl.cache CC='$(AFL_CC)' \
	  --disable-tsan --disable-msan --disable-shared); } && \
	cd $$folder && $(MAKE) $(AM_MAKEFLAGS) $$flags $(afl_programs)

afl-fuzzers: afl-fuzzers-asan
	+@folder=afl-plain flags=ASAN_FLAGS=; $(afl_build)
	+@folder=afl-cmplog flags=ASAN_FLAGS=; AFL_LLVM_CMPLOG=1; export AFL_LLVM_CMPLOG; $(afl_build)

afl-fuzzers-asan:
	+@folder=afl flags=; $(afl_build)

clean-local: clean-afl
clean-afl:
	rm -rf afl afl-plain afl-cmplog afl.cache

CLEANFILES += $(EXTRA_PROGRAMS) $(EXTRA_LIBRARIES)

.PHONY: fuzzers afl-fuzzers afl-fuzzers-asan clean-afl
