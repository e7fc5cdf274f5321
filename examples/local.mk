# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Built by who reads it, against the installed library; tests/test_install.sh does so.

EXTRA_DIST += %D%/Makefile %D%/page_cat.c
