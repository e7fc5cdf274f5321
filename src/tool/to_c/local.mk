# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# `to-c`: writes a program as one C file, and checks that it shows the failure. The command contains the
# script and the C functions that it may write.

EXTRA_DIST += %D%/to_c.py %D%/helpers.c
CLEANFILES += to_c_script.inc to_c_helpers.inc

$(FLAVOURS:%=obj/%/src/tool/command_to_c.o): to_c_script.inc to_c_helpers.inc
to_c_script.inc: %D%/to_c.py
	$(embed)
to_c_helpers.inc: %D%/helpers.c
	$(embed)
