# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# pagetorture-stress: all stress scenarios in one program, in every flavour. The program is not installed.
# Scenarios are instrumented too, because they access pages through mappings on real threads.

stress_sources = \
	%D%/copy.c \
	%D%/core.h \
	%D%/main.c \
	%D%/options.c \
	%D%/owned.c \
	%D%/owned.h \
	%D%/pressure.c \
	%D%/races.c \
	%D%/report.c \
	%D%/run.c \
	%D%/scenarios.def \
	%D%/statistics.c \
	%D%/stress.h \
	%D%/stress_borrow.c \
	%D%/stress_churn.c \
	%D%/stress_copies.c \
	%D%/stress_file.c \
	%D%/stress_racing.c \
	%D%/stress_reader.c \
	%D%/stress_slot.c \
	%D%/tagged.c \
	%D%/tagged.h

EXTRA_DIST += $(stress_sources) %D%/run_all.py

#: stress-programs  build the stress program in every flavour
stress-programs: $(all_stress)

# For example: make stress SECONDS_EACH=3 STRESS_FLAGS='-t 32 --delays'
#: stress  run the stress scenarios (SECONDS_EACH=, STRESS_FLAGS=)
stress: pagetorture$(EXEEXT) stress-programs
	@CC='$(CC)' python3 -B $(srcdir)/%D%/run_all.py table

# For example: make stress-long TIME=8h SEED=7
#: stress-long  run the stress scenarios for long (TIME=1h, SEED=1)
stress-long: pagetorture$(EXEEXT) stress-programs
	@CC='$(CC)' TIME='$(TIME)' python3 -B $(srcdir)/%D%/run_all.py long

clean-local: clean-stress
clean-stress:
	rm -rf stress.logs

.PHONY: clean-stress stress stress-long stress-programs
