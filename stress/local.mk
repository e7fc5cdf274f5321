# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Stress programs, in every flavour. Here all is instrumented, also what checks: real
# threads, and accesses through mappings that are the program's own. The core is an
# archive, made once a flavour; a program is one file.

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

# All that is linked into a plain program copies by the way that --copy chose.
stress_wrap = -Wl,--wrap=memcpy -Wl,--wrap=memset

stress_plain = libstress-plain.a libharness-plain.a $(page_plain)
stress_asan = libstress-asan.a libharness-asan.a $(page_asan)
stress_tsan = libstress-tsan.a libharness-tsan.a $(page_tsan)
stress_msan = libstress-msan.a libharness-msan.a $(page_msan)

noinst_LIBRARIES += libstress-plain.a
libstress_plain_a_SOURCES = $(stress_core) %D%/copy_wrapped.c

if HAVE_ASAN
noinst_LIBRARIES += libstress-asan.a
endif
libstress_asan_a_SOURCES = $(stress_core) %D%/copy_none.c
libstress_asan_a_CFLAGS = $(AM_CFLAGS) $(ASAN_FLAGS)

if HAVE_TSAN
noinst_LIBRARIES += libstress-tsan.a
endif
libstress_tsan_a_SOURCES = $(stress_core) %D%/copy_none.c
libstress_tsan_a_CFLAGS = $(AM_CFLAGS) $(TSAN_FLAGS)

if HAVE_MSAN
noinst_LIBRARIES += libstress-msan.a
endif
libstress_msan_a_SOURCES = $(stress_core) %D%/copy_none.c
libstress_msan_a_CFLAGS = $(AM_CFLAGS) $(MSAN_FLAGS)

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
noinst_PROGRAMS += $(stress_programs)
stress_borrow_SOURCES = %D%/stress_borrow.c
stress_borrow_LDFLAGS = $(stress_wrap)
stress_borrow_LDADD = $(stress_plain)
stress_churn_SOURCES = %D%/stress_churn.c
stress_churn_LDFLAGS = $(stress_wrap)
stress_churn_LDADD = $(stress_plain)
stress_disjoint_SOURCES = %D%/stress_disjoint.c
stress_disjoint_LDFLAGS = $(stress_wrap)
stress_disjoint_LDADD = $(stress_plain)
stress_edge_SOURCES = %D%/stress_edge.c
stress_edge_LDFLAGS = $(stress_wrap)
stress_edge_LDADD = $(stress_plain)
stress_map_SOURCES = %D%/stress_map.c
stress_map_LDFLAGS = $(stress_wrap)
stress_map_LDADD = $(stress_plain)
stress_nested_SOURCES = %D%/stress_nested.c
stress_nested_LDFLAGS = $(stress_wrap)
stress_nested_LDADD = $(stress_plain)
stress_overlap_SOURCES = %D%/stress_overlap.c
stress_overlap_LDFLAGS = $(stress_wrap)
stress_overlap_LDADD = $(stress_plain)
stress_reader_SOURCES = %D%/stress_reader.c
stress_reader_LDFLAGS = $(stress_wrap)
stress_reader_LDADD = $(stress_plain)
stress_slot_SOURCES = %D%/stress_slot.c
stress_slot_LDFLAGS = $(stress_wrap)
stress_slot_LDADD = $(stress_plain)
stress_sparse_SOURCES = %D%/stress_sparse.c
stress_sparse_LDFLAGS = $(stress_wrap)
stress_sparse_LDADD = $(stress_plain)
stress_split_SOURCES = %D%/stress_split.c
stress_split_LDFLAGS = $(stress_wrap)
stress_split_LDADD = $(stress_plain)
stress_table_SOURCES = %D%/stress_table.c
stress_table_LDFLAGS = $(stress_wrap)
stress_table_LDADD = $(stress_plain)
stress_tail_SOURCES = %D%/stress_tail.c
stress_tail_LDFLAGS = $(stress_wrap)
stress_tail_LDADD = $(stress_plain)
stress_twin_SOURCES = %D%/stress_twin.c
stress_twin_LDFLAGS = $(stress_wrap)
stress_twin_LDADD = $(stress_plain)
stress_user_SOURCES = %D%/stress_user.c
stress_user_LDFLAGS = $(stress_wrap)
stress_user_LDADD = $(stress_plain)

