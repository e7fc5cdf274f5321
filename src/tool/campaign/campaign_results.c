/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "tool/campaign/campaign.h"

#define EVERY 60000L /* ms */

static void write_engines(struct json *json, const struct campaign *campaign,
			  const struct target *target)
{
	json_array(json, "engines");
	for (size_t i = 0; i < ENGINES; i++) {
		const char *lack = engines[i]->lack(&campaign->options, target);

		if (!campaign->wanted[i])
			continue;
		json_object(json, NULL);
		json_text(json, "name", engines[i]->name);
		json_text(json, "skipped", target->engines[i].there || !lack ? "" : lack);
		json_end(json);
	}
	json_end(json);
}

static void count(struct json *json, const char *key, size_t value)
{
	json_number(json, key, (int64_t)value);
}

/* Of the moment while the campaign runs; at its end the mean of all its runs. */
static unsigned long rate_of(const struct campaign *campaign, const struct target *target,
			     bool ended)
{
	long now = campaign->now, ms = (long)target->earlier_seconds * 1000 + now - campaign->started;

	return ended ? mean_rate(target_all_executions(target, now), ms) : target_rate(target);
}

static void write_target(struct json *json, const struct campaign *campaign,
			 const struct target *target, bool ended)
{
	json_object(json, NULL);
	json_text(json, "name", target->name);
	json_text(json, "flavour", target->flavour);
	write_engines(json, campaign, target);
	count(json, "executions", target_executions(target, campaign->now));
	count(json, "executions_before", target->earlier_executions);
	count(json, "seconds_before", target->earlier_seconds);
	count(json, "rate", rate_of(campaign, target, ended));
	count(json, "coverage", target->coverage);
	count(json, "corpus", target->corpus.known.count);
	count(json, "corpus_new", target->corpus.known.count - target->corpus_before);
	count(json, "findings", target->findings.known.count);
	count(json, "findings_new", target_new_findings(target));
	json_end(json);
}

bool campaign_results(struct campaign *campaign, const char *status)
{
	const struct fuzz_options *options = &campaign->options;
	struct json *json;
	char *directory;

	campaign->results_due = campaign->now + EVERY;
	if (!campaign->results.path)
		return true;
	json = results_open(&campaign->results, status);
	if (!json)
		return false;
	directory = realpath(options->dir, NULL);
	json_text(json, "dir", directory ? directory : options->dir);
	free(directory);
	count(json, "seed", options->seed);
	count(json, "jobs", options->jobs);
	count(json, "time", options->time);
	json_array(json, "targets");
	for (size_t i = 0; i < campaign->count; i++)
		write_target(json, campaign, campaign->targets[i], strcmp(status, "running") != 0);
	json_end(json);
	return results_close(&campaign->results);
}
