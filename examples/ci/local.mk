# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Pipelines for CI services, which users copy. tests/test_ci.sh checks that their commands exist.

EXTRA_DIST += %D%/github.yml %D%/gitlab.yml
