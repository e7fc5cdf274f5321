# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# What users ask for by name, beside all, check and install.

EXTRA_DIST += %D%/coverage.sh %D%/page-library.sh %D%/smoke.sh

smoke: all fuzzers seeds gcc.log
	@$(MAKE) $(AM_MAKEFLAGS) $(check_PROGRAMS) >/dev/null
	@$(MAKE) $(AM_MAKEFLAGS) afl-fuzzers >afl.log 2>&1 || true
	@$(SHELL) $(srcdir)/%D%/smoke.sh $(srcdir)

CLEANFILES += afl.log

# Two tables: by the corpus, and by the unit tests of the library too.
coverage:
	@if test "$(PAGE_LIBRARY)" != no; then \
	  echo "skipped: coverage (the page library is another one, compiled elsewhere)"; exit 77; fi
	@$(AM_TESTS_ENVIRONMENT) $(SHELL) $(srcdir)/%D%/coverage.sh $(srcdir)
	@for figure in replay all; do \
	  echo; cat coverage/$$figure.txt; \
	  python3 $(srcdir)/tests/coverage.py $$figure $(srcdir)/tests/coverage_excluded \
	    coverage/$$figure.json coverage/$$figure.lcov $(srcdir) || exit 1; \
	  echo "with the source: `pwd`/coverage/html/$$figure/index.html"; \
	done

# What the build that counts has to have.
coverage-programs: $(bin_PROGRAMS) $(pkglibexec_PROGRAMS) $(check_PROGRAMS)

clean-local: clean-coverage clean-smoke
clean-coverage:
	rm -rf coverage
clean-smoke:
	rm -rf smoke

.PHONY: coverage coverage-programs smoke clean-coverage clean-smoke
