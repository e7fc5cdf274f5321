# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# pagetorture-export writes results as TAP, JUnit or SARIF.

bin_SCRIPTS = pagetorture-export
EXTRA_DIST += %D%/pagetorture-export.py
CLEANFILES += pagetorture-export

pagetorture-export: %D%/pagetorture-export.py Makefile
	$(AM_V_GEN)new=$(temporary) && \
	  sed 's/[@]VERSION[@]/$(VERSION)/' $(srcdir)/src/export/pagetorture-export.py >$$new && \
	  chmod +x $$new && mv $$new $@
