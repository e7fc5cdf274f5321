/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Properties of the page library that page.h does not define: of the library of this tree, or of an
 * external library (--with-page-library).
 */
#ifndef HARNESS_LIBRARY_H
#define HARNESS_LIBRARY_H

#include <stdbool.h>

/*
 * Returns whether each access of the model reaches the detector as one range, or as one atomic
 * access for each byte. Then the detector's state follows from the program. page.h does not require
 * it: another library may copy in parts, or from the end, and still has the same races.
 */
bool library_has_known_access_pattern(void);

/*
 * Return: one sentence about what the library needs and the system does not provide; NULL:
 * nothing.
 */
const char *library_describe_missing_requirement(void);

#endif
