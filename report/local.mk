# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# One HTML page from the files in results/: doc/report.md.

EXTRA_DIST += \
	%D%/behaviour.js \
	%D%/campaign.py \
	%D%/drawing.py \
	%D%/elements.js \
	%D%/formats.py \
	%D%/keep.py \
	%D%/main.py \
	%D%/matrix.js \
	%D%/page.css \
	%D%/page.py \
	%D%/parts.py \
	%D%/plot.py \
	%D%/results.py \
	%D%/templates/bench.html \
	%D%/templates/bugs.html \
	%D%/templates/campaign.html \
	%D%/templates/coverage.html \
	%D%/templates/findings.html \
	%D%/templates/fuzz-ci.html \
	%D%/templates/fuzz.html \
	%D%/templates/kernel-vm.html \
	%D%/templates/macros.html \
	%D%/templates/mutants.html \
	%D%/templates/page.html \
	%D%/templates/plot.html \
	%D%/templates/race.html \
	%D%/templates/replay.html \
	%D%/templates/rules.html \
	%D%/templates/smoke.html \
	%D%/templates/stress-long.html \
	%D%/templates/stress.html

# `make report` runs no test: the targets smoke race stress stress-long fuzz-ci replay bugs mutants coverage
# bench write the results. For example:
# make report REPORT_FLAGS='--triage failures'
#: report  write one page of all results; runs nothing
report: pagetorture$(EXEEXT)
	@if python3 -c 'import jinja2' 2>/dev/null; then \
	  python3 -B $(srcdir)/%D%/main.py --pagetorture ./pagetorture$(EXEEXT) \
	    --library libpage-plain.a --coverage coverage/html $(REPORT_FLAGS); \
	else echo "skipped: the report (no python3 with jinja2)"; exit 77; fi

clean-local: clean-report
clean-report:
	rm -rf report/index.html report/coverage report/shots

.PHONY: clean-report report
