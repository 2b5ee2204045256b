"""What the workers of a cluster share: an actor on the driver's machine, and its client in a worker (`Shared`)."""

from __future__ import annotations

import pickle
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from typing import Any

from vidkit._version import __version__
from vidkit.batch.cluster.connection import Cluster
from vidkit.batch.cluster.messages import Sign
from vidkit.core import printable
from vidkit.errors import EngineError, VidkitError
from vidkit.library import LibraryEntry, open_library
from vidkit.library.protocol import PicturesOf
from vidkit.messages import message
from vidkit.qwen_model.cache import AnswerCache, Answers
from vidkit.qwen_model.cost import Cost, Meter, RequestMeter
from vidkit.qwen_model.question import Reply
from vidkit.workflow.journal import Journal
from vidkit.workflow.layout import OutputLayout
from vidkit.workflow.run import RunSpec
from vidkit.workflow.shared import Known

_LONGEST_POLL = 1.0  # seconds between two checks whether another worker has an answer


class State:
    """The actor. It runs on the driver's machine, with the same journal, library and cache of answers."""

    def __init__(self) -> None:
        self._signs: dict[int, Sign] = {}
        self._turns: dict[str, str] = {}
        self._lock = threading.Lock()
        self._meter = Meter()
        self._models: deque[Any] = deque()

    def open(self, version: str, pickled: bytes) -> str | None:
        """Open the files of a run. Returns the reason if that fails."""
        if version != __version__:
            return message(
                "the cluster's node on this machine has vidkit {version}, and this is {here}",
                version=__version__,
                here=version,
            )
        spec: RunSpec = pickle.loads(pickled)
        paths = spec.config.paths
        try:
            layout = OutputLayout(paths.processed_directory, paths.download_directory)
            self._journal = Journal(layout.work, layout.is_taken, layout.store)
            self._library = open_library(spec.config)
        except VidkitError as error:
            return str(error)
        if spec.skip_duplicates:
            from vidkit.duplicates.known import KnownPictures

            self._pictures = KnownPictures(self._library.pictures)
        self._answers = AnswerCache(spec.config.qwen_vl.cache)
        self._meter = Meter(spec.max_requests)
        return None

    def ask(self, what: str, *arguments: Any) -> tuple[Any, VidkitError | None]:
        """Answer a worker: the value, or the error to raise."""
        try:
            return getattr(self, f"_{what}")(*arguments), None
        except VidkitError as error:
            return None, error

    def put_sign(self, slot: int, sign: Sign) -> None:
        """Keep the latest sign of a slot until the driver reads it."""
        self._signs[slot] = sign

    def take_signs(self) -> tuple[dict[int, Sign], Cost]:
        """The signs since the last call, and the cost so far, for the driver."""
        signs, self._signs = self._signs, {}
        return signs, self._meter.cost

    def use_models(self, actors: list[Any]) -> None:
        """Set the actors that have the local model now (`ModelActor`)."""
        self._models = deque(actors)

    def release_turns(self, slot: int) -> None:
        """Release the turns of a slot whose worker died: others may ask the same questions."""
        with self._lock:
            for key in [key for key, holder in self._turns.items() if holder.startswith(f"{slot}/")]:
                del self._turns[key]

    # The calls of workers, by `ask`.

    def _known(self, url: str) -> tuple[str | None, bool]:
        return self._journal.filename(url), self._journal.is_mixed_up(url)

    def _claim(self, url: str, wanted: str) -> str:
        return self._journal.claim(url, wanted)

    def _reclaim(self, url: str, taken: str) -> str:
        return self._journal.reclaim(url, taken)

    def _find(self, url: str) -> list[LibraryEntry]:
        return self._library.find(url)

    def _skipped_copy(self, url: str) -> tuple[str | None, str] | None:
        found = self._journal.skipped_copy(url)
        return found if found is not None and self._library.find(found[1]) else None

    def _vectors_made_of(self, model: str, url: str) -> str | None:
        return self._library.vectors_made_of(model, [url]).get(url)

    def _copy_of(self, video: PicturesOf) -> str | None:
        return self._pictures.copy_of(video)

    def _turn(self, key: str, holder: str) -> bool:
        with self._lock:
            return self._turns.setdefault(key, holder) == holder

    def _leave(self, key: str, holder: str) -> None:
        with self._lock:
            if self._turns.get(key) == holder:
                del self._turns[key]

    def _answer(self, key: str) -> Reply | None:
        return self._answers.find(key)

    def _keep(self, key: str, reply: Reply) -> None:
        self._answers.keep(key, reply)

    def _model(self) -> Any:
        """The next actor in turn, so that all GPUs are used; None if there is none yet."""
        models = self._models
        models.rotate()
        return models[0] if models else None

    def _cost(self) -> Cost:
        return self._meter.cost

    def _take(self) -> None:
        self._meter.take()

    def _answered(self, tokens_in: int, tokens_out: int, seconds: float) -> None:
        self._meter.answered(tokens_in, tokens_out, seconds)

    def _cached(self) -> None:
        self._meter.cached()


