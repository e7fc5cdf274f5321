/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/convert/convert.h"

#include <errno.h>
#include <limits.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "harness/program/program_bytes.h"
#include "harness/program/program_file.h"
#include "harness/program/program_name.h"
#include "harness/program/program_text.h"
#include "harness/util/path.h"
#include "tool/util/file_list.h"
#include "tool/util/output.h"
#include "tool/util/usage.h"

struct rewritten_program {
	bool is_text; /* else bytes */
	size_t size;
	char content[TEXT_REWRITE_MAX > PROGRAM_BYTES_MAX ? TEXT_REWRITE_MAX : PROGRAM_BYTES_MAX];
	char lost_parts[200]; /* what the target notation cannot hold: "2 comments, 1 claim", or "" */
};

struct conversion {
	struct convert_options options;
	bool output_is_directory;
	size_t name_offset;   /* in an input's path, the offset of the name in the output directory */
	void *written_paths;  /* tree of tsearch() */
	size_t written_count; /* of different paths */
	struct file_tally tally;
};

static int compare_path_strings(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* ---- rewriting a program ---- */

static void append_count_of_lost(struct rewritten_program *rewritten, size_t count, const char *what)
{
	char *lost_text = rewritten->lost_parts;
	size_t used = strlen(lost_text);

	if (count)
		snprintf(lost_text + used, sizeof(rewritten->lost_parts) - used, "%s%zu %s%s",
			 used ? ", " : "", count, what, count > 1 ? "s" : "");
}

/* Appends how many comments, `expect` lines and `->` results of @text the target notation cannot hold. */
static void describe_lost_text_parts(struct rewritten_program *rewritten, const char *text, size_t size,
				     const struct program *program)
{
	size_t comments = 0, trailing = 0, expectations = 0, claims = 0;

	for (const char *line = text, *end; line < text + size; line = end + 1) {
		const char *comment;

		end = memchr(line, '\n', (size_t)(text + size - line));
		end = end ? end : text + size;
		comment = memchr(line, '#', (size_t)(end - line));
		while (line < end && (*line == ' ' || *line == '\t'))
			line++;
		comments += comment == line;
		trailing += comment && comment != line;
		expectations += end - line > 6 && comment != line && !memcmp(line, "expect", 6);
	}
	for (size_t i = 0; i < program->count; i++)
		claims += program->calls[i].expected_result != RESULT_NONE;
	if (rewritten->is_text) {
		append_count_of_lost(rewritten, trailing, "trailing comment");
		return;
	}
	append_count_of_lost(rewritten, comments + trailing, "comment");
	append_count_of_lost(rewritten, expectations, "expectation");
	append_count_of_lost(rewritten, claims, "claim");
}

/* Appends how many bytes of a file belong to no call, or else that some bytes have no meaning. */
static void describe_lost_bytes(struct rewritten_program *rewritten, const char *bytes, size_t size,
				const struct program *program)
{
	static uint8_t canonical[PROGRAM_BYTES_MAX];
	size_t canonical_size = program_to_bytes(program, canonical);

	if (size > canonical_size) {
		append_count_of_lost(rewritten, size - canonical_size, "byte");
		strcat(rewritten->lost_parts, " of no call");
	} else if (memcmp(bytes, canonical, canonical_size)) {
		strcpy(rewritten->lost_parts, "bytes that mean nothing");
	}
}

static bool reads_back_as_program(const struct rewritten_program *rewritten, const struct program *program)
{
	static struct program read_back;
	struct text_error error;

	if (!rewritten->is_text)
		program_from_bytes(&read_back, (const uint8_t *)rewritten->content, rewritten->size);
	else if (!program_from_text(&read_back, rewritten->content, rewritten->size, &error))
		return false;
	return program_calls_equal(&read_back, program) &&
	       deviations_equal(&read_back.schedule, &program->schedule);
}

/*
 * Rewrites the content of @file in the target notation, in canonical form, and checks that the rewritten
 * content is the same program.
 */
static bool rewrite_content(const char *file, const char *content, size_t size, enum target_notation target,
			    struct rewritten_program *rewritten, char error[PROGRAM_FILE_ERROR])
{
	static struct program program;
	bool from_text = !program_name_is_bytes(file);
	struct text_error text_error;

	if (!program_file_parse(file, content, size, &program, error))
		return false;
	rewritten->lost_parts[0] = '\0';
	rewritten->is_text = target == NOTATION_OTHER ? !from_text :
			     target == NOTATION_SAME  ? from_text :
							target == NOTATION_TEXT;
	if (!rewritten->is_text)
		rewritten->size = program_to_bytes(&program, (uint8_t *)rewritten->content);
	else if (from_text)
		rewritten->size =
			program_rewrite_as_canonical(content, size, rewritten->content, &text_error);
	else
		rewritten->size = program_to_text(&program, rewritten->content);
	if (from_text)
		describe_lost_text_parts(rewritten, content, size, &program);
	else
		describe_lost_bytes(rewritten, content, size, &program);
	if (reads_back_as_program(rewritten, &program))
		return true;
	snprintf(error, PROGRAM_FILE_ERROR, "%s: expected the same program after rewriting it", file);
	return false;
}

/* ---- writing a file ---- */

static bool has_same_content(const char *path, const struct rewritten_program *rewritten)
{
	char error[PROGRAM_FILE_ERROR];
	size_t size;
	char *content = program_file_read_or_stdin(path, &size, error);
	bool is_same = content && size == rewritten->size && !memcmp(content, rewritten->content, size);

	free(content);
	return is_same;
}

/*
 * Return: whether @path may be written. A file with other content is replaced only with --force, and only if
 * this command has not written the file.
 */
static bool may_write_file(const struct conversion *conversion, const char *path,
			   const struct rewritten_program *rewritten)
{
	return conversion->options.is_in_place || !output_would_replace_file(path) ||
	       has_same_content(path, rewritten) ||
	       (conversion->options.may_replace &&
		!tfind(path, &conversion->written_paths, compare_path_strings));
}

static int write_file_if_permitted(struct conversion *conversion, const char *file, const char *path,
				   const struct rewritten_program *rewritten)
{
	int error; /* an errno value; 0: the file was written */

	if (!may_write_file(conversion, path, rewritten)) {
		fprintf(stderr, "%s: refused: %s is there and holds something else%s\n", file, path,
			conversion->options.may_replace ? "" : " (--force)");
		return EXIT_FAILED;
	}
	error = output_write_or_errno(path, rewritten->content, rewritten->size);
	if (error) {
		fprintf(stderr, "%s: expected to write it: %s\n", path, strerror(error));
		return EXIT_BAD;
	}
	conversion->written_count += !tfind(path, &conversion->written_paths, compare_path_strings);
	tsearch(strdup(path), &conversion->written_paths, compare_path_strings);
	return EXIT_GOOD;
}

static bool name_ends_in(const char *name, const char *suffix)
{
	size_t len = strlen(name), suffix_len = strlen(suffix);

	return len > suffix_len && !strcmp(name + len - suffix_len, suffix);
}

/* Formats the path of an output file: @name in the output directory, with the suffix .page or .bin. */
static bool format_output_path(const struct conversion *conversion, const char *name, bool is_text,
			       char path[PATH_MAX])
{
	size_t len = strlen(name) - (name_ends_in(name, ".page") ? 5 : name_ends_in(name, ".bin") ? 4 : 0);

	return path_format(path, PATH_MAX, "%s/%.*s%s", conversion->options.output_path, (int)len, name,
			   is_text ? ".page" : ".bin");
}

/* @name: the path of the output file, relative to the output directory, but with the suffix of @file. */
static int convert_and_write_file(struct conversion *conversion, const char *file, const char *name)
{
	static struct rewritten_program rewritten;
	char error[PROGRAM_FILE_ERROR], path[PATH_MAX];
	size_t size;
	char *content = program_file_read_or_stdin(file, &size, error);
	bool is_rewritten =
		content &&
		rewrite_content(file, content, size, conversion->options.target_notation, &rewritten, error);

	free(content);
	if (!is_rewritten) {
		fprintf(stderr, "%s\n", error);
		return EXIT_BAD;
	}
	if (*rewritten.lost_parts)
		fprintf(stderr, "%s: %s: %s cannot hold %s\n", file,
			conversion->options.is_strict ? "refused" : "left out",
			rewritten.is_text ? "text" : "bytes", rewritten.lost_parts);
	if (*rewritten.lost_parts && conversion->options.is_strict)
		return EXIT_FAILED;
	if (conversion->options.is_in_place && strcmp(file, "-"))
		return write_file_if_permitted(conversion, file, file, &rewritten);
	if (!conversion->options.output_path)
		return fwrite(rewritten.content, 1, rewritten.size, stdout) == rewritten.size ? EXIT_GOOD :
												EXIT_BAD;
	if (!conversion->output_is_directory)
		return write_file_if_permitted(conversion, file, conversion->options.output_path, &rewritten);
	if (format_output_path(conversion, name, rewritten.is_text, path))
		return write_file_if_permitted(conversion, file, path, &rewritten);
	fprintf(stderr, "%s: expected a shorter name\n", file);
	return EXIT_BAD;
}

/* ---- directories ---- */

static bool is_directory(const char *path)
{
	struct stat status;

	return !stat(path, &status) && S_ISDIR(status.st_mode);
}

static bool make_directory_unless_it_exists(const char *path)
{
	if (!mkdir(path, 0777) || (errno == EEXIST && is_directory(path)))
		return true;
	fprintf(stderr, "%s: expected to make the directory: %s\n", path, strerror(errno));
	return false;
}

/* Makes the subdirectories of the output directory that the path @name needs. */
static bool make_output_directories(const struct conversion *conversion, const char *name)
{
	char path[PATH_MAX];

	for (const char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/')) {
		path_format_or_exit(path, sizeof(path), "%s/%.*s", conversion->options.output_path,
				    (int)(slash - name), name);
		if (!make_directory_unless_it_exists(path))
			return false;
	}
	return true;
}

static void convert_and_tally_file(const char *path, void *ctx)
{
	struct conversion *conversion = ctx;
	const char *name = path + conversion->name_offset;
	bool is_ready = !conversion->output_is_directory || make_output_directories(conversion, name);

	file_tally_count_and_return(&conversion->tally,
				    is_ready ? convert_and_write_file(conversion, path, name) : EXIT_BAD);
}

/* Converts a file, or all programs of a directory. Return: false if the directory cannot be read. */
static bool convert_argument_if_readable(struct conversion *conversion, const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t ignored = 0;
	bool all_directories_readable;

	if (!is_directory(path)) {
		conversion->name_offset = slash ? (size_t)(slash + 1 - path) : 0;
		convert_and_tally_file(path, conversion);
		return true;
	}
	conversion->name_offset = strlen(path) + 1;
	all_directories_readable =
		program_visit_file_or_directory(path, convert_and_tally_file, conversion, &ignored);
	file_list_log_ignored(path, ignored);
	return all_directories_readable;
}

int convert_programs(const struct convert_options *options, int count, char **paths)
{
	struct conversion conversion = { .options = *options };
	const char *output = options->output_path;
	bool has_many = count > 1, all_directories_readable = true;

	for (int i = 0; i < count; i++)
		has_many |= is_directory(paths[i]);
	if (has_many && !output && !options->is_in_place)
		return usage_error("convert", "expected -o DIRECTORY for more than one file");
	conversion.output_is_directory = output && (has_many || is_directory(output));
	if (conversion.output_is_directory && !make_directory_unless_it_exists(output))
		return EXIT_BAD;
	if (options->target_notation == NOTATION_OTHER && output && !conversion.output_is_directory)
		conversion.options.target_notation = name_ends_in(output, ".page") ? NOTATION_TEXT :
						     name_ends_in(output, ".bin")  ? NOTATION_BYTES :
										     NOTATION_OTHER;
	for (int i = 0; i < count; i++)
		all_directories_readable &= convert_argument_if_readable(&conversion, paths[i]);
	if (conversion.output_is_directory)
		printf("%zu programs written to %s\n", conversion.written_count, output);
	file_tally_log_failures(&conversion.tally, "convert");
	return conversion.tally.bad_count || !all_directories_readable ? EXIT_BAD :
	       conversion.tally.failed_count                           ? EXIT_FAILED :
									 EXIT_GOOD;
}
