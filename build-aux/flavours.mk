# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Rules that build the same sources in several flavours. The local.mk files have the lists of sources and
# programs; this file has one rule for each kind of program. The rules need GNU make, so Automake does not
# read this file.
#
# The object of PATH.c is obj/BUILD/PATH.o. BUILD is a flavour (plain, asan, tsan, msan) or another set of
# compiler flags, of the list `builds` below. All programs of a BUILD share the objects of this BUILD.

EXTRA_DIST += build-aux/flavours.mk

# $(call objects,BUILD,SOURCES): the objects of SOURCES. Headers and tables in SOURCES have no object.
objects = $(patsubst %.c,obj/$1/%.o,$(filter %.c,$2))
# $(call ending,FLAVOUR): the end of program names of the flavour, for example -asan; empty for plain.
ending = $(if $(filter-out plain,$1),-$1)

# $(temporary) is the name of a temporary file. The recipe renames the complete file to the target.
# Each line of a recipe gets another name, so a recipe must use $(temporary) in one line only.
temporary = $@.$$$$

# $(call print,WORD): the start of a recipe line, which prints WORD and the target unless V=1.
print = $(if $(filter 1,$(or $(V),$(AM_DEFAULT_VERBOSITY))),,@printf '  %-8s %s\n' $1 $@;)

# ---- compiler flags ----

engine_flavours = asan msan plain tsan
engine_builds = $(engine_flavours:%=fuzz-%)
builds = plain asan tsan msan tsan-inline $(engine_builds) fuzz-race fuzz-text cov pic given given-tsan

# Fuzzers count edges, but do not trace comparisons, indirect calls or the depth of the stack: this tracing took
# a tenth of the time, and found nothing.
edge_counters = -fsanitize=fuzzer-no-link -fno-sanitize-coverage=trace-cmp,indirect-calls,stack-depth
# The flags of fuzz/. The macro: no_coverage.h.
counted = $(edge_counters) -DCOUNTS_COVERAGE
# The flags of the harness. Without counters in the harness, the engine finds bugs of the library in a third of
# the time. If the page library has no counters, the engine needs those of the harness.
counted_harness = $(if $(PAGE_WITHOUT_COVERAGE),$(counted))
# Flags for the harness under ThreadSanitizer, which instruments only accesses of the library.
tsan_harness = -fno-builtin -DBYTES_NO_INTERCEPT

build_cflags_asan = $(ASAN_FLAGS)
build_cflags_tsan = $(tsan_harness)
build_cflags_msan = $(MSAN_FLAGS)
# With -fbuiltin, gcc may replace memset() and memcpy() by stores that ThreadSanitizer does not observe.
build_cflags_tsan-inline = $(TSAN_FLAGS) -fbuiltin
# The harness does not search for uses of its own stack frames after a return, which takes a tenth of the time.
# The flavour asan searches for them.
build_cflags_fuzz-asan = $(ASAN_FLAGS) -fsanitize-address-use-after-return=never $(counted_harness)
build_cflags_fuzz-msan = $(MSAN_FLAGS) $(counted_harness)
build_cflags_fuzz-plain = $(counted_harness)
# Without the counters of the harness, fuzz_explore did not find a bug in 250,000 inputs (test_controls.sh).
build_cflags_fuzz-tsan = $(tsan_harness) $(counted)
build_cflags_fuzz-race = $(tsan_harness) $(counted_harness)
# fuzz_text tests the harness's parser.
build_cflags_fuzz-text = $(ASAN_FLAGS) $(counted)
build_cflags_cov = $(COVERAGE_FLAGS)
build_cflags_pic = -fPIC -fvisibility=hidden
build_cflags_given = $(GIVEN_CFLAGS) -fno-sanitize=thread -DCOUNTS_COVERAGE
build_cflags_given-tsan = $(build_cflags_given) $(tsan_harness)

build_ldflags_asan = $(ASAN_FLAGS)
build_ldflags_tsan = $(TSAN_FLAGS)
build_ldflags_msan = $(MSAN_FLAGS)

