/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Properties of the page library that page.h does not define. The page library is the library of
 * this tree or an external library (--with-page-library).
 */
#ifndef HARNESS_LIBRARY_H
#define HARNESS_LIBRARY_H

#include <stdbool.h>

/*
 * Returns whether the library makes each access of the rule model as one range access, or as one
 * atomic access for each byte. Then the detector's state follows from the program. page.h does not
 * require this: an external library may copy in parts, or from the end, and its programs have the
 * same races.
 */
bool library_has_known_access_pattern(void);

/* Return: text about a system call that the library needs and the system refuses; NULL: none. */
const char *library_describe_missing_requirement(void);

#endif
