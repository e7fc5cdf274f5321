# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Each target twice: with an engine (fuzz_NAME; built when asked for), and without one
# (fuzz_NAME-replay, in any compiler's build).

fuzz_common = %D%/fuzz.c %D%/fuzz.h %D%/fuzz_commands.c
fuzz_input = %D%/api_call.c %D%/api_call.h %D%/input.c %D%/input.h
fuzz_api_parts = %D%/api.def %D%/api.h %D%/api_buffer.c %D%/api_fatal.c %D%/api_fault.c \
	%D%/api_page.c %D%/fuzz_api.c
EXTRA_DIST += %D%/targets.def

check_PROGRAMS += fuzz_api-replay fuzz_fatal-replay fuzz_fault-replay fuzz_page-replay fuzz_race-replay fuzz_text-replay
fuzz_api_replay_SOURCES = $(fuzz_common) $(fuzz_api_parts) $(fuzz_input) %D%/main_replay.c
fuzz_api_replay_LDADD = libharness-plain.a $(page_plain)
fuzz_fatal_replay_SOURCES = $(fuzz_common) %D%/fuzz_fatal.c $(fuzz_input) %D%/main_replay.c
fuzz_fatal_replay_LDADD = libharness-plain.a $(page_plain)
fuzz_fault_replay_SOURCES = $(fuzz_common) %D%/fuzz_fault.c $(fuzz_input) %D%/main_replay.c
fuzz_fault_replay_LDADD = libharness-plain.a $(page_plain)
fuzz_page_replay_SOURCES = $(fuzz_common) %D%/fuzz_page.c $(fuzz_input) %D%/main_replay.c
fuzz_page_replay_LDADD = libharness-plain.a $(page_plain)
fuzz_race_replay_SOURCES = $(fuzz_common) %D%/fuzz_race.c $(fuzz_input) %D%/main_replay.c
fuzz_race_replay_LDADD = libharness-plain.a $(page_plain)
fuzz_text_replay_SOURCES = $(fuzz_common) %D%/fuzz_text.c $(fuzz_input) %D%/main_replay.c
fuzz_text_replay_LDADD = libharness-plain.a $(page_plain)

if HAVE_ASAN
check_PROGRAMS += fuzz_api-replay-asan fuzz_fatal-replay-asan fuzz_fault-replay-asan fuzz_page-replay-asan fuzz_text-replay-asan
endif
fuzz_api_replay_asan_SOURCES = $(fuzz_api_replay_SOURCES)
fuzz_api_replay_asan_CFLAGS = $(AM_CFLAGS) $(ASAN_FLAGS)
fuzz_api_replay_asan_LDADD = libharness-asan.a $(page_asan)
fuzz_fatal_replay_asan_SOURCES = $(fuzz_fatal_replay_SOURCES)
fuzz_fatal_replay_asan_CFLAGS = $(AM_CFLAGS) $(ASAN_FLAGS)
fuzz_fatal_replay_asan_LDADD = libharness-asan.a $(page_asan)
fuzz_fault_replay_asan_SOURCES = $(fuzz_fault_replay_SOURCES)
fuzz_fault_replay_asan_CFLAGS = $(AM_CFLAGS) $(ASAN_FLAGS)
fuzz_fault_replay_asan_LDADD = libharness-asan.a $(page_asan)
fuzz_page_replay_asan_SOURCES = $(fuzz_page_replay_SOURCES)
fuzz_page_replay_asan_CFLAGS = $(AM_CFLAGS) $(ASAN_FLAGS)
fuzz_page_replay_asan_LDADD = libharness-asan.a $(page_asan)
fuzz_text_replay_asan_SOURCES = $(fuzz_text_replay_SOURCES)
fuzz_text_replay_asan_CFLAGS = $(AM_CFLAGS) $(ASAN_FLAGS)
fuzz_text_replay_asan_LDADD = libharness-asan.a $(page_asan)

if HAVE_TSAN
check_PROGRAMS += fuzz_race-replay-tsan
endif
fuzz_race_replay_tsan_SOURCES = $(fuzz_race_replay_SOURCES)
fuzz_race_replay_tsan_CFLAGS = $(AM_CFLAGS)
fuzz_race_replay_tsan_LDFLAGS = $(TSAN_FLAGS)
fuzz_race_replay_tsan_LDADD = libharness-tsan.a $(page_tsan)

