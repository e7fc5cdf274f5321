# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# `to-c`: writes a program as one C file, and checks that it shows the failure. The command contains the
# script, and the script contains the C functions, so that the binary needs no other file.

tool_sources += \
	%D%/model_facts.c \
	%D%/model_facts.h

to_c_script = %D%/to_c.py %D%/helpers.c
EXTRA_DIST += $(to_c_script)
CLEANFILES += to_c_script.inc

$(FLAVOURS:%=obj/%/src/tool/command_to_c.o): to_c_script.inc
to_c_script.inc: $(to_c_script)
	$(AM_V_GEN)new=$(temporary) && \
	  sed -e '/^@HELPERS@$$/{' -e 'r $(srcdir)/%D%/helpers.c' -e 'd' -e '}' $(srcdir)/%D%/to_c.py | \
	  sed 's/[\\"]/\\&/g; s/.*/"&\\n"/' >$$new && mv $$new $@
