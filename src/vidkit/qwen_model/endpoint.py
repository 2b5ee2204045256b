"""Descriptions from an HTTP server, in one of two protocols.

`vidkit` sends `{"video_url", "instruction", ...}` and receives `{"description", "tags"?}`. `openai` is
`/chat/completions` as in vLLM, SGLang, DashScope and `transformers serve`. The first clip finds out what the server
accepts, and the rest of the run uses that.
"""

from __future__ import annotations

import base64
import json
import mimetypes
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from vidkit.core import printable
from vidkit.errors import DescribeError, OutputError
from vidkit.messages import message
from vidkit.qwen_model.answer import PROMPT_VERSION, prompt, tags_of
from vidkit.qwen_model.frames import Budget, cut_part, jpeg_frames
from vidkit.qwen_model.question import Clip, Question, Reply
from vidkit.qwen_model.server import RefusedError, Server, shown_endpoint

_DATA_LIMIT = 7_500_000  # bytes of a clip in a data: URL, 10 MB when encoded: DashScope's limit, the lowest seen
_MOST_TOKENS = 10**9  # of one answer: a larger number is an error of the server
_LONGEST_NAME = 300
_LONGEST_TEXT = 2**20  # characters of an answer that are read
# Statuses of refusals that do not depend on how the clip was sent.
_NOT_THE_CLIP = (301, 302, 303, 307, 308, 402, 403, 404, 405)
_OTHER_PROTOCOL = (400, 404, 405, 415, 422)


@dataclass(frozen=True)
class Limits:
    """Limits that are sent to the server: tokens of the answer, and the caps of the protocol `vidkit`."""

    max_tokens: int
    max_resolution: str
    max_fps: float


