# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# The harness is built once for each flavour. In the flavour tsan the harness is not instrumented, so that
# ThreadSanitizer observes only the accesses of the page library (tsan.h).

# The mutator is built without instrumentation (libmutate.a), because it is not under test and must be
# fast.
mutate_sources = \
	%D%/mutate/abstract_state.c \
	%D%/mutate/abstract_state.h \
	%D%/mutate/mutate.c \
	%D%/mutate/mutate.h \
	%D%/mutate/mutate_arguments.c \
	%D%/mutate/mutate_calls.c \
	%D%/mutate/mutate_make.c \
	%D%/mutate/mutate_parts.h \
	%D%/mutate/mutate_splice.c \
	%D%/mutate/mutations.def \
	%D%/mutate/trim.c \
	%D%/mutate/trim.h \
	%D%/util/random.h

harness_sources = \
	%D%/checker.c \
	%D%/checker.h \
	%D%/detect/detector.c \
	%D%/detect/detector.h \
	%D%/detect/library_race.c \
	%D%/detect/library_race.h \
	%D%/detect/race_report.c \
	%D%/detect/race_report.h \
	%D%/detect/tsan.c \
	%D%/detect/tsan.h \
	%D%/detect/tsan_hooks.c \
	%D%/detect/tsan_hooks.h \
	%D%/detect/tsan_shadow.c \
	%D%/detect/tsan_shadow.h \
	%D%/detect/valgrind.c \
	%D%/detect/valgrind.h \
	%D%/exec/delay.c \
	%D%/exec/delay.h \
	%D%/exec/exec.h \
	%D%/exec/exec_call.c \
	%D%/exec/exec_fiber.c \
	%D%/exec/exec_map.c \
	%D%/exec/exec_state.c \
	%D%/exec/exec_state.h \
	%D%/exec/exec_thread.c \
	%D%/exec/exec_user.c \
	%D%/exec/thread_locals.c \
	%D%/exec/thread_locals.h \
	%D%/exec/thread_plan.c \
	%D%/exec/thread_plan.h \
	%D%/model/cause.c \
	%D%/model/cause.h \
	%D%/model/expectations.c \
	%D%/model/expectations.h \
	%D%/model/clock.h \
	%D%/model/dependence.c \
	%D%/model/dependence.h \
	%D%/model/happens_before.c \
	%D%/model/happens_before.h \
	%D%/model/never_runs.c \
	%D%/model/never_runs.h \
	%D%/model/orders.c \
	%D%/model/orders.h \
	%D%/model/repair.c \
	%D%/model/repair.h \
	%D%/model/rules.c \
	%D%/model/rules.h \
	%D%/model/rules_map.c \
	%D%/model/rules_memory.c \
	%D%/model/rules_page.c \
	%D%/model/rules_state.h \
	%D%/model/rules_user.c \
	%D%/model/access_log.c \
	%D%/model/access_log.h \
	%D%/model/detectable.c \
	%D%/model/detectable.h \
	%D%/mutate/minimize.c \
	%D%/mutate/minimize.h \
	%D%/digest.c \
	%D%/digest.h \
	%D%/library.c \
	%D%/library.h \
	%D%/program/op.c \
	%D%/program/op.h \
	%D%/program/ops.def \
	%D%/program/pattern.h \
	%D%/program/program.c \
	%D%/program/program.h \
	%D%/program/program_bytes.c \
	%D%/program/program_bytes.h \
	%D%/program/program_file.c \
	%D%/program/program_file.h \
	%D%/program/program_name.c \
	%D%/program/program_name.h \
	%D%/program/program_state.c \
	%D%/program/program_state.h \
	%D%/program/program_text.c \
	%D%/program/program_text.h \
	%D%/program/program_write.c \
	%D%/program/rule.c \
	%D%/program/rule.h \
	%D%/program/rules.def \
	%D%/program/schedule.h \
	%D%/program/schedule_line.c \
	%D%/program/text_call.c \
	%D%/program/text_cursor.c \
	%D%/program/text_cursor.h \
	%D%/program/text_writer.h \
	%D%/program/trace.c \
	%D%/program/trace.h \
	%D%/execution.c \
	%D%/execution.h \
	%D%/util/bytes.h \
	%D%/util/cpus.c \
	%D%/util/cpus.h \
	%D%/util/isolate.c \
	%D%/util/isolate.h \
	%D%/util/number.c \
	%D%/util/number.h \
	%D%/util/path.c \
	%D%/util/path.h \
	%D%/util/sha1.c \
	%D%/util/sha1.h \
	%D%/util/shell_word.c \
	%D%/util/shell_word.h \
	%D%/util/no_coverage.h \
	%D%/util/utf8.h \
	%D%/util/walk.c \
	%D%/util/walk.h

EXTRA_DIST += \
	$(harness_sources) \
	$(mutate_sources)
