# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Copied by users, run by CI services; tests/test_ci.sh holds them against the tree.

EXTRA_DIST += %D%/github.yml %D%/gitlab.yml