def open_state(cluster: Cluster, spec: RunSpec) -> Any:
    """Start the actor on the driver's machine, and let it open the run's files. Returns its handle.

    Raises:
        EngineError: it cannot.
    """
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    beside = NodeAffinitySchedulingStrategy(cluster.node, soft=False)
    options = {"num_cpus": 0, "scheduling_strategy": beside, "max_restarts": 0, "max_concurrency": 32}
    state = cluster.ray.remote(State).options(**options).remote()
    try:
        reason = cluster.ray.get(state.open.remote(__version__, pickle.dumps(spec)))
    except cluster.ray.exceptions.RayError as error:
        reason = printable(str(error).strip().rpartition("\n")[2])[:300]
    if reason is not None:
        raise EngineError("what the workers share cannot be opened in the cluster: {reason}", reason=reason)
    return state


Ask = Callable[..., Any]


class RemoteShared:
    """`Shared` for a worker, which asks the state. What is in `known` need not be asked.

    Args:
        ask: asks the state: the name of a call, and its arguments.
        slot: the worker's slot.
        allow: called with the number of seconds that the next model request may take.
        request_seconds: the longest that a model request may take.
    """

    def __init__(self, ask: Ask, slot: int, allow: Callable[[float], None], request_seconds: float) -> None:
        self._ask = ask
        self.known = Known("", None, False, True)
        self.answers: Answers = _RemoteAnswers(ask, slot)
        self.meter: RequestMeter = _RemoteMeter(ask, lambda: allow(request_seconds))

    def filename(self, url: str) -> str | None:
        return self._known(url).filename

    def is_mixed_up(self, url: str) -> bool:
        return self._known(url).is_mixed_up

    def claim(self, url: str, wanted: str) -> str:
        known = self._known(url)
        return known.filename or self._with_name(known, str(self._ask("claim", url, wanted)))

    def reclaim(self, url: str, taken: str) -> str:
        return self._with_name(self._known(url), str(self._ask("reclaim", url, taken)))

    def _known(self, url: str) -> Known:
        if self.known.url != url:
            filename, is_mixed_up = self._ask("known", url)
            self.known = Known(url, filename, is_mixed_up, in_library=True)
        return self.known

    def _with_name(self, known: Known, filename: str) -> str:
        self.known = replace(known, filename=filename)
        return filename

    def working_on(self, url: str, stopped: Callable[[], bool]) -> AbstractContextManager[None]:
        return nullcontext()  # the driver holds the lock

    def find(self, url: str) -> list[LibraryEntry]:
        found: list[LibraryEntry] = self._ask("find", url) if self._known(url).in_library else []
        return found

    def skipped_copy(self, url: str) -> tuple[str | None, str] | None:
        found: tuple[str | None, str] | None = self._ask("skipped_copy", url)
        return found

    def vectors_made_of(self, model: str, url: str) -> str | None:
        found: str | None = self._ask("vectors_made_of", model, url) if self._known(url).in_library else None
        return found

    def copy_of(self, video: PicturesOf) -> str | None:
        found: str | None = self._ask("copy_of", video)
        return found


class _RemoteAnswers:
    """The cache of model answers on the driver's machine."""

    def __init__(self, ask: Ask, slot: int) -> None:
        self._ask = ask
        self._slot = slot

    @contextmanager
    def turn(self, key: str) -> Iterator[None]:
        holder, pause = f"{self._slot}/{threading.get_ident()}", 0.05
        while not self._ask("turn", key, holder):
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_POLL)
        try:
            yield
        finally:
            self._ask("leave", key, holder)

    def find(self, key: str) -> Reply | None:
        found: Reply | None = self._ask("answer", key)
        return found

    def keep(self, key: str, reply: Reply) -> None:
        self._ask("keep", key, reply)

    def close(self) -> None:
        pass


class _RemoteMeter:
    """The model requests of all workers, counted on the driver's machine."""

    def __init__(self, ask: Ask, begins: Callable[[], None]) -> None:
        self._ask = ask
        self._begins = begins

    @property
    def cost(self) -> Cost:
        cost: Cost = self._ask("cost")
        return cost

    def take(self) -> None:
        self._ask("take")
        self._begins()

    def answered(self, tokens_in: int, tokens_out: int, seconds: float) -> None:
        self._ask("answered", tokens_in, tokens_out, seconds)

    def cached(self) -> None:
        self._ask("cached")
