# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Each target twice: with an engine (fuzz_NAME; built when asked for), and without one
# (fuzz_NAME-replay, in any compiler's build).

fuzz_common = %D%/fuzz.c %D%/fuzz.h %D%/fuzz_commands.c
fuzz_input = %D%/api_call.c %D%/api_call.h %D%/input.c %D%/input.h
fuzz_api_parts = \
	%D%/api.def \
	%D%/api.h \
	%D%/api_buffer.c \
	%D%/api_fatal.c \
	%D%/api_fault.c \
	%D%/api_page.c
# The determinism check: the code that the engine runs, with its counters, without the engine.
same_common = \
	$(fuzz_common) \
	$(fuzz_input) \
	%D%/main_same.c \
	%D%/same_serve.c \
	%D%/same_serve.h

EXTRA_DIST += \
	$(same_common) \
	$(fuzz_api_parts) \
	%D%/afl_mutator.c \
	%D%/fuzz_api.c \
	%D%/fuzz_empty.c \
	%D%/fuzz_fatal.c \
	%D%/fuzz_fault.c \
	%D%/fuzz_page.c \
	%D%/fuzz_race.c \
	%D%/fuzz_text.c \
	%D%/main_replay.c \
	%D%/mutator.c \
	%D%/mutator_text.c \
	%D%/targets.def

# The targets that each flavour has without an engine: fuzz_NAME-replay-FLAVOUR.
replay_targets_plain = api fatal fault page race text
replay_targets_asan = api fatal fault page text
replay_targets_tsan = race
replay_targets_msan = api fatal fault page

same_programs =
if HAVE_ENGINE
if HAVE_ASAN
same_programs += fuzz_api-same fuzz_fatal-same fuzz_fault-same fuzz_page-same fuzz_text-same
endif
endif
if HAVE_ENGINE_TSAN
same_programs += fuzz_race-same
endif

engine_programs =
if HAVE_ENGINE
engine_programs += fuzz_api fuzz_fatal fuzz_fault fuzz_page fuzz_text
endif
if HAVE_ENGINE_TSAN
engine_programs += fuzz_race
endif

#: fuzzers  build the fuzz targets for libFuzzer
fuzzers: $(engine_programs)

# The mutator for AFL++ comes with the sources of programs: another compiler may build it.
afl_mutator_sources = \
	$(mutate_sources) \
	%D%/afl_mutator.c \
	src/harness/program/op.c \
	src/harness/program/program.c \
	src/harness/program/program_bytes.c \
	src/harness/util/number.c

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

.PHONY: fuzzers afl-fuzzers afl-fuzzers-asan clean-afl
