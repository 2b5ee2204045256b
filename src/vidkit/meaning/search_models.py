"""The models for searching: opened once per process, by a server in a thread."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import Future, TimeoutError
from dataclasses import replace

from vidkit.core.config import Config
from vidkit.core.extras import missing_of
from vidkit.core.meaning_settings import Meaning
from vidkit.core.onnx_models import ModelError
from vidkit.errors import VidkitError
from vidkit.library.vectors.protocol import PICTURE, TEXT
from vidkit.meaning.hybrid import SearchModel
from vidkit.meaning.search import AvailableModels
from vidkit.messages import message

log = logging.getLogger(__name__)

OPENING = message("the models for search by meaning are being opened: search again in a moment")


class SearchModels:
    """The configured models. If one cannot be used, each search has a note with the reason."""

    def __init__(self, config: Config) -> None:
        self._settings = config.meaning
        self._lock = threading.Lock()
        self._found: Future[AvailableModels] | None = None

    def open_soon(self) -> None:
        """Open the configured models in a thread. Until they are open, searches use only words."""
        if self.kinds:
            threading.Thread(target=self._open_and_log, name="models", daemon=True).start()

    def __call__(self, wait: float) -> AvailableModels:
        """The models that can be used.

        Args:
            wait: how long to wait for models that another thread opens, in seconds.
        """
        if not self.kinds:
            return AvailableModels(())
        with self._lock:
            found = self._found
        if found is None:
            return self._open()
        try:
            return found.result(wait)
        except TimeoutError:
            return AvailableModels((), (OPENING,))

    @property
    def kinds(self) -> tuple[str, ...]:
        """The inputs of the configured models: TEXT and PICTURE."""
        named = {TEXT: self._settings.text_model, PICTURE: self._settings.image_model}
        return tuple(kind for kind, name in named.items() if name)

    def _open_and_log(self) -> None:
        for note in self._open().notes:
            log.warning("%s", note)

    def _open(self) -> AvailableModels:
        with self._lock:
            mine = self._found is None
            found = self._found = self._found or Future()
        if mine:
            try:
                found.set_result(_opened(self._settings))
            except BaseException as error:
                found.set_exception(error)
        return found.result()


def _opened(settings: Meaning) -> AvailableModels:
    """Open each model separately, so that one can be used if the other cannot."""
    if missing := missing_of("meaning"):
        return AvailableModels(
            (), (message("search by meaning needs packages that are not there: {missing}", missing=missing),)
        )
    from vidkit.meaning.models import open_models

    ready: list[SearchModel] = []
    notes = []
    for alone in (replace(settings, image_model=""), replace(settings, text_model="")):
        try:
            for model in open_models(alone):
                log.debug("%s: answers are similar by %.3f at least", model.id, model.floor)  # measures the floor
                ready.append(model)
        except (VidkitError, ModelError) as error:
            notes.append(str(error))
    return AvailableModels(tuple(ready), tuple(notes))
