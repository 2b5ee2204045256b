"""The failures and the cost of the model: in the last run of `vidkit process`, and in the latest jobs."""

from __future__ import annotations

from collections import Counter
from typing import Any

from vidkit.core.config import Config
from vidkit.curate.statistics import cleared_reason, failures_in, model_cost_in
from vidkit.web.jobs.files import failed_rows, folder_of
from vidkit.web.jobs.table import JobTable
from vidkit.workflow.layout import reports_folder

_JOBS = 100  # the latest jobs that are counted
_MOST_FAILURES = 100_000  # rows of jobs that are read


def all_failures(config: Config, table: JobTable | None) -> Counter[tuple[str, str]]:
    """The failures: (stage, reason) -> videos.

    Args:
        config: the settings.
        table: the jobs of the web library; None if it was never used.

    Raises:
        OutputError: a file cannot be read.
    """
    found = failures_in(reports_folder(config.paths))
    seen: set[str] = set()
    for number in _jobs(table):
        for row, _ in failed_rows(folder_of(config.serve.directory, number)):
            url, stage, reason = (str(row.get(key) or "") for key in ("url", "stage", "reason"))
            if url not in seen:  # an older job, in which it failed too
                seen.add(url)
                found[stage or "vidkit", cleared_reason(reason, url, None)] += 1
            if len(seen) >= _MOST_FAILURES:
                return found
    return found


def all_costs(config: Config, table: JobTable | None) -> dict[str, Any]:
    """The cost of the model (`qwen_model.cost.Cost`); {} if it was not used. Arguments as in `all_failures`.

    Raises:
        OutputError: a file cannot be read.
    """
    total = Counter[str]()
    for cost in [model_cost_in(reports_folder(config.paths)), *_jobs(table).values()]:
        total.update({name: number for name, number in (cost or {}).items() if isinstance(number, (int, float))})
    return dict(total)


def _jobs(table: JobTable | None) -> dict[int, dict[str, Any] | None]:
    """The latest jobs, the newest first: their ids, and the cost of the model in each."""
    jobs = table.newest(kinds=["process"], limit=_JOBS) if table is not None else []
    return {job.id: (job.result or {}).get("model") for job in jobs}