if HAVE_MSAN
check_PROGRAMS += fuzz_api-replay-msan fuzz_fatal-replay-msan fuzz_fault-replay-msan fuzz_page-replay-msan
endif
fuzz_api_replay_msan_SOURCES = $(fuzz_api_replay_SOURCES)
fuzz_api_replay_msan_CFLAGS = $(AM_CFLAGS) $(MSAN_FLAGS)
fuzz_api_replay_msan_LDADD = libharness-msan.a $(page_msan)
fuzz_fatal_replay_msan_SOURCES = $(fuzz_fatal_replay_SOURCES)
fuzz_fatal_replay_msan_CFLAGS = $(AM_CFLAGS) $(MSAN_FLAGS)
fuzz_fatal_replay_msan_LDADD = libharness-msan.a $(page_msan)
fuzz_fault_replay_msan_SOURCES = $(fuzz_fault_replay_SOURCES)
fuzz_fault_replay_msan_CFLAGS = $(AM_CFLAGS) $(MSAN_FLAGS)
fuzz_fault_replay_msan_LDADD = libharness-msan.a $(page_msan)
fuzz_page_replay_msan_SOURCES = $(fuzz_page_replay_SOURCES)
fuzz_page_replay_msan_CFLAGS = $(AM_CFLAGS) $(MSAN_FLAGS)
fuzz_page_replay_msan_LDADD = libharness-msan.a $(page_msan)

# The engine's flag stands alone: AFL++'s compiler takes just that word for its driver.
EXTRA_PROGRAMS += fuzz_api fuzz_fatal fuzz_fault fuzz_page fuzz_race fuzz_text
fuzz_api_SOURCES = $(fuzz_common) $(fuzz_api_parts) %D%/api_call.c %D%/api_call.h
fuzz_api_CFLAGS = $(AM_CFLAGS) -fsanitize=fuzzer-no-link $(ASAN_FLAGS) $(QUIET_COVERAGE)
fuzz_api_LDFLAGS = -fsanitize=fuzzer $(ASAN_FLAGS)
fuzz_api_LDADD = libharness-fuzz-asan.a $(page_fuzz_asan)
fuzz_fatal_SOURCES = $(fuzz_common) %D%/fuzz_fatal.c %D%/mutator.c
fuzz_fatal_CFLAGS = $(AM_CFLAGS) -fsanitize=fuzzer-no-link $(ASAN_FLAGS) $(QUIET_COVERAGE)
fuzz_fatal_LDFLAGS = -fsanitize=fuzzer $(ASAN_FLAGS)
fuzz_fatal_LDADD = libmutate.a libharness-fuzz-asan.a $(page_fuzz_asan)
fuzz_fault_SOURCES = $(fuzz_common) %D%/fuzz_fault.c %D%/mutator.c
fuzz_fault_CFLAGS = $(AM_CFLAGS) -fsanitize=fuzzer-no-link $(ASAN_FLAGS) $(QUIET_COVERAGE)
fuzz_fault_LDFLAGS = -fsanitize=fuzzer $(ASAN_FLAGS)
fuzz_fault_LDADD = libmutate.a libharness-fuzz-asan.a $(page_fuzz_asan)
fuzz_page_SOURCES = $(fuzz_common) %D%/fuzz_page.c %D%/mutator.c
fuzz_page_CFLAGS = $(AM_CFLAGS) -fsanitize=fuzzer-no-link $(ASAN_FLAGS) $(QUIET_COVERAGE)
fuzz_page_LDFLAGS = -fsanitize=fuzzer $(ASAN_FLAGS)
fuzz_page_LDADD = libmutate.a libharness-fuzz-asan.a $(page_fuzz_asan)
fuzz_text_SOURCES = $(fuzz_common) %D%/fuzz_text.c %D%/mutator_text.c
fuzz_text_CFLAGS = $(AM_CFLAGS) -fsanitize=fuzzer-no-link $(ASAN_FLAGS) $(QUIET_COVERAGE)
fuzz_text_LDFLAGS = -fsanitize=fuzzer $(ASAN_FLAGS)
fuzz_text_LDADD = libmutate.a libharness-fuzz-asan.a $(page_fuzz_asan)
fuzz_race_SOURCES = $(fuzz_common) %D%/fuzz_race.c %D%/mutator.c
fuzz_race_CFLAGS = $(AM_CFLAGS) -fsanitize=fuzzer-no-link $(QUIET_COVERAGE)
fuzz_race_LDFLAGS = -fsanitize=fuzzer $(TSAN_FLAGS)
fuzz_race_LDADD = libmutate.a libharness-fuzz-tsan.a $(page_fuzz_tsan)

