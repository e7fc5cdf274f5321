# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# A program as one file of C, and whether that shows what it must show. The command contains the
# script, and the script the C functions, so that the binary needs no other file.

to_c_script = %D%/to_c.py %D%/helpers.c
EXTRA_DIST += $(to_c_script)
CLEANFILES += to_c_script.inc

$(FLAVOURS:%=obj/%/src/tool/command_to_c.o): to_c_script.inc
to_c_script.inc: $(to_c_script)
	$(AM_V_GEN)sed -e '/^@HELPERS@$$/{' -e 'r $(srcdir)/%D%/helpers.c' -e 'd' -e '}' $(srcdir)/%D%/to_c.py | \
	  sed 's/[\\"]/\\&/g; s/.*/"&\\n"/' >$@.new
	$(AM_V_at)mv $@.new $@
