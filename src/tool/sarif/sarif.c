/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/sarif/sarif.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "harness/util/path.h"
#include "harness/util/sha1.h"
#include "tool/util/json.h"
#include "tool/util/output.h"
#include "tool/util/usage.h"
#include "tool/sarif/sarif_rules.h"

struct sarif {
	struct json json;
	char *text;
	size_t size;
	char root[PATH_MAX];
	char **files; /* that places are in, by their URIs */
	size_t file_count;
};

/* ---- places ---- */

static bool has(const char *directory, const char *name)
{
	char path[PATH_MAX + 64];

	path_format_or_exit(path, sizeof(path), "%s/%s", directory, name);
	return !access(path, F_OK);
}

static void find_root(char root[PATH_MAX])
{
	char at[PATH_MAX], *slash;

	if (!getcwd(root, PATH_MAX))
		strcpy(root, "/");
	strcpy(at, root);
	while (!has(at, ".git") && !has(at, "src/page/page.h")) {
		slash = strrchr(at, '/');
		if (!slash || slash == at)
			return;
		*slash = '\0';
	}
	strcpy(root, at);
}

/* What may stand in a path of a URI stands there, all else as its bytes. */
static size_t put_path(char *to, size_t room, const char *path)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "-._~/";
	size_t used = 0;

	for (; *path && used + 4 < room; path++)
		used += (size_t)snprintf(to + used, room - used,
					 strchr(plain, *path) ? "%c" : "%%%02X",
					 (unsigned char)*path);
	return used;
}

static void put_uri(const struct sarif *sarif, const char *path, char uri[SARIF_URI])
{
	size_t len = strlen(sarif->root);

	uri[0] = '\0';
	if (!strncmp(path, sarif->root, len) && path[len] == '/') {
		put_path(uri, SARIF_URI, path + len + 1);
		return;
	}
	strcpy(uri, "file://");
	put_path(uri + strlen(uri), SARIF_URI - strlen(uri), path);
}

void sarif_file(const struct sarif *sarif, const char *file, unsigned int line,
		struct sarif_place *place)
{
	char path[2 * PATH_MAX];

	place->line = line ? line : 1;
	place->what[0] = '\0';
	/* One that is gone meanwhile, or was never there, is named as it was. */
	if (!realpath(file, path))
		path_format_or_exit(path, sizeof(path), "%s%s%s", *file == '/' ? "" : sarif->root,
			 *file == '/' ? "" : "/", file);
	put_uri(sarif, path, place->uri);
}

bool sarif_frame(const struct sarif *sarif, const struct report_frame *frame,
		 struct sarif_place *place)
{
	static const char directory[] = "src/page/";
	const char *at = NULL, *next = frame->file;
	char path[PATH_MAX];

	while ((next = strstr(next, directory)))
		at = next++;
	if (!at || !frame->line || !report_frame_in_page(frame) || !has(sarif->root, at))
		return false;
	path_format_or_exit(path, sizeof(path), "%s/%s", sarif->root, at);
	sarif_file(sarif, path, frame->line, place);
	return true;
}

void sarif_relate(struct sarif_result *result, const struct sarif_place *place, const char *what)
{
	struct sarif_place *to = &result->related[result->related_count];

	if (result->related_count == SARIF_RELATED)
		return;
	result->related_count++;
	*to = *place;
	snprintf(to->what, sizeof(to->what), "%s", what);
}

/* ---- the file's parts ---- */

static size_t index_of(struct sarif *sarif, const char *uri)
{
	char **more;

	for (size_t i = 0; i < sarif->file_count; i++)
		if (!strcmp(sarif->files[i], uri))
			return i;
	more = realloc(sarif->files, (sarif->file_count + 1) * sizeof(*more));
	if (more)
		sarif->files = more;
	if (!more || !(more[sarif->file_count] = strdup(uri)))
		exit(usage_error(NULL, "no memory for one more file"));
	return sarif->file_count++;
}

static void put_text(struct json *j, const char *key, const char *text)
{
	json_object(j, key);
	json_text(j, "text", text);
	json_end(j);
}

static void put_artifact(struct json *j, const char *key, const char *uri)
{
	json_object(j, key);
	json_text(j, "uri", uri);
	if (strncmp(uri, "file:", 5))
		json_text(j, "uriBaseId", "%SRCROOT%");
}

