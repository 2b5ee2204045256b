"""The describer of a run: a backend, the cache of answers, and the cost."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from vidkit.errors import ConfigError, DescribeError, VidkitError
from vidkit.qwen_model.answer import read_answer, summary_instruction
from vidkit.qwen_model.cache import TEXT, AnswerCache, Answers, answer_key
from vidkit.qwen_model.cost import Cost, Meter, RequestMeter
from vidkit.qwen_model.question import Backend, Clip, Description, Question
from vidkit.qwen_model.server import RefusedError, shown_endpoint

if TYPE_CHECKING:
    from vidkit.core.config import Config
    from vidkit.qwen_model.hosted import ModelHost

log = logging.getLogger(__name__)

# Statuses of a server that accepts no text without a video, or not so much. Other failures may be temporary.
_NO_TEXT_STATUSES = (200, 400, 413, 415, 422, 500)


class Describer:
    """Describes videos. All videos of a run share one, from several threads.

    Args:
        backend: answers the questions.
        cache: stores the answers.
        meter: counts requests and cost; the backend uses the same one.
    """

    def __init__(self, backend: Backend, cache: Answers, meter: RequestMeter) -> None:
        self._backend = backend
        self._cache = cache
        self._meter = meter

    @property
    def backend(self) -> str:
        """`endpoint` or `local`, as in the record."""
        return self._backend.name

    @property
    def model(self) -> str | None:
        """The model's name, if it is known."""
        return self._backend.model

    @property
    def fingerprint(self) -> str:
        """A hash of the settings that change an answer: if it changes, everything is described again."""
        return hashlib.sha256(self._backend.fingerprint.encode()).hexdigest()[:16]

    @property
    def parallel(self) -> int:
        """How many clips to ask about at once."""
        return self._backend.parallel

    @property
    def cost(self) -> Cost:
        """Requests, cached answers, tokens and seconds so far."""
        return self._meter.cost

    def describe(self, path: Path, url: str | None, instruction: str) -> Description:
        """Describe one video.

        Args:
            path: the local file.
            url: where a server can fetch the same file; None if it cannot.
            instruction: the full instruction, with the priority keywords.

        Raises:
            DescribeError: there is no description; the message says why.
        """
        return self.ask(Question(instruction, Clip(path, url)))

    def ask(self, question: Question) -> Description:
        """Answer a question from the cache, or else by the model.

        Raises:
            DescribeError: there is no answer; the message says why.
        """
        try:
            return self._cached_or_new(question)
        except VidkitError:
            raise
        except Exception as error:  # a bug here must fail this answer only, not the video
            log.error("a mistake in vidkit: %r; the log has its traceback", error, exc_info=True)
            raise DescribeError(
                "a mistake in vidkit ({kind}), please report it", kind=type(error).__name__
            ) from None

    def _cached_or_new(self, question: Question) -> Description:
        content = question.clip.content() if question.clip else TEXT
        if content is None:  # only its URL is known, whose content may change
            return self._ask_backend(question, None)
        parts = [content, self._backend.identity(), self._backend.fingerprint, question.instruction]
        parts += [question.max_resolution or "", f"{question.max_fps or 0:g}"]
        digest = hashlib.sha256(json.dumps(parts).encode()).hexdigest()
        key = answer_key(content, digest)
        with self._cache.turn(key):
            known = self._cache.find(key) or self._cache.find(digest)  # the key of an older vidkit
            if known is None:
                return self._ask_backend(question, key)
        self._meter.cached()
        return read_answer(known.text)

    def summarise(self, parts: Sequence[tuple[float, float, str]], instruction: str) -> Description:
        """One description of a video from those of its parts, by one request without frames.

        Args:
            parts: (start, end, description) of each, in seconds and in order.
            instruction: the instruction for the parts.

        Returns:
            The model's description. If there is only one part, or the server accepts no question without a video:
            the descriptions of the parts, joined.

        Raises:
            DescribeError: there is no answer; the message says why.
        """
        joined = Description("\n\n".join(dict.fromkeys(text for _, _, text in parts)))
        if len(parts) == 1:
            return joined
        try:
            return self.ask(Question(summary_instruction(parts, instruction)))
        except RefusedError as error:
            if error.status not in _NO_TEXT_STATUSES:
                raise
            log.info("the descriptions of the parts are used as summary: %s", error)
            return joined

    def close(self) -> None:
        """Close connections and free the model's memory; questions in progress fail."""
        self._backend.close()
        self._cache.close()

    def _ask_backend(self, question: Question, key: str | None) -> Description:
        reply = self._backend.ask(question)
        self._meter.answered(reply.tokens_in, reply.tokens_out, reply.seconds)
        description = read_answer(reply.text)
        if key is not None:
            self._cache.keep(key, reply)
        return description


