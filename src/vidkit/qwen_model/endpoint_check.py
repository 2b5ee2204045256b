"""Check that the endpoint is reachable and accepts the access key, without a model request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vidkit.errors import DescribeError
from vidkit.messages import message
from vidkit.qwen_model.cost import Meter
from vidkit.qwen_model.endpoint import protocol_of
from vidkit.qwen_model.server import RefusedError, Server, shown_endpoint

if TYPE_CHECKING:
    from vidkit.core.config import Config

_TIMEOUT = 5.0  # seconds
_SHOWN = 3  # models


def check_endpoint(config: Config, url: str) -> tuple[bool, str, list[str]]:
    """Send one request to an endpoint, for at most five seconds.

    The request to a server with OpenAI's protocol is for its list of models. For another server, it is for the page
    of
    questions: most servers refuse it, but any answer is enough.

    Args:
        config: the settings, with the access key.
        url: the URL of the endpoint.

    Returns:
        Whether the endpoint seems to work; a message about it, without secrets; and the models that it lists.
    """
    protocol, chat_url = protocol_of(url, config.qwen_vl.protocol)
    has_list = protocol != "vidkit" and chat_url.endswith("/chat/completions")
    server = Server(config.qwen_vl.access_key, _TIMEOUT, 1, Meter())
    place = shown_endpoint(url).removeprefix("the endpoint ")
    given = bool(config.qwen_vl.access_key)
    key = message("with an access key") if given else message("without an access key")
    try:
        listed = server.get(chat_url.removesuffix("/chat/completions") + "/models" if has_list else url)
    except RefusedError as error:
        if error.status in (402, 403) or 300 <= error.status < 400:
            return False, str(error), []
        return True, message("{place}, reached, {key} (which only a question tries out)", place=place, key=key), []
    except DescribeError as error:
        return False, str(error), []
    finally:
        server.close()
    names = _names(listed)
    models = "" if names is None else _models(names, config.qwen_vl.model)
    return True, message("{place}, reached, {key}{models}", place=place, key=key, models=models), names or []


def _names(listed: object) -> list[str] | None:
    """The names in a list of models; None if it is not such a list."""
    try:
        return [str(model["id"]) for model in listed["data"]]  # type: ignore[index]
    except (KeyError, TypeError):
        return None


def _models(names: list[str], wanted: str) -> str:
    """The text about a list of models."""
    if wanted:
        but = message("; it does not list [QwenVL] Model = {name}, but {others}", name=wanted, others=_some(names))
        return "" if wanted in names else but
    return message(", lists {names}", names=_some(names))


def _some(names: list[str]) -> str:
    first = ", ".join(names[:_SHOWN])
    if len(names) > _SHOWN:
        return message("{names} and {count} more", names=first, count=len(names) - _SHOWN)
    return first or message("no model")
