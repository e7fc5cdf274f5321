# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# bash finds the completion of a command by its file name.

bashcompletiondir = @bashcompletiondir@
EXTRA_DIST += %D%/pagetorture.bash

install-data-local: install-completion
install-completion:
	$(MKDIR_P) "$(DESTDIR)$(bashcompletiondir)"
	$(INSTALL_DATA) $(srcdir)/%D%/pagetorture.bash "$(DESTDIR)$(bashcompletiondir)/pagetorture"
	cd "$(DESTDIR)$(bashcompletiondir)" && $(LN_S) -f pagetorture pagetorture-export

uninstall-local: uninstall-completion
uninstall-completion:
	rm -f "$(DESTDIR)$(bashcompletiondir)/pagetorture" "$(DESTDIR)$(bashcompletiondir)/pagetorture-export"

.PHONY: install-completion uninstall-completion
