# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# `explain`: draws a program, and prints which rule it breaks and why.

explaindir = $(pkglibexecdir)/explain
dist_explain_DATA = %D%/explain.py
