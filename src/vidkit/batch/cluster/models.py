"""The local model in a cluster: one actor on each GPU loads it, and the slots ask these actors.

The actor makes batches of the clips of all slots. If the cluster has no GPU, one actor on the driver's machine
loads the model.
"""

from __future__ import annotations

import logging
import os
import pickle
import time
from collections.abc import Callable
from typing import Any

from vidkit._version import __version__
from vidkit.batch.cluster.connection import Cluster
from vidkit.core import printable
from vidkit.core.config import Config
from vidkit.core.units import format_count
from vidkit.errors import DescribeError, VidkitError
from vidkit.messages import message
from vidkit.qwen_model import Describer
from vidkit.qwen_model.cost import Meter
from vidkit.qwen_model.frames import RawFrames
from vidkit.qwen_model.local import LocalModel
from vidkit.qwen_model.question import Reply

log = logging.getLogger(__name__)

_TRIES = 3  # actors that may die with a question
_AT_ONCE = 64  # questions in an actor: one batch in progress, the next one ready
_POLL = 2.0  # seconds between two checks whether the run was stopped
_SECONDS_TO_REPLACE = 120.0
_NO_GPU = -1


class ModelActor:
    """The actor. It loads the model at the first question.

    Args:
        version: the driver's vidkit.
        pickled: the settings; another version of vidkit could not read them.
    """

    def __init__(self, version: str, pickled: bytes) -> None:
        os.environ.pop("OMP_NUM_THREADS", None)  # Ray sets it to 1, and torch reads it when it is loaded
        self._failure: VidkitError | None = None
        if version != __version__:
            self._failure = DescribeError(
                "the node that holds the model has vidkit {version}, and the driver has {driver}: "
                "install the same on all nodes",
                version=__version__,
                driver=version,
            )
            return
        config: Config = pickle.loads(pickled)
        self._model = LocalModel(config.qwen, config.qwen_vl.max_tokens, Meter())

    def ready(self) -> None:
        """Return at once, to show that the actor is alive."""

    def ask(self, what: str, *arguments: Any) -> tuple[Any, VidkitError | None]:
        """Answer a slot: the value, or the error to raise."""
        try:
            if self._failure is not None:
                raise self._failure
            return getattr(self._model, what)(*arguments), None
        except VidkitError as error:
            return None, error


class Models:
    """The actors with the model, one for each GPU of the cluster. One thread uses it.

    Args:
        cluster: where the actors run.
        config: names the model.
        describer: the run's. If it is None or asks a server, there are no actors.
        state: the handle of the state actor, from which the slots get them.
    """

    def __init__(self, cluster: Cluster, config: Config, describer: Describer | None, state: Any) -> None:
        self._cluster = cluster
        self._needed = describer is not None and describer.backend == "local"
        self._settings = pickle.dumps(config)
        self._state = state
        self._actor = cluster.ray.remote(ModelActor)
        self._actors: dict[tuple[str, int], Any] = {}

    @property
    def description(self) -> str:
        """Where the model is loaded, for the end of the text about the engine."""
        if not self._actors:
            return ""
        if (self._cluster.node, _NO_GPU) in self._actors:
            return message("; no GPU, so one model for all on the CPU of this machine")
        return message("; the model on {gpus}", gpus=format_count(len(self._actors), "GPU"))

    def refresh(self) -> None:
        """Use new GPUs, forget lost ones. Ray restarts an actor that died."""
        if not self._needed:
            return
        nodes = self._cluster.nodes()
        wanted = [(key, number) for key, node in nodes.items() for number in range(int(node.gpus))]
        wanted = wanted or [(self._cluster.node, _NO_GPU)]
        if set(wanted) == set(self._actors):
            return
        # Ray ends an actor without references.
        self._actors = {key: self._actors.get(key) or self._open(*key) for key in wanted}
        self._state.use_models.remote(list(self._actors.values()))

    def _open(self, node: str, number: int) -> Any:
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        return self._actor.options(
            num_cpus=0,  # the slots use all of them
            num_gpus=0 if number == _NO_GPU else 1,
            scheduling_strategy=NodeAffinitySchedulingStrategy(node, soft=False),
            max_restarts=-1,
            max_task_retries=0,
            max_concurrency=_AT_ONCE,
        ).remote(__version__, self._settings)


class RemoteModel:
    """The model for a slot, which asks the actors (`ModelHost`).

    Args:
        ask: asks the state.
        allow: called with the number of seconds in which no other sign may come.
        stopped: whether the run was stopped.
    """

    def __init__(
        self, ask: Callable[..., Any], allow: Callable[[float], None], stopped: Callable[[], bool]
    ) -> None:
        self._ask_state = ask
        self._allow = allow
        self._stopped = stopped

    def identity(self) -> str:
        return str(self._ask("identity"))

    def size(self, height: int, width: int) -> tuple[int, int]:
        size: tuple[int, int] = self._ask("size", height, width)
        return size

    def answer(self, instruction: str, frames: RawFrames | None) -> Reply:
        reply: Reply = self._ask("answer", instruction, frames)
        return reply

    def _ask(self, *question: Any) -> Any:
        import ray

        last = ""
        for _ in range(_TRIES):
            actor = self._find()
            try:
                value, error = self._wait(actor.ask.remote(*question))
            except (ray.exceptions.RayActorError, ray.exceptions.ObjectLostError) as death:
                log.info("a model's process died with a question: %s", death)
                last = printable(str(death).strip().rpartition("\n")[2])[:200]
                continue
            if error is not None:
                raise error
            return value
        raise DescribeError(
            "the process that holds the model died {tries} times with this question: {last}",
            tries=_TRIES,
            last=last,
        )

    def _find(self) -> Any:
        """The next actor that is alive.

        Raises:
            DescribeError: there is none.
        """
        import ray

        until = time.monotonic() + _SECONDS_TO_REPLACE
        while time.monotonic() < until:
            actor = self._ask_state("model")
            if actor is not None:
                try:
                    self._wait(actor.ready.remote())
                    return actor
                except ray.exceptions.RayActorError as death:
                    log.debug("a model's process is not there: %s", death)
            self._pause(0.5)
        raise DescribeError(
            "no process of the cluster holds the model, after {seconds_to_replace:.0f} seconds",
            seconds_to_replace=_SECONDS_TO_REPLACE,
        )

    def _wait(self, answer: Any) -> Any:
        import ray

        while not ray.wait([answer], timeout=_POLL)[0]:
            self._pause(0)
        return ray.get(answer)

    def _pause(self, seconds: float) -> None:
        if self._stopped():
            raise DescribeError("the run was stopped")
        self._allow(2 * _POLL)
        time.sleep(seconds)