class Endpoint:
    """A server that describes videos.

    Args:
        url: the configured URL.
        server: the connections.
        protocol: `vidkit`, `openai` or `auto`.
        model: its name at the server; empty for the first one that the server lists.
        limits: the limits that are sent to it.
        budget: how many frames are sent to a server that accepts no video.
        parallel: the maximum number of simultaneous questions.
    """

    name = "endpoint"

    def __init__(
        self, url: str, server: Server, protocol: str, model: str, limits: Limits, budget: Budget, parallel: int
    ) -> None:
        self.parallel = parallel
        self._server = server
        self._model = model or None
        self._limits = limits
        self._budget = budget
        self._settings = [protocol, model, limits.max_tokens, limits.max_resolution, limits.max_fps, PROMPT_VERSION]
        self._settings += [] if protocol == "vidkit" else list(vars(budget).values())
        self._url = url
        self._protocol, self._chat_url = protocol_of(url, protocol)
        self._probing = threading.Lock()
        self._works: set[str] = set()
        self._refused: set[str] = set()
        self._no_text: RefusedError | None = None

    @property
    def model(self) -> str | None:
        """The model's name at the server, if it is known."""
        return self._model

    @property
    def fingerprint(self) -> str:
        """The settings that change an answer, without the server's address."""
        return json.dumps(["endpoint", *self._settings])

    def identity(self) -> str:
        """The model's name, or the server's address if it has none."""
        if self._protocol == "openai":
            return self._model_name()
        return self._model or shown_endpoint(self._url)

    def ask(self, question: Question) -> Reply:
        """Ask one question; see `Backend.ask`."""
        # Ask one question at a time until it is known what the server accepts, so that each refusal happens only
        # once.
        if not self._is_known(question):
            with self._probing:
                if not self._is_known(question):
                    return self._ask(question)
        return self._ask(question)

    def close(self) -> None:
        """Close the connections."""
        self._server.close()

    def _is_known(self, question: Question) -> bool:
        return self._protocol is not None and (question.clip is None or bool(self._works))

    def _ask(self, question: Question) -> Reply:
        if self._protocol is None and self._chat_url != self._url and self._server.takes_posts(self._chat_url):
            self._protocol = "openai"
        if self._protocol is not None:
            return self._ask_as(self._protocol, question)
        try:
            reply = self._ask_as("vidkit", question)
            self._protocol = "vidkit"
        except RefusedError as error:
            if error.status not in _OTHER_PROTOCOL:
                raise
            try:
                reply = self._ask_as("openai", question)
            except DescribeError as second:
                # Of two refusals, the one of an existing page is more useful.
                raise (second if error.status in (404, 405) else error) from None
            self._protocol = "openai"
        return reply

    def _ask_as(self, protocol: str, question: Question) -> Reply:
        """Send the clip in each possible way, until the server accepts one."""
        put = self._put_chat if protocol == "openai" else self._put_plain
        if question.clip is None:
            if protocol == "vidkit":
                return self._put_text(question)
            return put(question, "text", patient=True)
        ways = self._ways(protocol, question.clip)
        refusal: RefusedError | None = None
        for number, way in enumerate(ways):
            known = f"{protocol} {way}" in self._works
            try:
                reply = put(question, way, patient=known or number + 1 == len(ways))
            except RefusedError as error:
                if error.status in _NOT_THE_CLIP:
                    raise
                refusal = error
                continue
            self._works.add(f"{protocol} {way}")
            self._refused |= {f"{protocol} {other}" for other in ways[:number]} - self._works
            return reply
        raise refusal or DescribeError(
            "{name} is over {limit:g} MB, and {endpoint} takes "
            "videos by URL only: put it where the endpoint can reach it and process that URL, "
            "or describe its segments",
            name=question.clip.name,
            limit=_DATA_LIMIT / 1e6,
            endpoint=shown_endpoint(self._url),
        )

    def _ways(self, protocol: str, clip: Clip) -> list[str]:
        """How a clip can be sent: by its URL, inside the question, or as frames; best first."""
        ways = []
        if (clip.url or clip.remote) and not clip.is_part:
            ways.append("url")
        if clip.is_fetchable and (clip.is_part or clip.path is None or _size(clip.path) <= _DATA_LIMIT):
            ways.append("data")
        if clip.is_fetchable and protocol == "openai":
            ways.append("frames")
        left = [way for way in ways if f"{protocol} {way}" not in self._refused]
        if not clip.is_fetchable and not left:
            raise DescribeError(
                "{clip_name} is not on this machine, and {endpoint} does not take its URL",
                clip_name=clip.name,
                endpoint=shown_endpoint(self._url),
            )
        return left

    def _put_plain(self, question: Question, way: str, patient: bool) -> Reply:
        """The protocol `vidkit`."""
        request: dict[str, Any] = {"instruction": question.instruction}
        if question.clip is not None:
            request["video_url"] = _video_url(question.clip, way, self._limits.max_resolution)
            request["max_resolution"] = question.max_resolution or self._limits.max_resolution
            request["max_fps"] = question.max_fps or self._limits.max_fps
        answer, seconds = self._server.post(self._url, request, patient)
        text = answer.get("description") if isinstance(answer, dict) else None
        if not isinstance(text, str) or not text.strip():
            raise RefusedError(
                200, message('{endpoint} answered without a "description"', endpoint=shown_endpoint(self._url))
            )
        text = text[:_LONGEST_TEXT]
        tags = answer.get("tags")
        # If the server gives no tags, they may be in the text of its model.
        whole = text if tags is None else json.dumps({"description": text, "tags": tags_of(tags)})
        return self._reply(whole, answer, seconds)

    def _reply(self, text: str, answer: Any, seconds: float) -> Reply:
        """A reply with text that can be stored: without the access key, and valid Unicode."""
        whole = text.encode("utf-8", "replace").decode("utf-8")
        return Reply(self._server.without_key(whole), *_tokens(answer), seconds)

    def _put_text(self, question: Question) -> Reply:
        """A question without a video. Not every server accepts it, so it is tried only once per run."""
        if self._no_text is not None:
            raise self._no_text
        try:
            return self._put_plain(question, "text", patient=False)
        except RefusedError as error:
            self._no_text = error
            raise

    def _put_chat(self, question: Question, way: str, patient: bool) -> Reply:
        """The protocol `openai`."""
        content: list[dict[str, Any]] = []
        if question.clip is not None and way == "frames":
            frames, fps = jpeg_frames(question.clip, self._budget)
            urls = (f"data:image/jpeg;base64,{base64.b64encode(frame).decode()}" for frame in frames)
            content = [{"type": "image_url", "image_url": {"url": url}} for url in urls]
            content.append({"type": "text", "text": f"These are frames of one video, {fps:.2g} for each second."})
        elif question.clip is not None:
            video_url = _video_url(question.clip, way, self._limits.max_resolution)
            content = [{"type": "video_url", "video_url": {"url": video_url}}]
        content.append({"type": "text", "text": prompt(question.instruction)})
        request = {
            "model": self._model_name(),
            "messages": [{"role": "user", "content": content}],
            "max_tokens": self._limits.max_tokens,
            "temperature": 0,
        }
        answer, seconds = self._server.post(self._chat_url, request, patient)
        return self._reply(self._chat_text(answer), answer, seconds)

    def _chat_text(self, answer: Any) -> str:
        place = shown_endpoint(self._chat_url)
        try:
            choice = answer["choices"][0]
            text = choice["message"]["content"]
        except (KeyError, IndexError, TypeError):
            reason = self._server.error_message(answer)
            raise RefusedError(
                200,
                message("{place} answered no choices{reason}", place=place, reason=f": {reason}" if reason else ""),
            ) from None
        if isinstance(text, list):
            words = (part.get("text") for part in text if isinstance(part, dict))
            text = "".join(word for word in words if isinstance(word, str))
        if isinstance(text, str) and text.strip():
            return text[:_LONGEST_TEXT]
        cut = choice.get("finish_reason") == "length"
        hint = message(": raise [QwenVL] MaxTokens") if cut else ""
        raise DescribeError("{place} answered without a word{hint}", place=place, hint=hint)

    def _model_name(self) -> str:
        """The configured name, or the first one that the server lists, requested only once."""
        if self._model is None:
            try:
                listed = self._server.get(self._chat_url.removesuffix("/chat/completions") + "/models")
                self._model = self._server.without_key(_name(listed["data"][0]["id"]))
            except RefusedError as error:
                raise DescribeError("name the model in [QwenVL] Model: {error}", error=error) from None
            except (KeyError, IndexError, TypeError, ValueError):
                raise DescribeError(
                    "{endpoint} lists no model: name it in [QwenVL] Model", endpoint=shown_endpoint(self._chat_url)
                ) from None
        return self._model