# The linker flags for programs that execute page programs on fibers: each function __wrap_NAME of
# src/harness/detect/ (tsan_hooks.c, tsan_report_memory.c) replaces NAME. The shell makes the list from the
# harness's archive.
hook_ldflags = `nm $1 2>/dev/null | sed -n 's/.* T __wrap_/-Wl,--wrap=/p'`
hook_ldflags_tsan = $(call hook_ldflags,libharness-tsan.a)
hook_ldflags_fuzz-tsan = $(call hook_ldflags,libharness-fuzz-tsan.a)

# One rule for each BUILD. make compiles an object again if the source or an included header changed.
define compile_rule
obj/$1/%.o: $(srcdir)/%.c | config.h
	@$(MKDIR_P) $$(@D)
	$$(call print,CC)$$(CC) $$(DEFS) $$(DEFAULT_INCLUDES) $$(AM_CPPFLAGS) $$(object_cppflags) $$(CPPFLAGS) \
	  $$(AM_CFLAGS) $$(object_cflags) $$(CFLAGS) $$(least_optimisation) -MMD -MP -MT $$@ -MF $$(@:.o=.d) -c -o $$@ $$<
obj/$1/%.o: object_cflags = $$(build_cflags_$1)
endef
$(foreach b,$(builds),$(eval $(call compile_rule,$b)))

# Without optimisation, the compiler calls memset() and memcpy() to initialise and copy structs of the harness.
# ThreadSanitizer would record these calls as accesses of the running fiber.
obj/tsan/src/harness/%.o obj/fuzz-race/src/harness/%.o obj/fuzz-tsan/src/harness/%.o obj/given-tsan/src/harness/%.o: \
  least_optimisation = $(if $(filter-out -O0,$(filter -O%,$(CFLAGS))),,-O1)

# If several patterns match an object, GNU make uses the variables of the most specific pattern.
obj/tsan/src/page/%.o obj/tsan/stress/%.o obj/tsan/tests/%.o: object_cflags = $(TSAN_FLAGS)
# test_fiber_set and test_interleave switch fibers, so they are not instrumented (tsan.c). Both are linked with the
# hooks.
# test_page_accesses is linked with hooks of its own, too (tests/library_build.py has the same list).
obj/tsan/tests/test_fiber_set.o obj/tsan/tests/test_interleave.o obj/tsan/tests/test_page_accesses.o: \
  object_cflags = $(tsan_harness)
test_fiber_set-tsan test_interleave-tsan: test_ldflags = $(hook_ldflags_tsan)
test_page_accesses-tsan: test_ldflags = $(hook_ldflags_tsan) -Wl,--wrap=memcpy -Wl,--wrap=memset \
	-Wl,--wrap=process_vm_readv -Wl,--wrap=process_vm_writev
obj/fuzz-asan/src/page/%.o: object_cflags = $(edge_counters) $(ASAN_FLAGS)
obj/fuzz-msan/src/page/%.o: object_cflags = $(edge_counters) $(MSAN_FLAGS)
obj/fuzz-plain/src/page/%.o: object_cflags = $(edge_counters)
obj/fuzz-tsan/src/page/%.o: object_cflags = $(edge_counters) $(TSAN_FLAGS)
obj/fuzz-asan/fuzz/%.o: object_cflags = $(ASAN_FLAGS) $(counted)
obj/fuzz-msan/fuzz/%.o: object_cflags = $(MSAN_FLAGS) $(counted)
obj/fuzz-plain/fuzz/%.o: object_cflags = $(counted)
# The parts of fuzz_api are a model of the library, so they are compiled as the harness is.
obj/fuzz-asan/fuzz/api_%.o obj/fuzz-asan/fuzz/fuzz_api.o: object_cflags = $(build_cflags_fuzz-asan)
obj/fuzz-plain/fuzz/api_%.o obj/fuzz-plain/fuzz/fuzz_api.o: object_cflags = $(build_cflags_fuzz-plain)
obj/given/src/page/%.o: object_cflags = $(GIVEN_CFLAGS)

