"""The slots of a cluster: one actor for each video that its nodes can work on at once."""

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

_TRIES_TO_OPEN = 3  # workers of a node that die before they are ready, one after the other
_CONTROL = "control"  # the concurrency group of calls that do not wait for the row under way


@dataclass
class Task:
    """A row that is worked on, and how often that failed through no words of its own.

    `known` is what its worker is told of its URL. `number` is that of its current try. `killed` counts the workers
    that died with it, `lost` the nodes.
    """

    row: Row
    sent: Row
    known: Known
    number: int = 0
    killed: int = 0
    lost: int = 0
    stage: str = "download"  # until a worker tells another


def sent(row: Row) -> Row:
    """A row as it means the same in another folder."""
    path = local_path(row.url)
    return row if path is None else row._replace(url=str(path.absolute()))


@dataclass
class Slot:
    """One actor, and the row that it works on."""

    number: int
    node: str
    actor: Any
    ready: bool = False
    task: Task | None = None
    began: float = 0.0
    deadline: float = 0.0


@dataclass
class _NodeState:
    """What is known of a node: `failed` workers in a row that never became ready; why it is not used, if so."""

    node: Node
    failed: int = 0
    refused: str | None = None
    slots: dict[int, Slot] = field(default_factory=dict)


class Slots:
    """The slots of all nodes. One thread uses it.

    Args:
        cluster: where they are.
        settings: how much of a node each takes.
        state: the handle of the state actor.
        opening: the pickled `Opening`.
        told: called, in a thread of Ray's, once a worker has answered: (slot, what it was about, future). A worker
            that opens is about 0, a row about the number of its try.
    """

    def __init__(
        self,
        cluster: Cluster,
        settings: Engine,
        state: Any,
        opening: bytes,
        told: Callable[[int, int, Any], None],
    ) -> None:
        self._cluster = cluster
        self._settings = settings
        self._state = state
        self._opening = opening
        self._told = told
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
        """How many slots are ready to work, or at work."""
        return sum(slot.ready for slot in self.by_number.values())

    @property
    def has_free(self) -> bool:
        """Whether a slot is ready and has no row. Any thread may ask."""
        return bool(self._free)

    def free(self) -> Slot:
        """A slot that is ready and has no row, where one is; it is given one."""
        return self.by_number[self._free.popleft()]

    def freed(self, slot: Slot) -> Task:
        """The row that a slot is done with."""
        task, slot.task = slot.task, None
        if task is None:
            raise ValueError(message("slot {number} had no row", number=slot.number))
        self._free.append(slot.number)
        return task

    def is_alive(self, node: str) -> bool:
        """Whether a node was there when the nodes were looked at last."""
        return node in self._nodes

    def refused(self) -> list[str]:
        """Why nodes that are there are not used."""
        return [f"{each.node.address}: {each.refused}" for each in self._nodes.values() if each.refused]

    def refresh(self) -> list[Slot]:
        """Use nodes that joined, forget those that are gone; the slots of the latter."""
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
        """A worker has opened its run, or says why it cannot: then its node is not used."""
        slot = self.by_number[number]
        if reason is None:
            slot.ready = True
            self._free.append(number)
            self._nodes[slot.node].failed = 0
        else:
            self._refuse(slot.node, reason)

    def died(self, slot: Slot, cause: str) -> None:
        """A slot's worker is dead: another one comes in its place when the nodes are looked at again."""
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
        """Begin with a row."""
        slot.task = task
        # As bytes: what Ray pickles itself takes it more than twice as long.
        answer = slot.actor.process.remote(pickle.dumps((task.number, task.sent, task.known)))
        self._listen(answer, slot.number, task.number)

    def kill(self, slot: Slot) -> None:
        """End a slot's worker, with all that it has started."""
        self._cluster.ray.kill(slot.actor, no_restart=True)

    def stop(self) -> None:
        """Stop the rows under way: they fail, and their temporary files go."""
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
        answer.future().add_done_callback(lambda future: self._told(slot, about, future))


def why_died(cause: str) -> str:
    """Why a worker died, in words."""
    if re.search("running low on memory|memory pressure", cause):  # Ray ended it, by the watch that it keeps
        return message("its node was running out of memory")
    if cause.startswith("it gave"):
        return cause
    return message("its process ended, perhaps for want of memory")


def state_of(slots: Slots, address: str, models: str) -> str:
    """What the screen says of a cluster: its nodes and slots that are ready, and where its models are."""
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
