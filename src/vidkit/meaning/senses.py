"""The models that a process searches with: opened once, in a server by a thread of their own."""

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
from vidkit.meaning.hybrid import Sense
from vidkit.meaning.search import Senses
from vidkit.messages import message

log = logging.getLogger(__name__)

OPENING = message("the models for search by meaning are being opened: search again in a moment")


class SearchModels:
    """The models that the settings name. What is wrong with one that cannot be used is said in each search."""

    def __init__(self, config: Config) -> None:
        self._settings = config.meaning
        self._lock = threading.Lock()
        self._found: Future[Senses] | None = None

    def open_soon(self) -> None:
        """Open them in a thread, if some are named. Until they are open, searches are by words."""
        if self.kinds:
            threading.Thread(target=self._open_aloud, name="models", daemon=True).start()

    def __call__(self, wait: float) -> Senses:
        """The models that can be asked.

        Args:
            wait: how long to wait for those that another thread opens, in seconds.
        """
        if not self.kinds:
            return Senses(())
        with self._lock:
            found = self._found
        if found is None:
            return self._open()
        try:
            return found.result(wait)
        except TimeoutError:
            return Senses((), (OPENING,))

    @property
    def kinds(self) -> tuple[str, ...]:
        """What the models that are named read: TEXT and PICTURE."""
        named = {TEXT: self._settings.text_model, PICTURE: self._settings.image_model}
        return tuple(kind for kind, name in named.items() if name)

    def _open_aloud(self) -> None:
        for note in self._open().notes:
            log.warning("%s", note)

    def _open(self) -> Senses:
        with self._lock:
            mine = self._found is None
            found = self._found = self._found or Future()
        if mine:
            try:
                found.set_result(_opened(self._settings))
            except BaseException as error:
                found.set_exception(error)
        return found.result()


def _opened(settings: Meaning) -> Senses:
    """The models, each by itself: one that cannot be used does not keep the other from being asked."""
    if missing := missing_of("meaning"):
        return Senses(
            (), (message("search by meaning needs packages that are not there: {missing}", missing=missing),)
        )
    from vidkit.meaning.models import open_models

    ready: list[Sense] = []
    notes = []
    for alone in (replace(settings, image_model=""), replace(settings, text_model="")):
        try:
            for model in open_models(alone):
                log.debug("%s: answers are similar by %.3f at least", model.id, model.floor)  # it is measured now
                ready.append(model)
        except (VidkitError, ModelError) as error:
            notes.append(str(error))
    return Senses(tuple(ready), tuple(notes))