define tool_cppflags_rule
obj/$1/src/tool/%.o obj/$1/src/dev/%.o: object_cppflags = $$(tool_cppflags) -DFLAVOUR='"$1"'
endef
$(foreach f,$(FLAVOURS),$(eval $(call tool_cppflags_rule,$f)))
obj/%/src/dev/command_scripts.o: object_cppflags += -DDEV_SCRIPTS='"$(abs_srcdir)/src/dev"'

# PAGE_ABSENT, the calls that the page library lacks, is set in the Makefile, so absent.o depends on it.
obj/plain/src/page_stubs/%.o obj/msan/src/page_stubs/%.o: object_cppflags = '-DPAGE_ABSENT=$(PAGE_ABSENT)'
obj/plain/src/page_stubs/absent.o obj/msan/src/page_stubs/absent.o: Makefile

-include $(shell test ! -d obj || find obj -name '*.d')

# ---- archives ----

# $(call archive,NAME,OBJECTS): a rule for an archive. The archive also depends on config.h, because with
# another page library OBJECTS may contain an additional object that is older than the archive.
define archive_rule
$1: $2 config.h
	$$(call print,AR)rm -f $$@ && $$(AR) cr $$@ $$(filter %.o,$$^) && $$(RANLIB) $$@
endef
archive = $(eval $(call archive_rule,$1,$2))

page_builds = $(filter-out fuzz-race fuzz-text pic given-tsan,$(builds))
$(foreach b,$(page_builds),$(call archive,libpage-$b.a,$(call objects,$b,$(page_sources))))

harness_builds = $(filter-out cov fuzz-race fuzz-text pic tsan-inline,$(builds))
# $(call harness_of,BUILD): the sources of the harness archive. Fuzzers get the mutator from libmutate.a.
harness_of = $(harness_sources) $(if $(filter fuzz-%,$1),,$(mutate_sources))
$(foreach b,$(harness_builds),$(call archive,libharness-$b.a,$(call objects,$b,$(call harness_of,$b))))

$(call archive,libmutate.a,$(call objects,plain,$(mutate_sources)))

$(foreach f,$(FLAVOURS),$(call archive,libpagetorture-$f.a,$(call objects,$f,$(tool_sources))))

# MemorySanitizer needs instrumented stubs; the other flavours use the stubs of the plain flavour.
$(foreach b,plain msan,$(call archive,libpagestubs-$b.a,$(call objects,$b,$(page_stub_sources)) $(PAGE_FILES)))

our_archives = $(page_builds:%=libpage-%.a) $(harness_builds:%=libharness-%.a) libmutate.a \
	$(FLAVOURS:%=libpagetorture-%.a) libpagestubs-plain.a libpagestubs-msan.a

# ---- programs ----

# $(call archives,BUILD): the archives that programs of this BUILD depend on.
archives = libharness-$1.a $(filter %.a,$(page_$(subst -,_,$1)))

# $(call link,BUILD[,FLAGS]): a recipe that links the objects and archives of the rule, the harness, and the
# page library (an archive, or linker flags of an external page library).
link = $(call print,CCLD)$(CC) $(AM_CFLAGS) $(CFLAGS) $(build_ldflags_$1) $2 $(AM_LDFLAGS) $(LDFLAGS) -o $@ \
	$(filter %.o,$^) $(filter libmutate.a libpagetorture-%.a,$^) libharness-$1.a $(page_$(subst -,_,$1)) $(LIBS)

# Automake makes the rule for the plain pagetorture, because Automake also installs this program.
define tool_rule
pagetorture-$1: obj/$1/src/tool/main.o libpagetorture-$1.a $$(call archives,$1)
	$$(call link,$1,$$(hook_ldflags_$1))
endef
$(foreach f,$(filter-out plain,$(FLAVOURS)),$(eval $(call tool_rule,$f)))

