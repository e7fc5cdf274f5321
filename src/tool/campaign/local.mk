# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# `fuzz`: runs fuzzing engines on fuzz targets.

campaigndir = $(pkglibexecdir)/campaign
dist_campaign_DATA = \
	%D%/campaign.py \
	%D%/collect.py \
	%D%/corpus.py \
	%D%/engine.py \
	%D%/engine_afl.py \
	%D%/engine_libfuzzer.py \
	%D%/main.py \
	%D%/merge.py \
	%D%/progress.py \
	%D%/target.py \
	%D%/worker.py
