/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include <stdlib.h>

#include "tool/campaign.h"
#include "tool/verdict_print.h"

#define EVERY 60000L /* ms */

static void print_engines(FILE *out, const struct campaign *campaign, const struct target *target)
{
	const char *separator = "";

	fprintf(out, "\"engines\": [");
	for (size_t i = 0; i < ENGINES; i++) {
		const struct crew *crew = &target->crews[i];
		const char *lack = crew->engine->lack(&campaign->options, target);

		if (!campaign->wanted[i])
			continue;
		fprintf(out, "%s{\"name\": \"%s\", \"skipped\": ", separator, crew->engine->name);
		json_string(out, crew->there ? "" : lack ? lack : "not asked for");
		fprintf(out, "}");
		separator = ", ";
	}
	fprintf(out, "]");
}

static void print_target(FILE *out, const struct campaign *campaign, const struct target *target,
			 long now)
{
	fprintf(out, "{\"name\": \"%s\", \"flavour\": \"%s\", ", target->name, target->flavour);
	print_engines(out, campaign, target);
	fprintf(out, ", \"executions\": %lu, \"executions_before\": %lu, \"seconds_before\": %lu, "
		     "\"rate\": %lu, \"coverage\": %lu, \"corpus\": %zu, \"corpus_new\": %zu, "
		     "\"findings\": %zu, \"findings_new\": %zu}",
		target_executions(target, now), target->earlier_executions,
		target->earlier_seconds, target_rate(target), target->coverage,
		target->corpus.known.count, target->corpus.known.count - target->corpus_before,
		target->findings.known.count, target_new_findings(target));
}

void campaign_results(struct campaign *campaign, const char *status, long now)
{
	const struct fuzz_options *options = &campaign->options;
	char *folder;
	FILE *out;

	campaign->results_due = now + EVERY;
	if (!campaign->results.path)
		return;
	out = results_open(&campaign->results, status);
	if (!out)
		return;
	folder = realpath(options->dir, NULL);
	fprintf(out, ", \"dir\": ");
	json_string(out, folder ? folder : options->dir);
	free(folder);
	fprintf(out, ", \"seed\": %u, \"jobs\": %u, \"time\": %u, \"targets\": [", options->seed,
		options->jobs, options->time);
	for (size_t i = 0; i < campaign->count; i++) {
		fputs(i ? ",\n" : "\n", out);
		print_target(out, campaign, campaign->targets[i], now);
	}
	fprintf(out, "]");
	results_close(&campaign->results);
}