# If the page library lacks buffers, the scenario `borrow` is not linked, and pagetorture-stress skips it.
linked_stress_sources = $(filter-out $(if $(findstring page_buffer_alloc,$(PAGE_ABSENT)),%/stress_borrow.c),$(stress_sources))

# Unit tests with more sources than tests/NAME.c, and these sources.
tests_with_parts = test_kcsan test_mutate test_mutator test_mutator_text
parts_of_test_kcsan = kernel/vm/kcsan.c
parts_of_test_mutate = tests/mutate_promise.c
parts_of_test_mutator = fuzz/mutator.c
parts_of_test_mutator_text = fuzz/mutator_text.c
# $(call names_of,FLAVOUR,TESTS): the names of TESTS without the flavour at the end.
names_of = $(patsubst %$(call ending,$1),%,$2)
unit_objects = $(call objects,$1,tests/unit_tests.c $(foreach t,$(call names_of,$1,$2),tests/$t.c $(parts_of_$t)))

define flavour_rules
pagetorture-dev$(call ending,$1): $$(call objects,$1,$$(dev_sources)) libpagetorture-$1.a $$(call archives,$1)
	$$(call link,$1,$$(hook_ldflags_$1))

pagetorture-stress$(call ending,$1): $$(call objects,$1,$$(linked_stress_sources)) libpagetorture-$1.a $$(call archives,$1)
	$$(call link,$1,$$(stress_ldflags_$1))

unit-tests$(call ending,$1): $$(call unit_objects,$1,$$(filter-out $$(own_program_tests),$$(tests_$1))) $$(call archives,$1)
	$$(call link,$1)
# Each test can also be built as a separate program.
$$(tests_$1): test_%$(call ending,$1): obj/$1/tests/test_%.o obj/$1/tests/unit_tests.o $$(call archives,$1)
	$$(call link,$1,$$(test_ldflags))
$$(foreach t,$$(filter $$(tests_with_parts),$$(call names_of,$1,$$(tests_$1))),$$(eval $$t$(call ending,$1): \
	$$(call objects,$1,$$(parts_of_$$t))))

$$(replay_targets_$1:%=fuzz_%-replay$(call ending,$1)): fuzz_%-replay$(call ending,$1): obj/$1/fuzz/fuzz_%.o \
		$$(call objects,$1,$$(fuzz_common) $$(fuzz_input) fuzz/main_replay.c) $$(call archives,$1)
	$$(call link,$1,$$(hook_ldflags_$1))
fuzz_api-replay$(call ending,$1): $$(call objects,$1,$$(fuzz_api_parts))

bench_page$(call ending,$1): obj/$1/bench/bench_page.o $$(call archives,$1)
	$$(call link,$1)
endef
$(foreach f,$(FLAVOURS),$(eval $(call flavour_rules,$f)))

# In the plain stress program all calls of memcpy() and memset() copy in the way that --copy selects.
stress_ldflags_plain = -Wl,--wrap=memcpy -Wl,--wrap=memset