if HAVE_ASAN
noinst_PROGRAMS += \
	stress_borrow-asan \
	stress_churn-asan \
	stress_disjoint-asan \
	stress_edge-asan \
	stress_map-asan \
	stress_nested-asan \
	stress_overlap-asan \
	stress_reader-asan \
	stress_slot-asan \
	stress_sparse-asan \
	stress_split-asan \
	stress_table-asan \
	stress_tail-asan \
	stress_twin-asan \
	stress_user-asan
endif
stress_borrow_asan_SOURCES = %D%/stress_borrow.c
stress_borrow_asan_CFLAGS = $(AM_CFLAGS) $(ASAN_FLAGS)
stress_borrow_asan_LDADD = $(stress_asan)
stress_churn_asan_SOURCES = %D%/stress_churn.c
stress_churn_asan_CFLAGS = $(AM_CFLAGS) $(ASAN_FLAGS)
stress_churn_asan_LDADD = $(stress_asan)
stress_disjoint_asan_SOURCES = %D%/stress_disjoint.c
stress_disjoint_asan_CFLAGS = $(AM_CFLAGS) $(ASAN_FLAGS)
stress_disjoint_asan_LDADD = $(stress_asan)
stress_edge_asan_SOURCES = %D%/stress_edge.c
stress_edge_asan_CFLAGS = $(AM_CFLAGS) $(ASAN_FLAGS)
stress_edge_asan_LDADD = $(stress_asan)
stress_map_asan_SOURCES = %D%/stress_map.c
stress_map_asan_CFLAGS = $(AM_CFLAGS) $(ASAN_FLAGS)
stress_map_asan_LDADD = $(stress_asan)
stress_nested_asan_SOURCES = %D%/stress_nested.c
stress_nested_asan_CFLAGS = $(AM_CFLAGS) $(ASAN_FLAGS)
stress_nested_asan_LDADD = $(stress_asan)
stress_overlap_asan_SOURCES = %D%/stress_overlap.c
stress_overlap_asan_CFLAGS = $(AM_CFLAGS) $(ASAN_FLAGS)
stress_overlap_asan_LDADD = $(stress_asan)
stress_reader_asan_SOURCES = %D%/stress_reader.c
stress_reader_asan_CFLAGS = $(AM_CFLAGS) $(ASAN_FLAGS)
stress_reader_asan_LDADD = $(stress_asan)
stress_slot_asan_SOURCES = %D%/stress_slot.c
stress_slot_asan_CFLAGS = $(AM_CFLAGS) $(ASAN_FLAGS)
stress_slot_asan_LDADD = $(stress_asan)
stress_sparse_asan_SOURCES = %D%/stress_sparse.c
stress_sparse_asan_CFLAGS = $(AM_CFLAGS) $(ASAN_FLAGS)
stress_sparse_asan_LDADD = $(stress_asan)
stress_split_asan_SOURCES = %D%/stress_split.c
stress_split_asan_CFLAGS = $(AM_CFLAGS) $(ASAN_FLAGS)
stress_split_asan_LDADD = $(stress_asan)
stress_table_asan_SOURCES = %D%/stress_table.c
stress_table_asan_CFLAGS = $(AM_CFLAGS) $(ASAN_FLAGS)
stress_table_asan_LDADD = $(stress_asan)
stress_tail_asan_SOURCES = %D%/stress_tail.c
stress_tail_asan_CFLAGS = $(AM_CFLAGS) $(ASAN_FLAGS)
stress_tail_asan_LDADD = $(stress_asan)
stress_twin_asan_SOURCES = %D%/stress_twin.c
stress_twin_asan_CFLAGS = $(AM_CFLAGS) $(ASAN_FLAGS)
stress_twin_asan_LDADD = $(stress_asan)
stress_user_asan_SOURCES = %D%/stress_user.c
stress_user_asan_CFLAGS = $(AM_CFLAGS) $(ASAN_FLAGS)
stress_user_asan_LDADD = $(stress_asan)

if HAVE_TSAN
noinst_PROGRAMS += \
	stress_borrow-tsan \
	stress_churn-tsan \
	stress_disjoint-tsan \
	stress_edge-tsan \
	stress_map-tsan \
	stress_nested-tsan \
	stress_overlap-tsan \
	stress_reader-tsan \
	stress_slot-tsan \
	stress_sparse-tsan \
	stress_split-tsan \
	stress_table-tsan \
	stress_tail-tsan \
	stress_twin-tsan \
	stress_user-tsan
