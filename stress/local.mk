# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Stress programs, in every flavour. Their own code is instrumented too, because it accesses pages through
# mappings on real threads. An archive holds the common code of a flavour; a program is one file.

stress_core = \
	%D%/core.h \
	%D%/crash.c \
	%D%/options.c \
	%D%/points.c \
	%D%/pressure.c \
	%D%/races.c \
	%D%/report.c \
	%D%/shared_file.c \
	%D%/shared_file.h \
	%D%/statistics.c \
	%D%/stress.c \
	%D%/stress.h \
	%D%/tagged.c \
	%D%/tagged.h \
	%D%/message.c \
	%D%/message.h \
	%D%/verdict.c

# In plain programs, --copy selects the memcpy() of all code.
stress_wrap = -Wl,--wrap=memcpy -Wl,--wrap=memset

# ---- the programs ----

stress_programs = \
	stress_borrow \
	stress_churn \
	stress_disjoint \
	stress_edge \
	stress_map \
	stress_nested \
	stress_overlap \
	stress_reader \
	stress_slot \
	stress_sparse \
	stress_split \
	stress_table \
	stress_tail \
	stress_twin \
	stress_user

EXTRA_DIST += $(stress_core) $(stress_programs:%=%D%/%.c) %D%/copy_none.c %D%/copy_wrapped.c

# ---- running all of them ----

EXTRA_DIST += %D%/long.sh %D%/run.sh

#: stress-programs  build the stress programs in every flavour
stress-programs: $(all_stress)

# make stress SECONDS_EACH=3 STRESS_FLAGS='-t 32 --delays'
#: stress  run the stress programs (SECONDS_EACH=, STRESS_FLAGS=)
stress: all stress-programs
	@CC='$(CC)' PROGRAMS='$(stress_programs)' $(SHELL) $(srcdir)/%D%/run.sh

# make stress-long TIME=8h SEED=7
#: stress-long  run the stress programs for long (TIME=8h, SEED=7)
stress-long: all stress-programs
	@PROGRAMS='$(stress_programs)' TIME='$(TIME)' $(SHELL) $(srcdir)/%D%/long.sh

clean-local: clean-stress
clean-stress:
	rm -rf stress.logs

.PHONY: clean-stress stress stress-long stress-programs