# A detector with a known limitation, for the race matrix: the page library of this program uses -fbuiltin.
pagetorture-dev-tsan-inline: $(call objects,tsan,$(dev_sources)) libpagetorture-tsan.a libharness-tsan.a \
		$(page_tsan_inline)
	$(call print,CCLD)$(CC) $(AM_CFLAGS) $(CFLAGS) $(TSAN_FLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

# Two programs for `make bench-interleavings`. pagetorture-without-tsan has the library of the flavour tsan, but
# functions that check nothing instead of ThreadSanitizer.
obj/tsan/bench/bench_interleavings.o: object_cflags = $(tsan_harness)
bench_interleavings: obj/tsan/bench/bench_interleavings.o $(call archives,tsan)
	$(call link,tsan,$(hook_ldflags_tsan))
pagetorture-without-tsan: obj/tsan/src/tool/main.o obj/plain/bench/without_tsan.o libpagetorture-tsan.a $(call archives,tsan)
	$(call print,CCLD)$(CC) $(AM_CFLAGS) $(CFLAGS) $(AM_LDFLAGS) $(LDFLAGS) $(hook_ldflags_tsan) -o $@ \
	  $(filter %.o,$^) $(filter libpagetorture-%.a,$^) libharness-tsan.a $(page_tsan) $(LIBS)

plain_programs = bench_scale make_programs valgrind_faults
bench_scale: obj/plain/bench/bench_scale.o $(call archives,plain)
make_programs valgrind_faults: %: obj/plain/tests/%.o $(call archives,plain)
read_report: obj/plain/tests/read_report.o obj/plain/src/tool/report/report.o
$(plain_programs) read_report:
	$(call link,plain)

# The custom mutator that AFL++ loads.
afl_mutator.so: $(call objects,pic,$(afl_mutator_sources))
	$(call print,CCLD)$(CC) $(AM_CFLAGS) $(CFLAGS) -shared $(LDFLAGS) -o $@ $^ $(LIBS)

# ---- fuzz targets with an engine, and their determinism checks ----

# -fsanitize=fuzzer must be an argument of its own, because AFL++'s compiler replaces exactly this argument.
build_ldflags_fuzz-asan = $(ASAN_FLAGS)
build_ldflags_fuzz-msan = $(MSAN_FLAGS)
build_ldflags_fuzz-tsan = $(TSAN_FLAGS)

# $(call engine_parts,TARGET): additional sources of one fuzz target.
engine_parts = $(engine_parts_$(firstword $(subst -, ,$1)))
engine_parts_api = $(fuzz_api_parts) fuzz/api_call.c fuzz/api_mutator.c
engine_parts_empty = fuzz/mutator.c
engine_parts_explore = fuzz/mutator.c
engine_parts_fatal = fuzz/mutator.c
engine_parts_fault = fuzz/mutator.c
engine_parts_page = fuzz/mutator.c
engine_parts_race = fuzz/mutator.c
engine_parts_text = fuzz/mutator_text.c

# The objects of fuzz_text and of fuzz_race that replace those of the harness's archive.
counted_text = $(call objects,fuzz-text,$(filter src/harness/program/%,$(harness_sources)))
uncounted_race = $(call objects,fuzz-race,$(harness_sources))

# $(call engine_rule,PROGRAM,TARGET,BUILD,PARTS)
define engine_rule
$1: $$(sort $$(call objects,$3,$$(fuzz_common) fuzz/fuzz_$2.c $4)) libmutate.a $$(call archives,$3)
	$$(call link,$3,-fsanitize=fuzzer $$(hook_ldflags_$3))
endef
engine = $(eval $(call engine_rule,$1,$2,$3,$4))
$(foreach t,api empty fatal fault page text,$(call engine,fuzz_$t,$t,fuzz-asan,$(call engine_parts,$t)))
$(foreach t,$(replay_targets_tsan),$(call engine,fuzz_$t,$t,fuzz-tsan,$(call engine_parts,$t)))
$(call engine,fuzz_empty-tsan,empty,fuzz-tsan,$(call engine_parts,empty))
# Fuzz targets without a sanitizer: the library reports errors, page protection makes addresses invalid.
$(foreach t,api fatal page,$(call engine,fuzz_$t-plain,$t,fuzz-plain,$(call engine_parts,$t)))
# fuzz_fatal-msan needs MemorySanitizer, so that a use of uninitialised bytes ends the process.
$(call engine,fuzz_fatal-msan,fatal,fuzz-msan,$(call engine_parts,fatal))
# Fuzz targets without the custom mutator, for `make bench-fuzz`.
$(call engine,fuzz_page-bytes,page,fuzz-asan)
$(call engine,fuzz_race-bytes,race,fuzz-tsan)

fuzz_text: $(counted_text)
fuzz_race: $(uncounted_race)

# Determinism checks: each links a fuzz target with coverage counters, but without an engine.
define same_rule
fuzz_$1-same: $$(sort $$(call objects,$2,$$(same_common) fuzz/fuzz_$1.c $$(if $$(filter api,$1),$$(fuzz_api_parts)))) \
		libmutate.a $$(call archives,$2)
	$$(call link,$2,$$(hook_ldflags_$2))
endef
$(foreach t,api fatal fault page text,$(eval $(call same_rule,$t,fuzz-asan)))
fuzz_text-same: $(counted_text)
fuzz_race-same: $(uncounted_race)
$(foreach t,$(replay_targets_tsan),$(eval $(call same_rule,$t,fuzz-tsan)))

# fuzz_page-replay-cov measures which code of the page library an input executes.
fuzz_page-replay-cov: obj/plain/fuzz/fuzz_page.o \
		$(call objects,plain,$(fuzz_common) $(fuzz_input) fuzz/main_replay.c) libharness-plain.a \
		$(filter %.a,$(page_cov))
	$(call print,CCLD)$(CC) $(AM_CFLAGS) $(CFLAGS) $(COVERAGE_FLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) \
	  libharness-plain.a $(page_cov) $(LIBS)

# Fuzz targets for a fuzzing service, which sets the compiler, its flags and the engine (fuzz/oss-fuzz).
define given_rule
fuzz_$1-given: $$(sort $$(call objects,given,$$(fuzz_common) fuzz/fuzz_$1.c $$(call engine_parts,$1))) \
		$$(GIVEN_HARNESS) libpage-given.a
	$$(call print,CCLD)$$(GIVEN_CXX) $$(GIVEN_CXXFLAGS) $$(if $$(filter $$(replay_targets_tsan),$1),$$(call hook_ldflags,$$(GIVEN_HARNESS))) -o $$@ $$^ $$(GIVEN_ENGINE) $$(LIBS)
endef
$(foreach t,api explore fatal fault page race text,$(eval $(call given_rule,$t)))

# ---- lists ----

all_stress = $(foreach f,$(FLAVOURS),$(call stress_of,$f))
replays_of = $(replay_targets_$1:%=fuzz_%-replay$(call ending,$1))
stress_of = pagetorture-stress$(call ending,$1)
benches = bench_page $(filter bench_page-asan,$(FLAVOURS:%=bench_page-%)) bench_scale \
	$(if $(filter tsan,$(FLAVOURS)),bench_interleavings pagetorture-without-tsan)

test_names = $(foreach f,$(FLAVOURS),$(tests_$f))
# $(call test_programs_of,TESTS): the programs that contain the unit tests TESTS.
test_programs_of = $(sort $(foreach t,$1,$(if $(filter $t,$(own_program_tests)),$t,unit-tests$(addprefix -,$(word 2,$(subst -, ,$t))))))
test_programs = $(call test_programs_of,$(test_names))
check_programs = $(test_programs) $(foreach f,$(FLAVOURS),$(call replays_of,$f) $(call stress_of,$f)) \
	$(same_programs) $(dev_programs) afl_mutator.so make_programs read_report valgrind_faults
special_programs = $(engine_programs) fuzz_api-plain fuzz_fatal-plain fuzz_page-plain fuzz_fatal-msan \
	fuzz_empty fuzz_empty-tsan fuzz_page-bytes fuzz_page-replay-cov fuzz_race-bytes \
	pagetorture-dev-tsan-inline
given_programs = fuzz_api-given fuzz_explore-given fuzz_fatal-given fuzz_fault-given fuzz_page-given fuzz_race-given fuzz_text-given
CLEANFILES += $(our_archives) $(test_names) $(check_programs) $(benches) $(dev_programs) $(flavour_programs) $(special_programs) $(given_programs)

# ---- tests ----

# `make check TESTS='test_rules tests/test_check.sh'` runs these two tests, and builds what they need.
TESTS = $(quick_tests)
check_needs = $(call test_programs_of,$(filter-out %.sh,$(TESTS))) $(if $(filter %.sh,$(TESTS)),all-am) \
	$(if $(filter-out $(scripts_of_tool),$(filter %.sh,$(TESTS))),$(check_programs)) \
	$(if $(filter %_bench.sh %_race.sh %_report_page.sh,$(TESTS)),$(benches) gcc.log)
