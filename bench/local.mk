# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# `make bench` runs the quick benchmarks, `make bench-NAME` one benchmark. A benchmark prints samples; bench.py
# prints one table of the samples with medians, quartiles and thresholds.

# OLD=FILE compares the results with those of an earlier run. With STRICT=1, a missed threshold is a failure.
bench_run = CC='$(CC)' LLVM_COV='$(LLVM_COV)' LLVM_PROFDATA='$(LLVM_PROFDATA)' \
	OLD='$(OLD)' STRICT='$(STRICT)' python3 $(srcdir)/%D%/bench.py --srcdir '$(srcdir)'
OLD =
STRICT =

# `make bench` takes three to four minutes.
#: bench  measure rates and costs (4 minutes)
bench: all-am $(bench_programs) seeds
	@$(bench_run) --quick --json results/bench.json --command 'make bench'

# `make bench-all` runs all benchmarks, of which bench-bugs takes longest.
#: bench-all  run every measurement (hours)
bench-all: all-am $(bench_programs) seeds
	@$(bench_counters)
	@$(MAKE) $(AM_MAKEFLAGS) bugs-programs
	@$(MAKE) $(AM_MAKEFLAGS) afl-fuzzers >afl.log 2>&1 || tail -n 1 afl.log
	@$(bench_run) --all --json results/bench.json --command 'make bench-all'

bench_one = $(bench_run) $(@:bench-%=%) --json results/$@.json --command 'make $@'

# Each of the following eight benchmarks takes less than a minute.
#: bench-exec  measure the time of one input, and where it is spent
#: bench-interleavings  measure the interleavings that explore executes per second
#: bench-page  measure the time of the library's calls
#: bench-programs  compare the speed of the executors
#: bench-rates  measure inputs per second
#: bench-run  measure the CPU time of `run` for the corpus
#: bench-scale  measure the gain of a second thread
#: bench-stress  compare stress programs with a plain loop
bench-exec bench-interleavings bench-page bench-programs bench-rates bench-run bench-scale bench-stress: \
		all $(bench_programs) seeds
	@$(bench_one)

# `make bench-afl` measures the gain of AFL++'s persistent mode, and the stability that AFL++ reports.
#: bench-afl  measure AFL++'s persistent mode
bench-afl: all-am afl-fuzzers seeds
	@$(bench_one)

# `make bench-bugs` takes hours for all bugs; BUGS= chooses bugs by name or kind.
#: bench-bugs  count the seeded bugs that fuzzing finds from nothing (BUGS=, N=, TIME=)
bench-bugs: all-am bugs-programs
	@$(bench_one)

# `make bench-fuzz` compares fuzzing with and without the custom mutator.
#: bench-fuzz  compare fuzzing with and without the mutator (TIME=, N=)
bench-fuzz: $(bench_programs) seeds
	@$(bench_counters)
	@$(bench_one)

# `make bench-jobs` measures the gain of a second job of a campaign, which takes three to four minutes.
#: bench-jobs  measure the gain of a second job (4 minutes)
bench-jobs: all-am fuzzers seeds
	@$(bench_one)

# `make bench-minimize` measures the size of minimised programs; benches.py describes BENCH_PROGRAMS= and
# BENCH_SEED=.
#: bench-minimize  measure the size of minimised racy programs
bench-minimize: all-am make_programs
	@$(bench_one)

# `make bench-replay` measures the cost of process isolation in `replay`; benches.py describes BENCH_INPUTS=
# and BENCH_ROUNDS=.
#: bench-replay  measure the cost of isolation in replay
bench-replay: all-am make_programs $(bench_programs)
	@$(bench_one)

# If llvm-cov exists, bench_counters builds the program that counts the branches that an input executes.
bench_counters = test -z '$(LLVM_COV)' || \
	$(MAKE) $(AM_MAKEFLAGS) fuzz_page-replay-cov

bench_programs = $(benches)
if HAVE_ENGINE
bench_programs += fuzz_api fuzz_empty fuzz_fatal fuzz_page fuzz_page-bytes make_programs
endif
if HAVE_ENGINE_TSAN
bench_programs += fuzz_empty-tsan fuzz_race fuzz_race-bytes
endif

EXTRA_DIST += \
	%D%/bench_interleavings.c \
	%D%/bench_page.c \
	%D%/bench_scale.c \
	%D%/figure.h \
	%D%/bench.py \
	%D%/benches.py \
	%D%/without_tsan.c

clean-local: clean-bench
clean-bench:
	rm -f results/bench.json results/bench-*.json results/bench-bugs.jsonl

.PHONY: bench bench-afl bench-all bench-bugs bench-exec bench-fuzz bench-interleavings bench-jobs bench-minimize bench-page \
	bench-programs bench-rates bench-replay bench-run bench-scale bench-stress clean-bench
