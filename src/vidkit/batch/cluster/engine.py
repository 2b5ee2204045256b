"""The engine `ray`: rows run in the slots of a Ray cluster.

The driver counts the tries of a row. A row fails after three workers died with it. The loss of a node is seldom the
row's fault, so a row fails only after nine lost nodes. A late answer, after the driver has given up, is ignored.
"""

from __future__ import annotations

import logging
import pickle
import queue
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from vidkit.batch.cluster.connection import connect
from vidkit.batch.cluster.messages import Answer, Opening, Sign
from vidkit.batch.cluster.models import Models
from vidkit.batch.cluster.slots import Slot, Slots, Task, sent, state_text, why_died
from vidkit.batch.cluster.state import open_state
from vidkit.batch.engines import Job, unforeseen
from vidkit.batch.tally import Outcome
from vidkit.core import printable
from vidkit.core.config import with_absolute_paths
from vidkit.core.leftovers import TEMPORARY
from vidkit.errors import EngineError, VidkitError
from vidkit.messages import message
from vidkit.qwen_model.cost import Meter
from vidkit.rows import Row

log = logging.getLogger(__name__)

TRIES = 3  # workers that may die with a row
NODES = 9  # nodes that may be lost with a row
QUIET = 900.0  # seconds without a sign of progress, in addition to the time that ffmpeg or the model may take
_POLL = 0.25  # seconds between two checks of the cluster and the run
_NODES_EVERY = 1.0  # seconds between two checks of the nodes
JUDGED_AFTER = 3.0  # seconds to wait after a worker's death: a lost node is known by then
_SECONDS_TO_SETTLE = 10.0
_QUICK = 1.0  # seconds: if rows take less, a next row waits here for each slot
_SAVED_EVERY, _SAVED_AT_ONCE = 1.0, 100  # seconds between notes, and rows that are noted together