/* @id: of a related place; 0: none */
static void put_place(struct sarif *sarif, const struct sarif_place *place, size_t id)
{
	struct json *j = &sarif->json;

	json_object(j, NULL);
	if (id)
		json_number(j, "id", (int64_t)id);
	json_object(j, "physicalLocation");
	put_artifact(j, "artifactLocation", place->uri);
	json_number(j, "index", (int64_t)index_of(sarif, place->uri));
	json_end(j);
	json_object(j, "region");
	json_number(j, "startLine", place->line);
	json_end(j);
	json_end(j);
	if (*place->what)
		put_text(j, "message", place->what);
	json_end(j);
}

static void put_related(struct sarif *sarif, const struct sarif_result *result)
{
	if (!result->related_count)
		return;
	json_array(&sarif->json, "relatedLocations");
	for (size_t i = 0; i < result->related_count; i++)
		put_place(sarif, &result->related[i], i + 1);
	json_end(&sarif->json);
}

static void put_fingerprint(struct json *j, const char *text)
{
	char hash[SHA1_TEXT];

	sha1_text(text, strlen(text), hash);
	json_object(j, "partialFingerprints");
	json_text(j, "pagetortureSignature/v1", hash);
	json_end(j);
}

void sarif_add(struct sarif *sarif, const struct sarif_result *result)
{
	struct json *j = &sarif->json;

	json_object(j, NULL);
	json_text(j, "ruleId", result->rule);
	json_number(j, "ruleIndex", (int64_t)sarif_rule_index(result->rule));
	json_text(j, "level", "error");
	put_text(j, "message", result->message);
	json_array(j, "locations");
	put_place(sarif, &result->place, 0);
	json_end(j);
	put_related(sarif, result);
	put_fingerprint(j, result->fingerprint);
	json_end(j);
}

/* ---- its beginning and end ---- */

static void put_tool(struct json *j)
{
	json_object(j, "tool");
	json_object(j, "driver");
	json_text(j, "name", PACKAGE_NAME);
	json_text(j, "version", PACKAGE_VERSION);
	if (*PACKAGE_URL)
		json_text(j, "informationUri", PACKAGE_URL);
	sarif_rules(j);
	json_end(j);
	json_end(j);
}

struct sarif *sarif_begin(const char *command)
{
	struct sarif *sarif = calloc(1, sizeof(*sarif));
	struct json *j;

	if (sarif)
		sarif->json = json_begin(open_memstream(&sarif->text, &sarif->size));
	if (!sarif || !sarif->json.out) {
		usage_error(command, "no memory for SARIF");
		free(sarif);
		return NULL;
	}
	find_root(sarif->root);
	j = &sarif->json;
	json_object(j, NULL);
	json_text(j, "$schema", "https://json.schemastore.org/sarif-2.1.0.json");
	json_text(j, "version", "2.1.0");
	json_array(j, "runs");
	json_object(j, NULL);
	put_tool(j);
	json_text(j, "columnKind", "unicodeCodePoints");
	json_array(j, "results");
	return sarif;
}

static void put_files(struct sarif *sarif)
{
	json_array(&sarif->json, "artifacts");
	for (size_t i = 0; i < sarif->file_count; i++) {
		json_object(&sarif->json, NULL);
		put_artifact(&sarif->json, "location", sarif->files[i]);
		json_end(&sarif->json);
		json_array(&sarif->json, "roles");
		json_text(&sarif->json, NULL, "resultFile");
		json_end(&sarif->json);
		json_end(&sarif->json);
		free(sarif->files[i]);
	}
	json_end(&sarif->json);
	free(sarif->files);
}

bool sarif_end(struct sarif *sarif, const char *file)
{
	int error;

	json_end(&sarif->json);
	put_files(sarif);
	json_end_line(&sarif->json);
	error = fclose(sarif->json.out) ? ENOMEM : 0;
	if (!error)
		error = output_write(file, sarif->text, sarif->size);
	if (error)
		fprintf(stderr, "%s: expected to write it: %s\n", file, strerror(error));
	free(sarif->text);
	free(sarif);
	return !error;
}
