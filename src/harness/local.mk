# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# The harness, once for each flavour. With ThreadSanitizer it is linked but not
# instrumented: only the library's accesses are to be seen (tsan.h).

# The mutator works between two inputs. Engines get it without any instrumentation
# (libmutate.a): it is neither what they test nor what may cost.
mutate_sources = \
	%D%/mutate.c \
	%D%/mutate.h \
	%D%/mutate_arguments.c \
	%D%/mutate_calls.c \
	%D%/mutate_make.c \
	%D%/mutate_parts.h \
	%D%/mutate_splice.c \
	%D%/mutations.def \
	%D%/random.h \
	%D%/scene.c \
	%D%/scene.h \
	%D%/trim.c \
	%D%/trim.h

harness_sources = \
	%D%/bytes.h \
	%D%/cause.c \
	%D%/cause.h \
	%D%/check.c \
	%D%/check.h \
	%D%/claims.c \
	%D%/claims.h \
	%D%/clock.h \
	%D%/delay.c \
	%D%/delay.h \
	%D%/detector.c \
	%D%/detector.h \
	%D%/exec.h \
	%D%/exec_call.c \
	%D%/exec_fiber.c \
	%D%/exec_map.c \
	%D%/exec_state.c \
	%D%/exec_state.h \
	%D%/exec_thread.c \
	%D%/exec_user.c \
	%D%/happens.c \
	%D%/happens.h \
	%D%/isolate.c \
	%D%/isolate.h \
	%D%/matrix.c \
	%D%/matrix.def \
	%D%/matrix.h \
	%D%/minimize.c \
	%D%/minimize.h \
	%D%/number.c \
	%D%/number.h \
	%D%/op.c \
	%D%/op.h \
	%D%/ops.def \
	%D%/outcome.c \
	%D%/outcome.h \
	%D%/pattern.h \
	%D%/pin.c \
	%D%/pin.h \
	%D%/program.c \
	%D%/program.h \
	%D%/program_bytes.c \
	%D%/program_bytes.h \
	%D%/program_file.c \
	%D%/program_file.h \
	%D%/program_text.c \
	%D%/program_text.h \
	%D%/program_write.c \
	%D%/repair.c \
	%D%/repair.h \
	%D%/rule.c \
	%D%/rule.h \
	%D%/rules.c \
	%D%/rules.def \
	%D%/rules.h \
	%D%/rules_map.c \
	%D%/rules_memory.c \
	%D%/rules_page.c \
	%D%/rules_state.h \
	%D%/rules_user.c \
	%D%/schedule.h \
	%D%/schedule_line.c \
	%D%/shadow.c \
	%D%/shadow.h \
	%D%/sighting.c \
	%D%/sighting.h \
	%D%/text_writer.h \
	%D%/thread_locals.c \
	%D%/thread_locals.h \
	%D%/thread_plan.c \
	%D%/thread_plan.h \
	%D%/tsan_shadow.c \
	%D%/tsan_shadow.h \
	%D%/trace.c \
	%D%/trace.h \
	%D%/trial.c \
	%D%/trial.h \
	%D%/tsan.h \
	%D%/uncounted.h \
	%D%/valgrind.h \
	%D%/visible.c \
	%D%/visible.h \
	%D%/walk.c \
	%D%/walk.h

# Valgrind watches the plain flavour from outside.
if HAVE_VALGRIND
valgrind_source = %D%/valgrind_real.c
else
valgrind_source = %D%/valgrind_none.c
endif

if OWN_PAGE
library_source = %D%/library.h %D%/library_ours.c
else
library_source = %D%/library.h %D%/library_foreign.c
endif

# Each depends on config.h, which is new when the configuration changed its mind about the
# page library: an object of the time before last would be no news.
noinst_LIBRARIES += libharness-plain.a
libharness_plain_a_SOURCES = $(harness_sources) $(mutate_sources) $(library_source) %D%/tsan_none.c $(valgrind_source)
EXTRA_libharness_plain_a_DEPENDENCIES = config.h

if HAVE_ASAN
noinst_LIBRARIES += libharness-asan.a
endif
libharness_asan_a_SOURCES = $(harness_sources) $(mutate_sources) $(library_source) %D%/tsan_none.c %D%/valgrind_none.c
EXTRA_libharness_asan_a_DEPENDENCIES = config.h
libharness_asan_a_CFLAGS = $(AM_CFLAGS) $(ASAN_FLAGS)

if HAVE_TSAN
noinst_LIBRARIES += libharness-tsan.a
endif
libharness_tsan_a_SOURCES = $(harness_sources) $(mutate_sources) $(library_source) %D%/tsan_real.c %D%/valgrind_none.c
EXTRA_libharness_tsan_a_DEPENDENCIES = config.h
libharness_tsan_a_CFLAGS = $(AM_CFLAGS) -fno-builtin -DBYTES_QUIET

if HAVE_MSAN
noinst_LIBRARIES += libharness-msan.a
endif
libharness_msan_a_SOURCES = $(harness_sources) $(mutate_sources) $(library_source) %D%/tsan_none.c %D%/valgrind_none.c
EXTRA_libharness_msan_a_DEPENDENCIES = config.h
libharness_msan_a_CFLAGS = $(AM_CFLAGS) $(MSAN_FLAGS)

EXTRA_LIBRARIES += libharness-fuzz-asan.a libharness-fuzz-msan.a libharness-fuzz-plain.a libharness-fuzz-tsan.a \
	libmutate.a
libharness_fuzz_asan_a_SOURCES = $(harness_sources) $(library_source) %D%/tsan_none.c %D%/valgrind_none.c
EXTRA_libharness_fuzz_asan_a_DEPENDENCIES = config.h
libharness_fuzz_asan_a_CFLAGS = $(AM_CFLAGS) -fsanitize=fuzzer-no-link $(ASAN_FLAGS) $(QUIET_COVERAGE)
libharness_fuzz_msan_a_SOURCES = $(libharness_fuzz_asan_a_SOURCES)
EXTRA_libharness_fuzz_msan_a_DEPENDENCIES = config.h
libharness_fuzz_msan_a_CFLAGS = $(AM_CFLAGS) -fsanitize=fuzzer-no-link $(MSAN_FLAGS) $(QUIET_COVERAGE)
libharness_fuzz_plain_a_SOURCES = $(libharness_fuzz_asan_a_SOURCES)
EXTRA_libharness_fuzz_plain_a_DEPENDENCIES = config.h
libharness_fuzz_plain_a_CFLAGS = $(AM_CFLAGS) -fsanitize=fuzzer-no-link $(QUIET_COVERAGE)
libharness_fuzz_tsan_a_SOURCES = $(harness_sources) $(library_source) %D%/tsan_real.c %D%/valgrind_none.c
EXTRA_libharness_fuzz_tsan_a_DEPENDENCIES = config.h
libharness_fuzz_tsan_a_CFLAGS = $(AM_CFLAGS) -fno-builtin -DBYTES_QUIET \
	-fsanitize=fuzzer-no-link $(QUIET_COVERAGE)
libmutate_a_SOURCES = $(mutate_sources)

# What the harness compares is its own books: following that took half of the time.
QUIET_COVERAGE = -fno-sanitize-coverage=trace-cmp
