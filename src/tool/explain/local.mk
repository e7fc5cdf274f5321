# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# A program as a person would draw it, and what is wrong with it in words. The command contains the
# script.

EXTRA_DIST += %D%/explain.py
CLEANFILES += explain_script.inc

$(FLAVOURS:%=obj/%/src/tool/command_explain.o): explain_script.inc
explain_script.inc: %D%/explain.py
	$(embed)
