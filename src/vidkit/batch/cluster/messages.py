"""What goes between the driver and the workers of a cluster, beside rows: plain values that can be pickled."""

from __future__ import annotations

import logging
from typing import NamedTuple

from vidkit.batch.tally import Outcome
from vidkit.tagging import RuleSet
from vidkit.workflow.run import RunSpec


class Opening(NamedTuple):
    """What a worker opens its run from. The driver's own files are not there."""

    spec: RunSpec
    rules: RuleSet
    instruction: str
    marker: str | None
    """A file in the results folder that every node must see; None for a store elsewhere."""
    log_level: int


class Answer(NamedTuple):
    """What came of a row, and what was logged meanwhile."""

    outcome: Outcome
    logged: list[logging.LogRecord]


class Sign(NamedTuple):
    """A worker's latest sign of progress with a row.

    `task` is the number of the row's try. `patience`: for so many seconds it may well give no other sign.
    """

    task: int
    stage: str
    done: int
    total: int | None
    patience: float
