#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Copy the objects of a build directory that are the same in another one, so that make need not compile them.
#
#   copy_objects.sh FROM TO SOURCE [DIRECTORY]...
#
# FROM and TO are build directories of the same sources, with the same compiler. SOURCE is the source
# directory of TO. The script does not copy an object if
# 1. its source is in one of the DIRECTORYs: these objects differ;
# 2. it depends on config.h, so on the arguments of configure;
# 3. the object in TO is newer.
# Objects keep their times, and TO gets the lists of included files. So make compiles an object again when a
# source or an included file is newer than the object, or is missing in SOURCE.
set -eu

from=${1:?expected a build directory}
to=$(cd "${2:?expected another build directory}" && pwd)
# With an absolute path, the second run of this script changes nothing.
after=$(cd "${3:?expected the source directory of the other build directory}" && pwd)
shift 3
cd "$from"

# list_same_objects DIRECTORY...: print the list of included files, obj/PATH.d, of each object that may be copied.
list_same_objects() {
	find obj -name '*.d' | grep -vE "^obj/[a-z-]*/($(echo "${*:-none}" | tr ' ' '|'))/" | tr '\n' '\0' |
		xargs -0r grep -LwF config.h | while read -r list; do
		[ ! -e "${list%d}o" ] || echo "$list"
	done
}

# The file names of FROM begin with this directory.
before=$(sed -n 's/^srcdir = //p' Makefile | sed 's/[.]/\\./g')
mkdir -p "$to/obj"
copied=$to/obj/copied
list_same_objects "$@" >"$copied"
sed 's/d$/o/' "$copied" | cat - "$copied" | xargs -r cp -pu --parents -t "$to"
cd "$to"
xargs -r sed -i "s|^$before/|$after/|; s| $before/| $after/|g" <"$copied"
