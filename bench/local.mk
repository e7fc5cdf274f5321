# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Ratios within one run, each with its median and spread.

noinst_PROGRAMS += bench_page
bench_page_SOURCES = %D%/bench_page.c
bench_page_LDADD = libpage-plain.a

if HAVE_ASAN
noinst_PROGRAMS += bench_page-asan
endif
bench_page_asan_SOURCES = %D%/bench_page.c
bench_page_asan_CFLAGS = $(AM_CFLAGS) $(ASAN_FLAGS)
bench_page_asan_LDADD = libpage-asan.a

bench: all
	./bench_page
	@test ! -x ./bench_page-asan || ./bench_page-asan
	@for binary in pagetorture-tsan pagetorture; do \
	  test ! -x ./$$binary || ./$$binary bench $(srcdir)/corpus/rules/*.page || exit 1; \
	done

.PHONY: bench