# Without a sanitizer: what the library says itself, and addresses that are revoked in earnest.
EXTRA_PROGRAMS += fuzz_api-plain fuzz_fatal-plain fuzz_page-plain
fuzz_api_plain_SOURCES = $(fuzz_api_SOURCES)
fuzz_api_plain_CFLAGS = $(fuzz_fatal_plain_CFLAGS)
fuzz_api_plain_LDFLAGS = $(fuzz_fatal_plain_LDFLAGS)
fuzz_api_plain_LDADD = libharness-fuzz-plain.a $(page_fuzz_plain)
fuzz_fatal_plain_SOURCES = $(fuzz_fatal_SOURCES)
fuzz_fatal_plain_CFLAGS = $(AM_CFLAGS) -fsanitize=fuzzer-no-link $(QUIET_COVERAGE)
fuzz_fatal_plain_LDFLAGS = -fsanitize=fuzzer
fuzz_fatal_plain_LDADD = libmutate.a libharness-fuzz-plain.a $(page_fuzz_plain)
fuzz_page_plain_SOURCES = $(fuzz_page_SOURCES)
fuzz_page_plain_CFLAGS = $(fuzz_fatal_plain_CFLAGS)
fuzz_page_plain_LDFLAGS = $(fuzz_fatal_plain_LDFLAGS)
fuzz_page_plain_LDADD = $(fuzz_fatal_plain_LDADD)

# What is read before it is written: MemorySanitizer must end the process, by its rule.
EXTRA_PROGRAMS += fuzz_fatal-msan
fuzz_fatal_msan_SOURCES = $(fuzz_fatal_SOURCES)
fuzz_fatal_msan_CFLAGS = $(AM_CFLAGS) -fsanitize=fuzzer-no-link $(MSAN_FLAGS) $(QUIET_COVERAGE)
fuzz_fatal_msan_LDFLAGS = -fsanitize=fuzzer $(MSAN_FLAGS)
fuzz_fatal_msan_LDADD = libmutate.a libharness-fuzz-msan.a $(page_fuzz_msan)

# The same without the mutator, for `make bench-fuzz`.
EXTRA_PROGRAMS += fuzz_page-bytes fuzz_race-bytes
fuzz_page_bytes_SOURCES = $(fuzz_common) %D%/fuzz_page.c
fuzz_page_bytes_CFLAGS = $(fuzz_page_CFLAGS)
fuzz_page_bytes_LDFLAGS = $(fuzz_page_LDFLAGS)
fuzz_page_bytes_LDADD = libharness-fuzz-asan.a $(page_fuzz_asan)
fuzz_race_bytes_SOURCES = $(fuzz_common) %D%/fuzz_race.c
fuzz_race_bytes_CFLAGS = $(fuzz_race_CFLAGS)
fuzz_race_bytes_LDFLAGS = $(fuzz_race_LDFLAGS)
fuzz_race_bytes_LDADD = libharness-fuzz-tsan.a $(page_fuzz_tsan)

# What it is held against, and how much of the library each corpus covers.
EXTRA_PROGRAMS += fuzz_empty fuzz_stream fuzz_page-replay-cov fuzz_stream-replay-cov
fuzz_empty_SOURCES = $(fuzz_common) %D%/fuzz_empty.c %D%/mutator.c
fuzz_empty_CFLAGS = $(fuzz_page_CFLAGS)
fuzz_empty_LDFLAGS = $(fuzz_page_LDFLAGS)
fuzz_empty_LDADD = $(fuzz_page_LDADD)
fuzz_stream_SOURCES = $(fuzz_common) %D%/fuzz_stream.c
fuzz_stream_CFLAGS = $(AM_CFLAGS) -fsanitize=fuzzer-no-link $(ASAN_FLAGS)
fuzz_stream_LDFLAGS = $(fuzz_page_LDFLAGS)
fuzz_stream_LDADD = $(fuzz_page_bytes_LDADD)
fuzz_page_replay_cov_SOURCES = $(fuzz_page_replay_SOURCES)
fuzz_page_replay_cov_LDFLAGS = $(COVERAGE_FLAGS)
fuzz_page_replay_cov_LDADD = libharness-plain.a $(page_cov)
fuzz_stream_replay_cov_SOURCES = $(fuzz_common) %D%/fuzz_stream.c $(fuzz_input) %D%/main_replay.c
fuzz_stream_replay_cov_LDFLAGS = $(COVERAGE_FLAGS)
fuzz_stream_replay_cov_LDADD = libharness-plain.a $(page_cov)

# Does an input get the same answer every time? The code that the engine runs, counters
# and all, without the engine.
same_common = $(fuzz_common) $(fuzz_input) %D%/answer.c %D%/answer.h %D%/answer_table.c %D%/answer_table.h \
	%D%/main_same.c