def open_describer(
    config: Config,
    use_vpc: bool = False,
    max_requests: int | None = None,
    *,
    meter: RequestMeter | None = None,
    answers: Answers | None = None,
    host: ModelHost | None = None,
) -> Describer | None:
    """The describer of the settings, or None if they name no model. Nothing is loaded or asked yet.

    Args:
        config: the settings.
        use_vpc: ask `VpcEndpoint` instead of `PublicEndpoint`.
        max_requests: the maximum number of requests, if there is no `meter`.
        meter: counts the requests and limits them; by default a new one.
        answers: the cache of answers; by default the file of the settings.
        host: has the local model, if the settings name one; by default this process.

    Raises:
        ConfigError: the settings are wrong: an endpoint that is not a URL, or `--use_vpc` without an endpoint.
    """
    meter = meter or Meter(max_requests)
    backend = _backend(config, use_vpc, meter, host)
    return Describer(backend, answers or AnswerCache(config.qwen_vl.cache), meter) if backend else None


def check_describer(config: Config) -> None:
    """Check the settings of the describer. Nothing is loaded or asked.

    Raises:
        ConfigError: as `open_describer`.
    """
    if config.qwen_vl.vpc_endpoint:
        endpoint_url(config, use_vpc=True)
    if (backend := _backend(config, False, Meter(), None)) is not None:
        backend.close()


def _backend(config: Config, use_vpc: bool, meter: RequestMeter, host: ModelHost | None) -> Backend | None:
    wanted = config.qwen_vl.backend
    url = endpoint_url(config, use_vpc) if wanted in ("auto", "endpoint") else ""
    if url:
        return open_endpoint(config, url, meter)
    if wanted == "endpoint":
        raise ConfigError("[QwenVL] Backend is endpoint, and no endpoint is set: give PublicEndpoint")
    if wanted != "local" and not (wanted == "auto" and config.qwen.model_dir):
        return None
    if host is not None:
        from vidkit.qwen_model.hosted import HostedModel

        return HostedModel(config.qwen, config.qwen_vl.max_tokens, meter, host)
    from vidkit.qwen_model.local import LocalModel

    return LocalModel(config.qwen, config.qwen_vl.max_tokens, meter)


def open_endpoint(config: Config, url: str, meter: RequestMeter) -> Backend:
    """The endpoint at this URL, with everything else from the settings."""
    from vidkit.qwen_model.endpoint import Endpoint, Limits
    from vidkit.qwen_model.frames import Budget
    from vidkit.qwen_model.server import Server

    vl, own = config.qwen_vl, config.qwen
    workers = config.concurrency.max_workers
    return Endpoint(
        url,
        Server(vl.access_key, vl.timeout, workers, meter),
        vl.protocol,
        vl.model,
        Limits(vl.max_tokens, config.processing.max_resolution, config.processing.max_fps),
        Budget(own.frames_per_second, own.max_frames, own.max_pixels),
        workers,
    )


def endpoint_url(config: Config, use_vpc: bool) -> str:
    """The URL of the endpoint in the settings; empty if there is none.

    Raises:
        ConfigError: it is not a URL, or `use_vpc` is given and the VPC endpoint is not set.
    """
    key = "VpcEndpoint" if use_vpc else "PublicEndpoint"
    url = config.qwen_vl.vpc_endpoint if use_vpc else config.qwen_vl.public_endpoint
    if use_vpc and not url:
        raise ConfigError("--use_vpc needs [QwenVL] VpcEndpoint, and it is not set")
    try:
        parts = urlsplit(url)
        good = not url or (parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0)
    except ValueError:
        good = False
    if not good:
        raise ConfigError(
            "[QwenVL] {key} is not an http or https URL: {endpoint}", key=key, endpoint=shown_endpoint(url)
        )
    return url
