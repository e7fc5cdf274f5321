/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/kit/results.h"

#include <errno.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "config.h"

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

static void write_machine(struct json *json)
{
	struct utsname name;

	json_object(json, "on");
	json_number(json, "processors", sysconf(_SC_NPROCESSORS_ONLN));
	json_text(json, "compiler", __VERSION__);
	if (!uname(&name)) {
		json_text(json, "system", name.sysname);
		json_text(json, "release", name.release);
		json_text(json, "machine", name.machine);
	}
	json_end(json);
}

static void write_head(struct results *results, const char *status)
{
	struct json *json = &results->json;
	char begun[32];
	struct tm tm;

	strftime(begun, sizeof(begun), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&results->begun, &tm));
	json_object(json, NULL);
	json_text(json, "what", results->what);
	json_text(json, "version", PACKAGE_VERSION);
	json_text(json, "begun", begun);
	json_real(json, "seconds", seconds_since(&results->started), 1);
	json_text(json, "status", status);
	json_text(json, "command", results->command);
	write_machine(json);
}

static bool complain(const char *path)
{
	fprintf(stderr, "%s: expected a file that can be written: %s\n", path, strerror(errno));
	return false;
}

struct json *results_open(struct results *results, const char *status)
{
	FILE *out;

	snprintf(results->beside, sizeof(results->beside), "%.4000s.new", results->path);
	out = fopen(results->beside, "we");
	if (!out) {
		complain(results->path);
		return NULL;
	}
	results->json = json_begin(out);
	write_head(results, status);
	return &results->json;
}

bool results_close(struct results *results)
{
	FILE *out = results->json.out;
	bool good;

	json_end_line(&results->json);
	good = !ferror(out);
	good &= fclose(out) == 0;
	if (good && !rename(results->beside, results->path))
		return true;
	return complain(results->path);
}
