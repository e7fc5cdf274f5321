# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# What users ask for by name, beside all, check and install.

EXTRA_DIST += %D%/page-library.sh %D%/smoke.sh

smoke: all fuzzers seeds
	@$(MAKE) $(AM_MAKEFLAGS) $(check_PROGRAMS) >/dev/null
	@$(MAKE) $(AM_MAKEFLAGS) afl-fuzzers >afl.log 2>&1 || true
	@$(SHELL) $(srcdir)/%D%/smoke.sh $(srcdir)

CLEANFILES += afl.log

clean-local: clean-smoke
clean-smoke:
	rm -rf smoke

.PHONY: smoke clean-smoke