class RayWorkers:
    """Rows in progress in a cluster. One thread owns their state; the other threads ask it."""

    def __init__(self, job: Job) -> None:
        """Connect, and start to open all slots of the cluster.

        Raises:
            EngineError: the cluster cannot be used.
            ToolMissingError: Ray is not installed.
        """
        self._job = job
        self._run = job.run
        self._cluster = connect(job.run.config.engine)
        self._events: queue.SimpleQueue[tuple[int, int, Any] | None] = queue.SimpleQueue()
        self._changed = threading.Condition()
        self._new: deque[Task] = deque()  # given by `start`
        self._again: deque[Task] = deque()  # to be started again
        self._dead: list[tuple[float, Slot, Task, str]] = []  # dead workers: was it the node?
        self._outcomes: list[Outcome] = []
        self._logged: list[logging.LogRecord] = []  # by workers
        self._given = self._done = self._saved = 0  # rows
        self._room_for = 0  # rows
        self._is_quick = False
        self._saved_at = time.monotonic()
        self._failure: VidkitError | None = None
        self._number = 0
        self._draining = self._finishing = self._closing = self._stopped = False
        self._shown, self._changed_at = "", time.monotonic()
        self._marker: Path | None = None
        self._thread: threading.Thread | None = None
        try:
            self._begin()
        except BaseException:
            self.close()
            raise

    def start(self, row: Row) -> None:
        task = Task(row, sent(row), self._job.known(row))  # here, while the slots are busy
        with self._changed:
            self._given += 1
            self._draining = False
            self._new.append(task)
        if self._slots.has_free:  # else a worker's answer wakes the thread
            self._events.put(None)

    def room(self, timeout: float) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: self._failure or self._given - self._done < self._room_for, timeout)
            self._raise_failure()
            return self._given - self._done < self._room_for

    def wait(self, timeout: float) -> int:
        self._draining = True
        with self._changed:
            self._changed.wait_for(lambda: self._failure or self._given == self._saved, timeout)
            self._raise_failure()
            return self._given - self._done or self._given - self._saved

    def finish(self) -> None:
        self._finishing = True
        self._leave_new()

    def close(self) -> None:
        self._closing = True
        self._events.put(None)
        if self._thread is not None:
            self._thread.join(10)
        if self._marker is not None:
            with suppress(OSError):
                self._marker.unlink()
        self._cluster.close()

    def _begin(self) -> None:
        run = self._run
        spec = replace(run.spec, config=with_absolute_paths(run.config))
        self._state = open_state(self._cluster, spec)
        opening = Opening(spec, run.rules, run.instruction, self._write_marker(), logging.getLogger("vidkit").level)
        events, settings = self._events, run.config.engine
        tell: Callable[[int, int, Any], None] = lambda *event: events.put(event)  # noqa: E731
        self._slots = Slots(self._cluster, settings, self._state, pickle.dumps(opening), tell)
        self._models = Models(self._cluster, spec.config, run.describer, self._state)
        self._pending_signs: Any = None
        self._thread = threading.Thread(target=self._work, name="cluster", daemon=True)
        self._thread.start()

    def _write_marker(self) -> str | None:
        """Write a file into the results folder for all workers to see. After a kill, the next run removes it."""
        folder = self._run.layout.store.folder
        if folder is None:
            return None
        number, name = tempfile.mkstemp(prefix=TEMPORARY, suffix="-nodes", dir=folder)
        with open(number, "wb") as file:
            file.write(b"All nodes of the cluster see this file.\n")
        self._marker = Path(name)
        self._marker.chmod(0o644)
        return self._marker.name

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure

    # The methods below run in the engine's thread.

    def _work(self) -> None:
        try:
            checked_at = signs_at = 0.0
            while not self._closing:
                self._handle_events(_POLL)
                if time.monotonic() - checked_at >= _NODES_EVERY:
                    self._check_nodes()
                    checked_at = time.monotonic()
                if time.monotonic() - signs_at >= _POLL:
                    self._handle_signs()
                    self._control()
                    signs_at = time.monotonic()
                self._hand_out()
                self._save()
        except VidkitError as error:
            self._fail(error)
        except Exception as error:  # Ray raises exceptions of all kinds, also if the head is gone
            log.info("the engine failed", exc_info=True)
            why = message("the Ray cluster fails: {error}", error=printable(error)[:300])
            if isinstance(error, self._cluster.ray.exceptions.RayActorError):  # of the state, not of a worker
                why = message(
                    "what the workers share was killed, perhaps for lack of memory: "
                    "run the same command again to continue"
                )
            self._fail(self._lost_head() or EngineError(why))

    def _fail(self, error: VidkitError) -> None:
        """Note finished videos, then wake all waiting threads with the error."""
        try:
            self._save(at_once=True)
        except VidkitError as failure:
            error = failure
        with self._changed:
            self._failure = error
            self._changed.notify_all()

    def _lost_head(self) -> VidkitError | None:
        for _ in range(5):
            try:
                self._cluster.check()
            except EngineError as error:
                return error
            time.sleep(0.5)
        return None

    def _handle_events(self, timeout: float) -> None:
        """Handle the events since the last call: answers of workers, new rows."""
        with suppress(queue.Empty):
            event = self._events.get(timeout=timeout)
            while True:
                if event is not None:
                    self._handle_answer(*event)
                event = self._events.get_nowait()

    def _handle_answer(self, number: int, about: int, future: Any) -> None:
        slot = self._slots.by_number.get(number)
        if slot is None or (about and (slot.task is None or slot.task.number != about)):
            return  # it was given up: ignore a late answer
        error, ray = future.exception(), self._cluster.ray
        task = slot.task
        if error is None and not about:
            self._slots.opened(number, future.result())
        elif error is None and task is not None:
            answer: Answer = pickle.loads(future.result())
            self._logged += answer.logged  # written after the slot has its next row
            self._finish_task(slot, answer.outcome)
        elif task is not None and isinstance(error, ray.exceptions.RayTaskError):
            reason = unforeseen(task.row, getattr(error, "cause", error))
            self._finish_task(slot, Outcome(task.row, stage=task.stage, reason=reason))
        else:
            self._handle_death(slot, str(error))

    def _finish_task(self, slot: Slot, outcome: Outcome) -> None:
        task = self._slots.freed(slot)
        self._is_quick = time.monotonic() - slot.began < _QUICK
        self._end(replace(outcome, row=task.row))

    def _handle_death(self, slot: Slot, cause: str) -> None:
        log.info("a worker died: %s", cause)
        self._slots.died(slot, cause)
        self._state.release_turns.remote(slot.number)
        if slot.task is not None:
            self._dead.append((time.monotonic(), slot, slot.task, cause))

    def _check_nodes(self) -> None:
        """Check the nodes, and decide why dead workers died: by a lost node or by their row."""
        self._cluster.check()
        if not self._cluster.head_answers:
            return
        self._models.refresh()
        for slot in self._slots.refresh():
            self._state.release_turns.remote(slot.number)
            if slot.task is not None:
                self._retry_after_lost_node(slot.task)
        dead, self._dead = self._dead, []
        for since, slot, task, cause in dead:
            if not self._slots.is_alive(slot.node) or "node has died" in cause:
                self._retry_after_lost_node(task)
            elif time.monotonic() - since >= JUDGED_AFTER:
                self._retry_after_death(task, cause)
            else:
                self._dead.append((since, slot, task, cause))
        self._report_state()

    def _retry_after_lost_node(self, task: Task) -> None:
        task.lost += 1
        if task.lost >= NODES:
            lost = message("{count} nodes of the cluster were lost while they worked on it", count=NODES)
            self._give_up(task, lost)
        else:
            self._again.append(task)

    def _retry_after_death(self, task: Task, cause: str) -> None:
        task.killed += 1
        reason = why_died(cause)
        log.warning("a worker died with %s: %s", printable(task.row.url), reason)
        if task.killed >= TRIES:
            killed = message("its worker was killed {tries} times: {reason}", tries=TRIES, reason=reason)
            self._give_up(task, killed)
        else:
            self._again.append(task)

    def _give_up(self, task: Task, reason: str) -> None:
        self._end(Outcome(task.row, stage=task.stage, reason=reason))

    def _end(self, outcome: Outcome) -> None:
        self._outcomes.append(outcome)
        with self._changed:
            self._done += 1
            self._changed.notify_all()

    def _handle_signs(self, wait: bool = False) -> None:
        """Handle the workers' signs, request the next ones, and kill workers without a sign for too long."""
        meter = self._run.shared.meter
        if self._pending_signs is None:
            self._pending_signs = self._state.take_signs.remote().future()
        elif wait or self._pending_signs.done():
            signs, cost = self._pending_signs.result()
            self._pending_signs = None
            if isinstance(meter, Meter):
                meter.set(cost)
            for number, sign in signs.items():
                self._handle_sign(number, sign)
        now = time.monotonic()
        for slot in list(self._slots.by_number.values()):
            if slot.task is not None and now > slot.deadline:
                self._slots.kill(slot)
                self._slots.died(slot, "")
                reason = message("it gave no sign of progress for {quiet:.0f} seconds", quiet=QUIET)
                self._retry_after_death(slot.task, reason)

    def _handle_sign(self, number: int, sign: Sign) -> None:
        slot = self._slots.by_number.get(number)
        if slot is None or slot.task is None or slot.task.number != sign.task:
            return
        slot.deadline = time.monotonic() + QUIET + sign.patience
        if sign.stage:
            slot.task.stage = sign.stage
            self._job.reporter.stage(slot.task.row.url, sign.stage, sign.done, sign.total)

    def _control(self) -> None:
        """Stop the rows in progress if the run was stopped. Leave rows that would have to wait to the next run."""
        if self._run.stop.is_set() and not self._stopped:
            self._stopped = True
            self._slots.stop()
        if self._stopped or (self._finishing and not self._slots.ready):
            self._leave([task.row for task in self._again] + [task.row for _, _, task, _ in self._dead])
            self._again.clear()
            self._dead.clear()
            self._leave_new()

    def _leave_new(self) -> None:
        with self._changed:
            left = [task.row for task in self._new]
            self._new.clear()
        self._leave(left)

    def _leave(self, rows: list[Row]) -> None:
        for row in rows:
            self._job.leave(row)
        with self._changed:
            self._done += len(rows)
            self._saved += len(rows)
            self._changed.notify_all()

    def _hand_out(self) -> None:
        while self._slots.has_free and (task := self._next()):
            slot = self._slots.free()
            self._number += 1
            task.number = self._number
            slot.began = time.monotonic()
            slot.deadline = slot.began + QUIET
            self._slots.work(slot, task)
        room = self._slots.ready * (2 if self._is_quick else 1)
        if self._room_for != room:
            with self._changed:
                self._room_for = room
                self._changed.notify_all()

    def _next(self) -> Task | None:
        """The row to start next."""
        if self._again:
            again = self._again.popleft()
            again.known = self._job.known(again.row)  # an earlier try may have changed the name
            return again
        with self._changed:  # `finish` may empty it
            task = self._new.popleft() if self._new else None
        if task is not None:
            self._job.began(task.row)
        return task

    def _save(self, at_once: bool = False) -> None:
        """Note finished videos: many together, and after a second at the latest."""
        for record in self._logged:
            logging.getLogger(record.name).handle(record)
        self._logged.clear()
        outcomes, now = self._outcomes, time.monotonic()
        last = self._draining and self._done == self._given
        if not outcomes:
            self._saved_at = now
        elif at_once or last or len(outcomes) >= _SAVED_AT_ONCE or now - self._saved_at >= _SAVED_EVERY:
            self._outcomes, self._saved_at = [], now
            if last and not at_once:
                self._pending_signs = self._state.take_signs.remote().future()  # for the final cost of the model
                self._handle_signs(wait=True)
            self._job.done(outcomes)
            with self._changed:
                self._saved += len(outcomes)
                self._changed.notify_all()

    def _report_state(self) -> None:
        """Report the number of nodes and slots when it has changed and settled, and a worker is ready.

        Raises:
            EngineError: there are nodes, and none can be used.
        """
        slots, address, now = self._slots, self._cluster.address, time.monotonic()
        why = "; ".join(slots.refused())
        if why and not slots.by_number:
            raise EngineError(
                "no node of the Ray cluster at {address} can be used. {why}", address=address, why=why
            )
        shown = state_text(slots, address, self._models.description)
        if shown == self._shown:
            self._changed_at = now
        elif slots.ready == len(slots.by_number) or (slots.ready and now - self._changed_at > _SECONDS_TO_SETTLE):
            self._shown, self._changed_at = shown, now
            self._job.reporter.engine(shown)
