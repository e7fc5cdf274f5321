/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/detect/valgrind.h"
#include "tool/util/flavours.h"
#include "dev/race/race.h"

#define BIT(name) (1u << RACE_##name)

const struct race_detector_info race_detectors[RACE_DETECTORS] = {
#define DETECTOR(id, name, binary, valgrind, fibers, share, what) \
	{ name, binary, valgrind, fibers, share, what },
#include "dev/race/race.def"
#undef DETECTOR
};

const struct race_limitation_info race_limitations[RACE_LIMITATIONS] = {
#define LIMITATION(name, detectors, effect, condition, text) { #name, text, effect, detectors },
#include "dev/race/race.def"
#undef LIMITATION
};

/* One function a limitation: is the cell within it? */
#define LIMITATION(name, detectors, effect, condition, text)                              \
	static bool is_##name(const struct matrix_cell *c, const struct matrix_kind_info *a, \
			      const struct matrix_kind_info *b)                       \
	{                                                                             \
		(void)c;                                                              \
		(void)a;                                                              \
		(void)b;                                                              \
		return condition;                                                     \
	}
#include "dev/race/race.def"
#undef LIMITATION

static bool (*const is_within[RACE_LIMITATIONS])(const struct matrix_cell *c,
					    const struct matrix_kind_info *a,
					    const struct matrix_kind_info *b) = {
#define LIMITATION(name, ...) is_##name,
#include "dev/race/race.def"
#undef LIMITATION
};

enum race_limitation race_limitation_of(enum race_detector detector,
					const struct matrix_cell *cell)
{
	const struct matrix_kind_info *a = &matrix_kinds[cell->kind[0]];
	const struct matrix_kind_info *b = &matrix_kinds[cell->kind[1]];
	bool races = matrix_races(cell);

	for (unsigned int i = 0; i < RACE_LIMITATIONS; i++)
		if (race_limitations[i].detectors & 1u << detector &&
		    races == (race_limitations[i].effect != ALARMS) && is_within[i](cell, a, b))
			return i;
	return RACE_NO_LIMITATION;
}

enum race_detector race_detector_find(const char *name)
{
	enum race_detector i = 0;

	while (i < RACE_DETECTORS && strcmp(name, race_detectors[i].name))
		i++;
	return i;
}

const char *race_detector_missing(enum race_detector detector, char *path, size_t size)
{
	const struct race_detector_info *info = &race_detectors[detector];

	if (!binary_find(info->binary, path, size))
		return strchr(info->binary, '/') ?
			       "no gcc's build of it (`make gcc-detectors` makes one)" :
			       "this build has no such flavour";
	if (info->valgrind && !valgrind_supported())
		return "built without Valgrind's headers";
	if (info->valgrind && system("command -v valgrind >/dev/null"))
		return "no valgrind";
	return NULL;
}
