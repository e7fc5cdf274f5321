# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# `to-c`: writes a program as one C file, and checks that it shows the failure.

to_cdir = $(pkglibexecdir)/to_c
dist_to_c_DATA = %D%/byte_lines.py %D%/c_file.py %D%/helpers.c %D%/interleaving.py %D%/program.py \
	%D%/reproduce.py %D%/scheduler.c %D%/to_c.py
