# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Ratios within one run, each with its median and spread.

noinst_PROGRAMS += bench_page
bench_page_SOURCES = %D%/bench_page.c
bench_page_LDADD = $(page_plain)

if HAVE_ASAN
noinst_PROGRAMS += bench_page-asan
endif
bench_page_asan_SOURCES = %D%/bench_page.c
bench_page_asan_CFLAGS = $(AM_CFLAGS) $(ASAN_FLAGS)
bench_page_asan_LDADD = $(page_asan)

bench: all fuzzers seeds
	./bench_page
	@test ! -x ./bench_page-asan || ./bench_page-asan
	@for binary in pagetorture-tsan pagetorture; do \
	  test ! -x ./$$binary || ./$$binary bench $(srcdir)/corpus/rules/*.page || exit 1; \
	done
	@for target in fuzz_page fuzz_race; do \
	  test -x ./$$target || { echo "skipped: $$target: this compiler has no engine for it"; continue; }; \
	  mkdir -p bench.corpus && ./$$target -max_total_time=10 -max_len=704 -print_final_stats=1 \
	    bench.corpus seeds/$$target 2>&1 | \
	    awk -v t=$$target '/average_exec_per_sec/ { print t ": " $$2 " inputs/s on one core" }'; \
	  rm -rf bench.corpus; \
	done

# The mutator against none, and against no structure; TIME= and N= as bench_fuzz.sh has them.
bench_fuzz_programs =
if HAVE_ENGINE
bench_fuzz_programs += fuzz_page fuzz_page-bytes fuzz_stream
endif
if HAVE_ENGINE_TSAN
bench_fuzz_programs += fuzz_race fuzz_race-bytes
endif

bench-fuzz: $(bench_fuzz_programs) seeds
	@test -z '$(LLVM_COV)' || \
	  $(MAKE) $(AM_MAKEFLAGS) fuzz_page-replay-cov fuzz_stream-replay-cov
	@LLVM_COV='$(LLVM_COV)' LLVM_PROFDATA='$(LLVM_PROFDATA)' \
	  $(SHELL) $(srcdir)/%D%/bench_fuzz.sh

# What an input costs, and whom.
bench_exec_programs =
if HAVE_ENGINE
bench_exec_programs += fuzz_page fuzz_empty
endif

bench-exec: all $(bench_exec_programs) seeds
	@$(SHELL) $(srcdir)/%D%/bench_exec.sh

# What AFL++'s persistent mode brings, and its stability.
bench-afl: all afl-fuzzers seeds
	@$(SHELL) $(srcdir)/%D%/bench_afl.sh

# What a second job of a campaign brings; three to four minutes.
bench-jobs: all fuzzers seeds
	@$(SHELL) $(srcdir)/%D%/bench_jobs.sh

# What isolation costs a replay; BENCH_INPUTS= and BENCH_ROUNDS= as bench_replay.sh has them.
bench-replay: all make_programs $(bench_replay_programs)
	@$(SHELL) $(srcdir)/%D%/bench_replay.sh

bench_replay_programs =
if HAVE_ENGINE
bench_replay_programs += fuzz_page
endif

# How small racy programs get; BENCH_PROGRAMS= and BENCH_SEED= as bench_minimize.sh has them.
bench-minimize: all make_programs
	@CC='$(CC)' $(SHELL) $(srcdir)/%D%/bench_minimize.sh

# What stress costs, and whether a second thread gets as much done as the first.
noinst_PROGRAMS += bench_scale
bench_scale_SOURCES = %D%/bench_scale.c
bench_scale_LDADD = $(page_plain)

bench-stress: all
	@$(SHELL) $(srcdir)/%D%/bench_stress.sh

EXTRA_DIST += \
	%D%/bench_afl.sh \
	%D%/bench_exec.sh \
	%D%/bench_fuzz.sh \
	%D%/bench_jobs.sh \
	%D%/bench_minimize.sh \
	%D%/bench_replay.sh \
	%D%/bench_stress.sh

.PHONY: bench bench-afl bench-exec bench-fuzz bench-jobs \
	bench-minimize bench-replay bench-stress