endif
stress_borrow_tsan_SOURCES = %D%/stress_borrow.c
stress_borrow_tsan_CFLAGS = $(AM_CFLAGS) $(TSAN_FLAGS)
stress_borrow_tsan_LDADD = $(stress_tsan)
stress_churn_tsan_SOURCES = %D%/stress_churn.c
stress_churn_tsan_CFLAGS = $(AM_CFLAGS) $(TSAN_FLAGS)
stress_churn_tsan_LDADD = $(stress_tsan)
stress_disjoint_tsan_SOURCES = %D%/stress_disjoint.c
stress_disjoint_tsan_CFLAGS = $(AM_CFLAGS) $(TSAN_FLAGS)
stress_disjoint_tsan_LDADD = $(stress_tsan)
stress_edge_tsan_SOURCES = %D%/stress_edge.c
stress_edge_tsan_CFLAGS = $(AM_CFLAGS) $(TSAN_FLAGS)
stress_edge_tsan_LDADD = $(stress_tsan)
stress_map_tsan_SOURCES = %D%/stress_map.c
stress_map_tsan_CFLAGS = $(AM_CFLAGS) $(TSAN_FLAGS)
stress_map_tsan_LDADD = $(stress_tsan)
stress_nested_tsan_SOURCES = %D%/stress_nested.c
stress_nested_tsan_CFLAGS = $(AM_CFLAGS) $(TSAN_FLAGS)
stress_nested_tsan_LDADD = $(stress_tsan)
stress_overlap_tsan_SOURCES = %D%/stress_overlap.c
stress_overlap_tsan_CFLAGS = $(AM_CFLAGS) $(TSAN_FLAGS)
stress_overlap_tsan_LDADD = $(stress_tsan)
stress_reader_tsan_SOURCES = %D%/stress_reader.c
stress_reader_tsan_CFLAGS = $(AM_CFLAGS) $(TSAN_FLAGS)
stress_reader_tsan_LDADD = $(stress_tsan)
stress_slot_tsan_SOURCES = %D%/stress_slot.c
stress_slot_tsan_CFLAGS = $(AM_CFLAGS) $(TSAN_FLAGS)
stress_slot_tsan_LDADD = $(stress_tsan)
stress_sparse_tsan_SOURCES = %D%/stress_sparse.c
stress_sparse_tsan_CFLAGS = $(AM_CFLAGS) $(TSAN_FLAGS)
stress_sparse_tsan_LDADD = $(stress_tsan)
stress_split_tsan_SOURCES = %D%/stress_split.c
stress_split_tsan_CFLAGS = $(AM_CFLAGS) $(TSAN_FLAGS)
stress_split_tsan_LDADD = $(stress_tsan)
stress_table_tsan_SOURCES = %D%/stress_table.c
stress_table_tsan_CFLAGS = $(AM_CFLAGS) $(TSAN_FLAGS)
stress_table_tsan_LDADD = $(stress_tsan)
stress_tail_tsan_SOURCES = %D%/stress_tail.c
stress_tail_tsan_CFLAGS = $(AM_CFLAGS) $(TSAN_FLAGS)
stress_tail_tsan_LDADD = $(stress_tsan)
stress_twin_tsan_SOURCES = %D%/stress_twin.c
stress_twin_tsan_CFLAGS = $(AM_CFLAGS) $(TSAN_FLAGS)
stress_twin_tsan_LDADD = $(stress_tsan)
stress_user_tsan_SOURCES = %D%/stress_user.c
stress_user_tsan_CFLAGS = $(AM_CFLAGS) $(TSAN_FLAGS)
stress_user_tsan_LDADD = $(stress_tsan)

if HAVE_MSAN
noinst_PROGRAMS += \
	stress_borrow-msan \
	stress_churn-msan \
	stress_disjoint-msan \
	stress_edge-msan \
	stress_map-msan \
	stress_nested-msan \
	stress_overlap-msan \
	stress_reader-msan \
	stress_slot-msan \
	stress_sparse-msan \
	stress_split-msan \
	stress_table-msan \
	stress_tail-msan \
	stress_twin-msan \
	stress_user-msan
