"""The slots of a cluster: one actor for each video that its nodes can process at once."""

from __future__ import annotations

import logging
import pickle
import re
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from vidkit._version import __version__
from vidkit.batch.cluster.connection import Cluster, Node
from vidkit.batch.cluster.worker import Worker
from vidkit.core import printable
from vidkit.core.config import Engine
from vidkit.core.units import format_count
from vidkit.download import local_path
from vidkit.messages import message
from vidkit.rows import Row
from vidkit.workflow.shared import Known

log = logging.getLogger(__name__)

_TRIES_TO_OPEN = 3  # workers of a node in a row that die before they are ready
_CONTROL = "control"  # the concurrency group of calls that do not wait for the row in progress


@dataclass
class Task:
    """A row to process, and how often its worker or node was lost.

    `known` is what its worker gets about its URL. `number` is the number of its current try. `killed` counts the
    workers that died with it, `lost` the nodes.
    """

    row: Row
    sent: Row
    known: Known
    number: int = 0
    killed: int = 0
    lost: int = 0
    stage: str = "download"  # until a worker reports another one


def sent(row: Row) -> Row:
    """The row with an absolute path, so that it is valid in another working folder."""
    path = local_path(row.url)
    return row if path is None else row._replace(url=str(path.absolute()))


@dataclass
class Slot:
    """One actor, and the row that it processes."""

    number: int
    node: str
    actor: Any
    ready: bool = False
    task: Task | None = None
    began: float = 0.0
    deadline: float = 0.0


@dataclass
class _NodeState:
    """A node: how many of its workers in a row `failed` to start; why it is not used (`refused`)."""

    node: Node
    failed: int = 0
    refused: str | None = None
    slots: dict[int, Slot] = field(default_factory=dict)