if HAVE_ENGINE
if HAVE_ASAN
check_PROGRAMS += fuzz_api-same fuzz_fatal-same fuzz_fault-same fuzz_page-same fuzz_text-same
endif
endif
fuzz_api_same_SOURCES = $(same_common) $(fuzz_api_parts)
fuzz_api_same_CFLAGS = $(fuzz_api_CFLAGS)
fuzz_api_same_LDFLAGS = $(ASAN_FLAGS)
fuzz_api_same_LDADD = $(fuzz_api_LDADD)
fuzz_fatal_same_SOURCES = $(same_common) %D%/fuzz_fatal.c
fuzz_fatal_same_CFLAGS = $(fuzz_fatal_CFLAGS)
fuzz_fatal_same_LDFLAGS = $(ASAN_FLAGS)
fuzz_fatal_same_LDADD = $(fuzz_fatal_LDADD)
fuzz_fault_same_SOURCES = $(same_common) %D%/fuzz_fault.c
fuzz_fault_same_CFLAGS = $(fuzz_fault_CFLAGS)
fuzz_fault_same_LDFLAGS = $(ASAN_FLAGS)
fuzz_fault_same_LDADD = $(fuzz_fault_LDADD)
fuzz_page_same_SOURCES = $(same_common) %D%/fuzz_page.c
fuzz_page_same_CFLAGS = $(fuzz_page_CFLAGS)
fuzz_page_same_LDFLAGS = $(ASAN_FLAGS)
fuzz_page_same_LDADD = $(fuzz_page_LDADD)
fuzz_text_same_SOURCES = $(same_common) %D%/fuzz_text.c
fuzz_text_same_CFLAGS = $(fuzz_text_CFLAGS)
fuzz_text_same_LDFLAGS = $(ASAN_FLAGS)
fuzz_text_same_LDADD = $(fuzz_text_LDADD)

if HAVE_ENGINE_TSAN
check_PROGRAMS += fuzz_race-same
endif
fuzz_race_same_SOURCES = $(same_common) %D%/fuzz_race.c
fuzz_race_same_CFLAGS = $(fuzz_race_CFLAGS)
fuzz_race_same_LDFLAGS = $(TSAN_FLAGS)
fuzz_race_same_LDADD = $(fuzz_race_LDADD)

engine_programs =
if HAVE_ENGINE
engine_programs += fuzz_api fuzz_fatal fuzz_fault fuzz_page fuzz_text
endif
if HAVE_ENGINE_TSAN
engine_programs += fuzz_race
endif

#: fuzzers  build the fuzz targets for libFuzzer
fuzzers: $(engine_programs)

# The mutator for AFL++, which loads it into itself: position-independent, and built by
# whatever compiler. The programs' own sources come along.
noinst_PROGRAMS += afl_mutator.so
afl_mutator_so_SOURCES = %D%/afl_mutator.c $(mutate_sources) \
	src/harness/util/number.c src/harness/program/op.c src/harness/program/program.c src/harness/program/program_bytes.c
afl_mutator_so_CFLAGS = $(AM_CFLAGS) -fPIC -fvisibility=hidden
# libtool would keep a plain -shared to itself.
afl_mutator_so_LDFLAGS = -Wc,-shared

# AFL++ is another compiler, hence other build directories: with a sanitizer, without one,
# and the twin that logs comparisons. There is no fuzz_race: ThreadSanitizer takes AFL++'s
# coverage counters for shared data. It does not know the attribute that leaves a function
# out (sync.h), but a list of names.
# Without fuzz_api and fuzz_fatal: AFL++ counts what their dying children do, too, which is never
# quite the same.
afl_programs = fuzz_fault fuzz_page fuzz_text

afl_build = \
	if test "$(AFL_CC)" = no; then \
	  echo "skipped: AFL++ (no afl-clang-fast)"; exit 77; fi; \
	$(MKDIR_P) $$directory && \
	{ test -f $$directory/Makefile && test ! config.h -nt $$directory/Makefile || (cd $$directory && \
	  $(abs_srcdir)/configure --quiet --cache-file=$(abs_builddir)/afl.cache \
	  CC='$(AFL_CC)' --disable-tsan --disable-msan --disable-shared \
	  --with-page-library='$(PAGE_LIBRARY)'); } && \
	sed -n 's/.*NO_COVERAGE .*[ *]\([a-z_]*\)(.*/fun: \1/p' $(srcdir)/src/page/*.c \
	  >$$directory/uncounted && test -s $$directory/uncounted && \
	cd $$directory && AFL_LLVM_DENYLIST=`pwd`/uncounted $(MAKE) $(AM_MAKEFLAGS) $$flags $(afl_programs)

#: afl-fuzzers  build the fuzz targets for AFL++
afl-fuzzers: afl-fuzzers-asan
	+@directory=afl-plain flags=ASAN_FLAGS=; $(afl_build)
	+@directory=afl-cmplog flags=ASAN_FLAGS=; AFL_LLVM_CMPLOG=1; export AFL_LLVM_CMPLOG; $(afl_build)

afl-fuzzers-asan:
	+@directory=afl flags=; $(afl_build)

clean-local: clean-afl
clean-afl:
	rm -rf afl afl-plain afl-cmplog afl.cache

CLEANFILES += $(EXTRA_PROGRAMS) $(EXTRA_LIBRARIES)

.PHONY: fuzzers afl-fuzzers afl-fuzzers-asan clean-afl
