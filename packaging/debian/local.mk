# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Files that build Debian packages from a tarball.

EXTRA_DIST += \
	%D%/changelog \
	%D%/control \
	%D%/copyright \
	%D%/libpage-dev.examples \
	%D%/libpage-dev.install \
	%D%/libpage0.install \
	%D%/libpage0.lintian-overrides \
	%D%/libpage0.symbols \
	%D%/not-installed \
	%D%/pagetorture.docs \
	%D%/pagetorture.examples \
	%D%/pagetorture.install \
	%D%/pagetorture.lintian-overrides \
	%D%/rules \
	%D%/source/format

# Build the packages in a copy of the tree, run lintian, and use the packages' files. This takes some minutes.
#: check-deb  build the Debian packages, and use their files
check-deb:
	@chmod -R u+w check-deb 2>/dev/null; rm -rf check-deb && $(MKDIR_P) check-deb
	@echo "check-deb: a tree as it is in a tarball"
	@$(MAKE) $(AM_MAKEFLAGS) distdir distdir=check-deb/pagetorture-$(VERSION) \
	  >check-deb/source.log 2>&1 || { tail check-deb/source.log; exit 1; }
	@$(SHELL) $(srcdir)/build-aux/check_deb.sh "`pwd`/check-deb" $(VERSION)

clean-local: clean-check-deb
clean-check-deb:
	test ! -d check-deb || chmod -R u+w check-deb
	rm -rf check-deb

.PHONY: check-deb clean-check-deb
