# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# One HTML page from the files in results/: doc/report.md.

EXTRA_DIST += \
	%D%/campaign.py \
	%D%/dom.js \
	%D%/drawing.py \
	%D%/keep.py \
	%D%/keep.sh \
	%D%/main.py \
	%D%/matrix.js \
	%D%/matrix.py \
	%D%/pack.js \
	%D%/page.css \
	%D%/page.html \
	%D%/page.js \
	%D%/page.py \
	%D%/parts.js \
	%D%/parts.py \
	%D%/plot.js \
	%D%/results.py \
	%D%/tables.js

# This target runs no test: make smoke race stress stress-long fuzz-ci replay bugs mutants coverage
# bench write the results. For example:
# make report REPORT_FLAGS='--triage failures'
#: report  write one page of all results; runs nothing
report: pagetorture$(EXEEXT)
	@if command -v python3 >/dev/null; then \
	  python3 -B $(srcdir)/%D%/main.py --pagetorture ./pagetorture$(EXEEXT) \
	    --library libpage-plain.a --coverage coverage/html $(REPORT_FLAGS); \
	else echo "skipped: the report (no python3)"; exit 77; fi

clean-local: clean-report
clean-report:
	rm -rf report/index.html report/coverage report/shots

.PHONY: clean-report report
