# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Each prints samples of ratios within one run; bench.py makes one table of them: medians,
# quarters, aims. `make bench` and `make bench-NAME`; a bench is a line in bench.py.

# OLD=FILE compares with a run that was kept; STRICT=1 ends with 1 if an aim is missed.
bench_run = CC='$(CC)' LLVM_COV='$(LLVM_COV)' LLVM_PROFDATA='$(LLVM_PROFDATA)' \
	OLD='$(OLD)' STRICT='$(STRICT)' python3 $(srcdir)/%D%/bench.py --srcdir '$(srcdir)'
OLD =
STRICT =

# Two to three minutes.
#: bench  measure rates and costs (3 minutes)
bench: all $(bench_programs) seeds
	@$(bench_run) --quick --json results/bench.json --command 'make bench'

# All there is: an hour.
#: bench-all  run every measurement (an hour)
bench-all: all $(bench_programs) seeds
	@$(MAKE) $(AM_MAKEFLAGS) make_programs
	@$(bench_counters)
	@$(MAKE) $(AM_MAKEFLAGS) afl-fuzzers >afl.log 2>&1 || tail -n 1 afl.log
	@$(bench_run) --all --json results/bench.json --command 'make bench-all'

bench_one = $(bench_run) $(@:bench-%=%) --json results/$@.json --command 'make $@'

# What the library's calls cost; executors against each other; inputs a second; stress
# beside a bare loop; whether a second thread gets as much done; what an input costs, and whom.
#: bench-exec  measure what an input costs, and whom
#: bench-page  measure what the library's calls cost
#: bench-programs  measure executors against each other
#: bench-rates  measure inputs a second
#: bench-scale  measure whether a second thread gets as much done
#: bench-stress  measure stress beside a bare loop
bench-exec bench-page bench-programs bench-rates bench-scale bench-stress: \
		all $(bench_programs) seeds
	@$(bench_one)

# What AFL++'s persistent mode brings, and its stability.
#: bench-afl  measure AFL++'s persistent mode
bench-afl: all afl-fuzzers seeds
	@$(bench_one)

# The mutator against none, and against no structure; TIME= and N= as bench_fuzz.sh has them.
#: bench-fuzz  compare the mutator with none (TIME=, N=)
bench-fuzz: $(bench_programs) seeds
	@$(bench_counters)
	@$(bench_one)

# What a second job of a campaign brings; three to four minutes.
#: bench-jobs  measure a second job of a campaign (4 minutes)
bench-jobs: all fuzzers seeds
	@$(bench_one)

# How small racy programs get; BENCH_PROGRAMS= and BENCH_SEED= as bench_minimize.sh has them.
#: bench-minimize  measure how small racy programs get
bench-minimize: all make_programs
	@$(bench_one)

# What isolation costs a replay; BENCH_INPUTS= and BENCH_ROUNDS= as bench_replay.sh has them.
#: bench-replay  measure what isolation costs a replay
bench-replay: all make_programs $(bench_programs)
	@$(bench_one)

# What counts branches, where the compiler can.
bench_counters = test -z '$(LLVM_COV)' || \
	$(MAKE) $(AM_MAKEFLAGS) fuzz_page-replay-cov fuzz_stream-replay-cov

bench_programs = $(benches)
if HAVE_ENGINE
bench_programs += fuzz_empty fuzz_page fuzz_page-bytes fuzz_stream
endif
if HAVE_ENGINE_TSAN
bench_programs += fuzz_race fuzz_race-bytes
endif

EXTRA_DIST += \
	%D%/bench_page.c \
	%D%/bench_scale.c \
	%D%/figure.h \
	%D%/bench.py \
	%D%/bench_afl.sh \
	%D%/bench_exec.sh \
	%D%/bench_fuzz.sh \
	%D%/bench_jobs.sh \
	%D%/bench_minimize.sh \
	%D%/bench_rates.sh \
	%D%/bench_replay.sh \
	%D%/bench_stress.sh \
	%D%/figures.sh

clean-local: clean-bench
clean-bench:
	rm -f results/bench.json results/bench-*.json

.PHONY: bench bench-afl bench-all bench-exec bench-fuzz bench-jobs bench-minimize bench-page \
	bench-programs bench-rates bench-replay bench-scale bench-stress clean-bench
