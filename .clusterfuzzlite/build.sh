#!/bin/bash -eux
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# ClusterFuzzLite looks here; the way to build is kept with the targets.
exec bash -eux "$SRC/pagetorture/fuzz/oss-fuzz/build.sh"
