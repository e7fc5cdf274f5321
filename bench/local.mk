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
EXTRA_DIST += %D%/bench_fuzz.sh
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

# What a second job of a campaign brings; three to four minutes.
bench-jobs: all fuzzers seeds
	@$(SHELL) $(srcdir)/%D%/bench_jobs.sh

EXTRA_DIST += %D%/bench_jobs.sh

# How small racy programs get; BENCH_PROGRAMS= and BENCH_SEED= as bench_minimize.sh has them.
bench-minimize: all make_programs
	@$(SHELL) $(srcdir)/%D%/bench_minimize.sh

EXTRA_DIST += %D%/bench_minimize.sh

# What isolation costs a replay; BENCH_INPUTS= and BENCH_ROUNDS= as bench_replay.sh has them.
bench-replay: all make_programs $(bench_replay_programs)
	@$(SHELL) $(srcdir)/%D%/bench_replay.sh

bench_replay_programs =
if HAVE_ENGINE
bench_replay_programs += fuzz_page
endif

EXTRA_DIST += %D%/bench_replay.sh

.PHONY: bench bench-fuzz bench-jobs bench-minimize bench-replay
