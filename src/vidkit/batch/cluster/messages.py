"""Messages between the driver and the workers of a cluster, besides rows: plain values that can be pickled."""

from __future__ import annotations

import logging
from typing import NamedTuple

from vidkit.batch.tally import Outcome
from vidkit.tagging import RuleSet
from vidkit.workflow.run import RunSpec


class Opening(NamedTuple):
    """What a worker needs to open its run. It does not have the driver's local files."""

    spec: RunSpec
    rules: RuleSet
    instruction: str
    marker: str | None
    """A file in the results folder that every node must see; None for a bucket."""
    log_level: int


class Answer(NamedTuple):
    """The outcome of a row, and what was logged meanwhile."""

    outcome: Outcome
    logged: list[logging.LogRecord]


class Sign(NamedTuple):
    """A worker's latest sign of progress with a row.

    `task` is the number of the row's try. `patience` is for how many seconds no other sign may come.
    """

    task: int
    stage: str
    done: int
    total: int | None
    patience: float