class Slots:
    """The slots of all nodes. One thread uses it.

    Args:
        cluster: where the slots are.
        settings: the resources of each slot.
        state: the handle of the state actor.
        opening: the pickled `Opening`.
        answered: called in a thread of Ray when a worker has answered: (slot, about, future). `about` is 0 for the
            opening of a worker, and the number of the try for a row.
    """

    def __init__(
        self,
        cluster: Cluster,
        settings: Engine,
        state: Any,
        opening: bytes,
        answered: Callable[[int, int, Any], None],
    ) -> None:
        self._cluster = cluster
        self._settings = settings
        self._state = state
        self._opening = opening
        self._answered = answered
        self._nodes: dict[str, _NodeState] = {}
        self._last = 0
        self._free: deque[int] = deque()
        self._actor = cluster.ray.remote(concurrency_groups={_CONTROL: 1})(Worker)
        self.by_number: dict[int, Slot] = {}

    @property
    def nodes(self) -> int:
        """How many nodes are used."""
        return sum(bool(each.slots) for each in self._nodes.values())

    @property
    def ready(self) -> int:
        """How many slots are ready or busy."""
        return sum(slot.ready for slot in self.by_number.values())

    @property
    def has_free(self) -> bool:
        """Whether a slot is ready and has no row. Any thread may call it."""
        return bool(self._free)

    def free(self) -> Slot:
        """Take a slot that is ready and has no row; call it only with `has_free`."""
        return self.by_number[self._free.popleft()]

    def freed(self, slot: Slot) -> Task:
        """Free a slot. Returns the row that it has processed."""
        task, slot.task = slot.task, None
        if task is None:
            raise ValueError(message("slot {number} had no row", number=slot.number))
        self._free.append(slot.number)
        return task

    def is_alive(self, node: str) -> bool:
        """Whether a node was alive at the last check."""
        return node in self._nodes

    def refused(self) -> list[str]:
        """Why nodes that are alive are not used."""
        return [f"{each.node.address}: {each.refused}" for each in self._nodes.values() if each.refused]

    def refresh(self) -> list[Slot]:
        """Use new nodes, forget lost ones. Returns the slots of the lost nodes."""
        nodes = self._cluster.nodes()
        gone = []
        for key in [key for key in self._nodes if key not in nodes]:
            gone += list(self._nodes.pop(key).slots.values())
        for slot in gone:
            self._forget(slot.number)
        for key, node in nodes.items():
            known = self._nodes.setdefault(key, _NodeState(node))
            while known.refused is None and len(known.slots) < self._room(node):
                self._open(key, known)
        return gone

    def opened(self, number: int, reason: str | None) -> None:
        """Note that a worker has opened its run, or why it cannot: then its node is not used."""
        slot = self.by_number[number]
        if reason is None:
            slot.ready = True
            self._free.append(number)
            self._nodes[slot.node].failed = 0
        else:
            self._refuse(slot.node, reason)

    def died(self, slot: Slot, cause: str) -> None:
        """Note that a slot's worker is dead. The next check of the nodes starts another one."""
        self._forget(slot.number)
        known = self._nodes.get(slot.node)
        if known is None:
            return
        known.slots.pop(slot.number, None)
        if slot.ready:
            return
        known.failed += 1
        if "No module named 'vidkit" in cause:
            self._refuse(
                slot.node, message("it has no vidkit, or another than the driver's {version}", version=__version__)
            )
        elif known.failed == _TRIES_TO_OPEN:
            last = printable(cause.strip().rpartition("\n")[2])[:300]
            self._refuse(
                slot.node,
                message(
                    "{count} workers died there before they began: {last}",
                    count=_TRIES_TO_OPEN,
                    last=last,
                ),
            )

    def work(self, slot: Slot, task: Task) -> None:
        """Start a row in a slot."""
        slot.task = task
        # As bytes: Ray's own pickling takes more than twice as long.
        answer = slot.actor.process.remote(pickle.dumps((task.number, task.sent, task.known)))
        self._listen(answer, slot.number, task.number)

    def kill(self, slot: Slot) -> None:
        """Kill a slot's worker and its child processes."""
        self._cluster.ray.kill(slot.actor, no_restart=True)

    def stop(self) -> None:
        """Stop the rows in progress: they fail, and their temporary files are removed."""
        for slot in self.by_number.values():
            if slot.task is not None:
                slot.actor.stop.options(concurrency_group=_CONTROL).remote()

    def _room(self, node: Node) -> int:
        """How many slots a node has."""
        by_cpus = int(node.cpus / self._settings.slot_cpus + 1e-9)
        memory = self._settings.slot_memory
        return min(by_cpus, int(node.memory / memory)) if memory else by_cpus

    def _open(self, key: str, known: _NodeState) -> None:
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        self._last += 1
        memory = {"memory": self._settings.slot_memory} if self._settings.slot_memory else {}
        actor = self._actor.options(
            num_cpus=self._settings.slot_cpus,
            scheduling_strategy=NodeAffinitySchedulingStrategy(key, soft=False),
            max_restarts=0,
            max_task_retries=0,
            **memory,
        ).remote()
        slot = known.slots[self._last] = self.by_number[self._last] = Slot(self._last, key, actor)
        self._listen(actor.open.remote(__version__, slot.number, self._state, self._opening), slot.number, 0)

    def _refuse(self, key: str, reason: str) -> None:
        known = self._nodes[key]
        if known.refused is None:
            known.refused = reason
            log.warning("the node %s of the cluster is not used: %s", printable(known.node.address), reason)
        for number, slot in list(known.slots.items()):
            if slot.task is None:
                del known.slots[number]
                self._forget(number)
                self.kill(slot)

    def _forget(self, number: int) -> None:
        self.by_number.pop(number, None)
        with suppress(ValueError):
            self._free.remove(number)

    def _listen(self, answer: Any, slot: int, about: int) -> None:
        answer.future().add_done_callback(lambda future: self._answered(slot, about, future))


def why_died(cause: str) -> str:
    """Why a worker died, as text for the user."""
    if re.search("running low on memory|memory pressure", cause):  # Ray's memory monitor killed it
        return message("its node was running out of memory")
    if cause.startswith("it gave"):
        return cause
    return message("its process ended, perhaps for lack of memory")


def state_text(slots: Slots, address: str, models: str) -> str:
    """The text about a cluster on the screen: how many nodes and ready slots it has, and where its models are."""
    if not slots.by_number:
        return message(
            "ray: no node to work on at {address}: waiting for one, Ctrl-C ends the run", address=address
        )
    return message(
        "ray: {nodes}, {slots} at {address}{models}",
        nodes=format_count(slots.nodes, "node"),
        slots=format_count(slots.ready, "slot"),
        address=address,
        models=models,
    )
