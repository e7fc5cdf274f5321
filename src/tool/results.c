/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/results.h"

#include <errno.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "config.h"
#include "tool/verdict_print.h"

void results_begin(struct results *results, const char *what, int argc, char **argv)
{
	size_t used;

	memset(results, 0, sizeof(*results));
	results->what = what;
	results->begun = time(NULL);
	clock_gettime(CLOCK_MONOTONIC, &results->started);
	used = (size_t)snprintf(results->command, sizeof(results->command), "pagetorture");
	for (int i = 0; i < argc && used < sizeof(results->command); i++)
		used += (size_t)snprintf(results->command + used, sizeof(results->command) - used,
					 " %s", argv[i]);
}

static double seconds_since(const struct timespec *started)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - started->tv_sec) +
	       (double)(now.tv_nsec - started->tv_nsec) / 1e9;
}

static void print_machine(FILE *out)
{
	struct utsname name;

	fprintf(out, ", \"on\": {\"processors\": %ld, \"compiler\": ", sysconf(_SC_NPROCESSORS_ONLN));
	json_string(out, __VERSION__);
	if (!uname(&name)) {
		fprintf(out, ", \"system\": ");
		json_string(out, name.sysname);
		fprintf(out, ", \"release\": ");
		json_string(out, name.release);
		fprintf(out, ", \"machine\": ");
		json_string(out, name.machine);
	}
	fprintf(out, "}");
}

static void print_head(const struct results *results, const char *status)
{
	char begun[32];
	struct tm tm;

	strftime(begun, sizeof(begun), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&results->begun, &tm));
	fprintf(results->out, "{\"what\": \"%s\", \"version\": \"%s\", \"begun\": \"%s\", "
			      "\"seconds\": %.1f, \"status\": \"%s\", \"command\": ",
		results->what, PACKAGE_VERSION, begun, seconds_since(&results->started), status);
	json_string(results->out, results->command);
	print_machine(results->out);
}

static bool complain(const char *path)
{
	fprintf(stderr, "%s: expected a file that can be written: %s\n", path, strerror(errno));
	return false;
}

FILE *results_open(struct results *results, const char *status)
{
	snprintf(results->beside, sizeof(results->beside), "%.4000s.new", results->path);
	results->out = fopen(results->beside, "we");
	if (results->out)
		print_head(results, status);
	else
		complain(results->path);
	return results->out;
}

bool results_close(struct results *results)
{
	bool good = !ferror(results->out);

	good &= fputs("}\n", results->out) >= 0;
	good &= fclose(results->out) == 0;
	if (good && !rename(results->beside, results->path))
		return true;
	return complain(results->path);
}
