# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Each fuzz target has two programs: fuzz_NAME with an engine, which `make fuzzers` builds, and
# fuzz_NAME-replay without an engine, which every compiler can build.

fuzz_common = %D%/end_with_parent.c %D%/fuzz.c %D%/fuzz.h %D%/fuzz_commands.c
fuzz_input = %D%/api_call.c %D%/api_call.h %D%/input.c %D%/input.h
fuzz_api_parts = \
	%D%/api.def \
	%D%/api.h \
	%D%/api_compare.h \
	%D%/api_misuse.h \
	%D%/api_model.h \
	%D%/api_buffer.c \
	%D%/api_bytes.c \
	%D%/api_child.c \
	%D%/api_compare.c \
	%D%/api_fatal.c \
	%D%/api_fault.c \
	%D%/api_map.c \
	%D%/api_misuse.c \
	%D%/api_misuse_kinds.c \
	%D%/api_model.c \
	%D%/api_page.c \
	%D%/api_start.c \
	%D%/api_task.c \
	%D%/api_user.c
# The sources of fuzz_NAME-same, the program of the determinism check (same.py): the code of a fuzz target
# with coverage counters, without an engine.
same_common = \
	$(fuzz_common) \
	$(fuzz_input) \
	%D%/main_same.c

EXTRA_DIST += \
	$(same_common) \
	$(fuzz_api_parts) \
	%D%/afl_mutator.c \
	%D%/api_mutator.c \
	%D%/fuzz_api.c \
	%D%/fuzz_empty.c \
	%D%/fuzz_explore.c \
	%D%/fuzz_fatal.c \
	%D%/fuzz_fault.c \
	%D%/fuzz_page.c \
	%D%/fuzz_race.c \
	%D%/fuzz_text.c \
	%D%/main_replay.c \
	%D%/mutator.c \
	%D%/mutator_text.c \
	%D%/same.py \
	%D%/targets.def

# The targets that each flavour has without an engine: fuzz_NAME-replay-FLAVOUR.
replay_targets_plain = api fatal fault page race text
replay_targets_asan = api fatal fault page text
replay_targets_tsan = explore race
replay_targets_msan = api fatal fault page

same_programs =
if HAVE_ENGINE
if HAVE_ASAN
same_programs += fuzz_api-same fuzz_fatal-same fuzz_fault-same fuzz_page-same fuzz_text-same
endif
endif
if HAVE_ENGINE_TSAN
same_programs += fuzz_explore-same fuzz_race-same
endif

engine_programs =
if HAVE_ENGINE
engine_programs += fuzz_api fuzz_fatal fuzz_fault fuzz_page fuzz_text
endif
if HAVE_ENGINE_TSAN
engine_programs += fuzz_explore fuzz_race
endif

#: fuzzers  build the fuzz targets for libFuzzer
fuzzers: $(engine_programs)

# The mutator for AFL++ links the sources for page programs itself, because another compiler may build it.
afl_mutator_sources = \
	$(mutate_sources) \
	%D%/afl_mutator.c \
	src/harness/program/deviations.c \
	src/harness/program/op.c \
	src/harness/program/program.c \
	src/harness/program/program_bytes.c \
	src/harness/program/start_state.c \
	src/harness/util/number.c

# AFL++ has its own compiler, so it has its own build directories: one with AddressSanitizer, one
# without a sanitizer, and one that logs comparisons (CMPLOG). AFL++ does not support the attribute
# NO_COVERAGE (sync.h), so AFL++ gets a list of the functions with this attribute.
# fuzz_explore and fuzz_race are not built: ThreadSanitizer would treat AFL++'s coverage counters as shared data.
# fuzz_api and fuzz_fatal are not built: AFL++ also counts the coverage of their child processes,
# which differs from run to run.
afl_programs = fuzz_fault fuzz_page fuzz_text

afl_build = \
	if test "$(AFL_CC)" = no; then \
	  echo "skipped: AFL++ (no afl-clang-fast)"; exit 77; fi; \
	$(MKDIR_P) $$directory && \
	{ test -f $$directory/Makefile && test ! config.h -nt $$directory/Makefile || (cd $$directory && \
	  $(abs_srcdir)/configure --quiet --cache-file=$(abs_builddir)/afl.cache \
	  CC='$(AFL_CC)' --disable-tsan --disable-msan --disable-shared \
	  --with-page-library='$(PAGE_LIBRARY)'); } && \
	sed -n 's/.*NO_COVERAGE [^(]*[ *]\([a-z_]*\)(.*/fun: \1/p' $(srcdir)/src/page/*.c \
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