endif
stress_borrow_msan_SOURCES = %D%/stress_borrow.c
stress_borrow_msan_CFLAGS = $(AM_CFLAGS) $(MSAN_FLAGS)
stress_borrow_msan_LDADD = $(stress_msan)
stress_churn_msan_SOURCES = %D%/stress_churn.c
stress_churn_msan_CFLAGS = $(AM_CFLAGS) $(MSAN_FLAGS)
stress_churn_msan_LDADD = $(stress_msan)
stress_disjoint_msan_SOURCES = %D%/stress_disjoint.c
stress_disjoint_msan_CFLAGS = $(AM_CFLAGS) $(MSAN_FLAGS)
stress_disjoint_msan_LDADD = $(stress_msan)
stress_edge_msan_SOURCES = %D%/stress_edge.c
stress_edge_msan_CFLAGS = $(AM_CFLAGS) $(MSAN_FLAGS)
stress_edge_msan_LDADD = $(stress_msan)
stress_map_msan_SOURCES = %D%/stress_map.c
stress_map_msan_CFLAGS = $(AM_CFLAGS) $(MSAN_FLAGS)
stress_map_msan_LDADD = $(stress_msan)
stress_nested_msan_SOURCES = %D%/stress_nested.c
stress_nested_msan_CFLAGS = $(AM_CFLAGS) $(MSAN_FLAGS)
stress_nested_msan_LDADD = $(stress_msan)
stress_overlap_msan_SOURCES = %D%/stress_overlap.c
stress_overlap_msan_CFLAGS = $(AM_CFLAGS) $(MSAN_FLAGS)
stress_overlap_msan_LDADD = $(stress_msan)
stress_reader_msan_SOURCES = %D%/stress_reader.c
stress_reader_msan_CFLAGS = $(AM_CFLAGS) $(MSAN_FLAGS)
stress_reader_msan_LDADD = $(stress_msan)
stress_slot_msan_SOURCES = %D%/stress_slot.c
stress_slot_msan_CFLAGS = $(AM_CFLAGS) $(MSAN_FLAGS)
stress_slot_msan_LDADD = $(stress_msan)
stress_sparse_msan_SOURCES = %D%/stress_sparse.c
stress_sparse_msan_CFLAGS = $(AM_CFLAGS) $(MSAN_FLAGS)
stress_sparse_msan_LDADD = $(stress_msan)
stress_split_msan_SOURCES = %D%/stress_split.c
stress_split_msan_CFLAGS = $(AM_CFLAGS) $(MSAN_FLAGS)
stress_split_msan_LDADD = $(stress_msan)
stress_table_msan_SOURCES = %D%/stress_table.c
stress_table_msan_CFLAGS = $(AM_CFLAGS) $(MSAN_FLAGS)
stress_table_msan_LDADD = $(stress_msan)
stress_tail_msan_SOURCES = %D%/stress_tail.c
stress_tail_msan_CFLAGS = $(AM_CFLAGS) $(MSAN_FLAGS)
stress_tail_msan_LDADD = $(stress_msan)
stress_twin_msan_SOURCES = %D%/stress_twin.c
stress_twin_msan_CFLAGS = $(AM_CFLAGS) $(MSAN_FLAGS)
stress_twin_msan_LDADD = $(stress_msan)
stress_user_msan_SOURCES = %D%/stress_user.c
stress_user_msan_CFLAGS = $(AM_CFLAGS) $(MSAN_FLAGS)
stress_user_msan_LDADD = $(stress_msan)

# ---- all of them, for a while and for long ----

EXTRA_DIST += %D%/long.sh %D%/run.sh

# make stress SECONDS_EACH=3 STRESS_FLAGS='-t 32 --delays'
#: stress  run the stress programs (SECONDS_EACH=, STRESS_FLAGS=)
stress: all
	@CC='$(CC)' PROGRAMS='$(stress_programs)' $(SHELL) $(srcdir)/%D%/run.sh

# make stress-long TIME=8h SEED=7
#: stress-long  run the stress programs for long (TIME=8h, SEED=7)
stress-long: all
	@PROGRAMS='$(stress_programs)' TIME='$(TIME)' $(SHELL) $(srcdir)/%D%/long.sh

clean-local: clean-stress
clean-stress:
	rm -rf stress.logs

.PHONY: clean-stress stress stress-long
