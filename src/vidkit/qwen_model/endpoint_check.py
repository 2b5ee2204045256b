"""Check that the endpoint is reachable and accepts the access key, without a model request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vidkit.errors import DescribeError
from vidkit.qwen_model.cost import Meter
from vidkit.qwen_model.endpoint import protocol_of
from vidkit.qwen_model.server import RefusedError, Server, shown_endpoint

if TYPE_CHECKING:
    from vidkit.core.config import Config

_TIMEOUT = 5.0  # seconds
_SHOWN = 3  # models


def check_endpoint(config: Config, url: str) -> tuple[bool, str]:
    """Check an endpoint once, for at most five seconds.

    A server that speaks OpenAI's protocol is asked for its list of models. Another one is asked for the page that
    takes questions, which most servers refuse to show: that they answer is enough.

    Args:
        config: the settings, with the access key.
        url: the endpoint's.

    Returns:
        Whether descriptions can be asked for there, as far as a look tells, and what was seen, in words without a
        secret.
    """
    speaks, chat_url = protocol_of(url, config.qwen_vl.protocol)
    has_list = speaks != "vidkit" and chat_url.endswith("/chat/completions")
    server = Server(config.qwen_vl.access_key, _TIMEOUT, 1, Meter())
    place = shown_endpoint(url).removeprefix("the endpoint ")
    key = "with an access key" if config.qwen_vl.access_key else "without an access key"
    try:
        listed = server.get(chat_url.removesuffix("/chat/completions") + "/models" if has_list else url)
    except RefusedError as error:
        if error.status in (402, 403) or 300 <= error.status < 400:
            return False, str(error)
        return True, f"{place}, reached, {key} (which only a question tries out)"
    except DescribeError as error:
        return False, str(error)
    finally:
        server.close()
    return True, f"{place}, reached, {key}{_models(listed, config.qwen_vl.model)}"


def _models(listed: object, wanted: str) -> str:
    """What a list of models says, in words; empty if it is not such a list."""
    try:
        names = [str(model["id"]) for model in listed["data"]]  # type: ignore[index]
    except (KeyError, TypeError):
        return ""
    if wanted:
        return "" if wanted in names else f"; it does not list [QwenVL] Model = {wanted}, but {_some(names)}"
    return f", lists {_some(names)}"


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more if names else "no model"