def protocol_of(url: str, protocol: str) -> tuple[str | None, str]:
    """The protocol of a server, if its URL shows it, and the URL for chats."""
    path = urlsplit(url).path.rstrip("/")
    if path.endswith("/chat/completions"):
        chat = url
    elif path.endswith("/v1") or (path and protocol == "openai"):
        chat = url.rstrip("/") + "/chat/completions"
    else:
        chat = url.rstrip("/") + "/v1/chat/completions" if not path else url
    if protocol != "auto":
        return protocol, chat
    return ("openai" if path.endswith(("/chat/completions", "/v1")) else None), chat


def _video_url(clip: Clip, way: str, max_resolution: str) -> str:
    """The clip's public or signed URL, or a `data:` URL with its content.

    Raises:
        RefusedError: this way does not work for this clip.
        VidkitError: it cannot be fetched or read.
    """
    if way == "url" or not clip.is_fetchable:
        try:
            return clip.remote.url() if clip.remote else str(clip.url)
        except OutputError as error:
            raise RefusedError(501, str(error)) from None
    if clip.is_part:
        with tempfile.TemporaryDirectory(prefix="vidkit-") as folder:
            part = Path(folder) / "part.mp4"
            cut_part(clip, part, max_resolution)
            return _data_url(part)
    path = clip.file()
    if _size(path) > _DATA_LIMIT:
        raise RefusedError(
            413,
            message(
                "{clip_name} is over {limit:g} MB, too large to be sent as it is",
                clip_name=clip.name,
                limit=_DATA_LIMIT / 1e6,
            ),
        )
    return _data_url(path)


def _data_url(path: Path) -> str:
    kind = mimetypes.guess_type(path.name)[0] or "video/mp4"
    try:
        return f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"
    except OSError as error:
        raise DescribeError(
            "{path} cannot be read: {reason}", path=printable(path), reason=error.strerror
        ) from None


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise DescribeError(
            "{path} cannot be read: {reason}", path=printable(path), reason=error.strerror
        ) from None


def _name(listed: Any) -> str:
    """Check a model's name from a server's list.

    Raises:
        ValueError: it is not a name.
    """
    if not isinstance(listed, str) or not listed.strip() or len(listed) > _LONGEST_NAME or not listed.isprintable():
        raise ValueError
    return listed


def _tokens(answer: Any) -> tuple[int, int]:
    """Tokens in and out; 0 if the server does not say them or they are impossible."""
    usage = answer.get("usage") if isinstance(answer, dict) else None
    counts = [usage.get(key) if isinstance(usage, dict) else 0 for key in ("prompt_tokens", "completion_tokens")]
    read, written = (count if type(count) is int and 0 <= count <= _MOST_TOKENS else 0 for count in counts)
    return read, written
