/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What is known of the page library beyond page.h. Each answer has a file of its own, which
 * the build chooses: library_ours.c, or library_external.c with --with-page-library.
 */
#ifndef HARNESS_LIBRARY_H
#define HARNESS_LIBRARY_H

#include <stdbool.h>

/*
 * Does each access of the model reach the detector as one range, or as one atomic for each
 * byte, and nothing else does? Then what the detector keeps follows from the program. page.h
 * asks it of nobody: another library may copy in parts, from the end, or read before it
 * writes, and has the same races all the same.
 */
bool library_access_pattern_known(void);

/* What the library needs of the system and does not get here, as one sentence; NULL: nothing. */
const char *library_missing_requirement(void);

#endif
