# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Stress programs, in every flavour. Here all is instrumented, also what checks: real
# threads, and accesses through mappings that are the program's own.

stress_common = %D%/stress.c %D%/stress.h
stress_disjoint_sources = $(stress_common) %D%/stress_disjoint.c
stress_overlap_sources = $(stress_common) %D%/stress_overlap.c

noinst_PROGRAMS += stress_disjoint stress_overlap
stress_disjoint_SOURCES = $(stress_disjoint_sources)
stress_disjoint_LDADD = libharness-plain.a $(page_plain)
stress_overlap_SOURCES = $(stress_overlap_sources)
stress_overlap_LDADD = libharness-plain.a $(page_plain)

if HAVE_ASAN
noinst_PROGRAMS += stress_disjoint-asan stress_overlap-asan
endif
stress_disjoint_asan_SOURCES = $(stress_disjoint_sources)
stress_disjoint_asan_CFLAGS = $(AM_CFLAGS) $(ASAN_FLAGS)
stress_disjoint_asan_LDADD = libharness-asan.a $(page_asan)
stress_overlap_asan_SOURCES = $(stress_overlap_sources)
stress_overlap_asan_CFLAGS = $(AM_CFLAGS) $(ASAN_FLAGS)
stress_overlap_asan_LDADD = libharness-asan.a $(page_asan)

if HAVE_TSAN
noinst_PROGRAMS += stress_disjoint-tsan stress_overlap-tsan
endif
stress_disjoint_tsan_SOURCES = $(stress_disjoint_sources)
stress_disjoint_tsan_CFLAGS = $(AM_CFLAGS) $(TSAN_FLAGS)
stress_disjoint_tsan_LDADD = libharness-tsan.a $(page_tsan)
stress_overlap_tsan_SOURCES = $(stress_overlap_sources)
stress_overlap_tsan_CFLAGS = $(AM_CFLAGS) $(TSAN_FLAGS)
stress_overlap_tsan_LDADD = libharness-tsan.a $(page_tsan)

if HAVE_MSAN
noinst_PROGRAMS += stress_disjoint-msan stress_overlap-msan
endif
stress_disjoint_msan_SOURCES = $(stress_disjoint_sources)
stress_disjoint_msan_CFLAGS = $(AM_CFLAGS) $(MSAN_FLAGS)
stress_disjoint_msan_LDADD = libharness-msan.a $(page_msan)
stress_overlap_msan_SOURCES = $(stress_overlap_sources)
stress_overlap_msan_CFLAGS = $(AM_CFLAGS) $(MSAN_FLAGS)
stress_overlap_msan_LDADD = libharness-msan.a $(page_msan)
