# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""If there is more to run than jobs, workers take turns: the one that ran least is next, first among
targets, then among engines, then among an engine's roles.
"""
SLICE_MOST = 600
SLICE_LEAST = 10


def plan_slice(options, targets):
    """Return: how many seconds a worker runs at a time; 0: until the end."""
    role_count = sum(group.engine.role_count for target in targets for group in target.groups)
    if role_count <= options.jobs:
        return 0
    if not options.time:
        return SLICE_MOST
    return min(max(options.time * options.jobs / role_count, SLICE_LEAST), SLICE_MOST)


def planned_time(workers, slice_length, now):
    """The seconds that the workers ran, and a slice for each one that runs."""
    return sum(worker.compute_run_time(now) + (slice_length or SLICE_MOST if worker.pid else 0) for worker in workers)


def find_next_worker(targets, slice_length, now):
    """Return: the worker to start, or None if none can be started."""
    startable = {target: {group: workers for group in target.groups
                          if (workers := group.find_startable_workers(now))}
                 for target in targets if not target.pause_reason}
    target = min((target for target, groups in startable.items() if groups), default=None,
                 key=lambda target: planned_time(target.workers(), slice_length, now))
    if not target:
        return None
    group = min(startable[target], key=lambda group: planned_time(group.workers, slice_length, now))
    return min(startable[target][group], key=lambda worker: worker.compute_run_time(now))
