"""`vidkit init --ask`: a few questions. Each answer is tried out at once; all are written at the end, or none."""

from __future__ import annotations

import dataclasses
import getpass
import os
import shlex
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from vidkit.cli.answers import Seen, look_at_videos
from vidkit.cli.doctor import check_library, check_local_model
from vidkit.cli.setting_names import find_setting
from vidkit.core import printable, without_secrets
from vidkit.core.config import Config, Secret, Setting
from vidkit.core.config_file import is_one_line
from vidkit.core.extras import missing_of
from vidkit.core.setting_values import choice
from vidkit.errors import ConfigError, VidkitError
from vidkit.library.backends import backend_of, configured_address
from vidkit.library.uri import server_name
from vidkit.messages import _, translated
from vidkit.qwen_model.describer import endpoint_url
from vidkit.qwen_model.endpoint_check import check_endpoint

_NOBODY, _ENDPOINT, _LOCAL = "none", "endpoint", "local"
_MONGODB_TIMEOUT = 3000  # milliseconds
Values = dict[Setting, str]


class Answers(NamedTuple):
    """What is to be written into config.ini, and the command to run next."""

    values: Values
    command: list[str]


def ask(config: Config) -> Answers:
    """Ask where the videos are, who describes them, and where the library lives.

    Args:
        config: the settings as they are, which are the defaults.

    Raises:
        ConfigError: the answers end before the last question.
        KeyboardInterrupt: somebody pressed Ctrl-C.
    """
    with suppress(ImportError):  # the line that is typed can be edited
        import readline  # noqa: F401
    command = _videos()
    values: Values = {}
    for question in (_describer, _library):
        values |= question(config)
    changed = {row: text for row, text in values.items() if _value(row, text) != _current(row, config)}
    return Answers(changed, command)


def _videos() -> list[str]:
    """The command that processes the videos."""
    _given, seen = _asked_until_good(
        lambda before: _answer(_("Where are your videos: a folder, a CSV file, a bucket, or URLs?"), before or "."),
        look_at_videos,
    )
    return ["vidkit", "process", *seen.arguments]


def _describer(config: Config) -> Values:
    if variable := _variable_of("QwenVL.Backend", "QwenVL.PublicEndpoint", "Qwen.ModelDir"):
        _say(_("Who describes the videos is set by the environment variable {name}.", name=variable))
        return {}
    backend = config.qwen_vl.backend
    local = backend == _LOCAL or bool(config.qwen.model_dir)
    default = _LOCAL if local else _ENDPOINT if config.qwen_vl.public_endpoint else _NOBODY
    kind, _seen = _asked_until_good(
        lambda before: _answer(
            _("Who describes them: none, endpoint or local (a model on this machine)?"), default
        ),
        _look_at_kind,
    )
    kind = kind.lower()
    values = {find_setting("QwenVL.Backend"): kind}
    if kind == _ENDPOINT:
        return values | _endpoint(config)
    return values | _local_model(config) if kind == _LOCAL else values


def _look_at_kind(answer: str) -> Seen:
    try:
        choice(_NOBODY, _ENDPOINT, _LOCAL)(answer)
    except ValueError as error:
        return Seen(False, str(error), usable=False)
    return Seen(True, "")


def _endpoint(config: Config) -> Values:
    url_row, key_row = find_setting("QwenVL.PublicEndpoint"), find_setting("QwenVL.AccessKey")
    model_row = find_setting("QwenVL.Model")
    values: Values = {find_setting("QwenVL.Backend"): _ENDPOINT}
    models: list[str] = []

    def question(before: str) -> str:
        url = _answer(_("URL of the endpoint"), before or config.qwen_vl.public_endpoint)
        if variable := _variable_of("QwenVL.AccessKey"):
            _say(_("The access key is that of the environment variable {name}.", name=variable))
        elif key := _secret(_("Access key, not shown (Enter: none, or the one that is set)")):
            values[key_row] = key
        return url

    def look(url: str) -> Seen:
        trial = _with(config, values | {url_row: url})
        try:
            if not endpoint_url(trial, use_vpc=False):
                return Seen(False, _("a URL is needed, such as http://127.0.0.1:8000/v1"), usable=False)
            fine, words, models[:] = check_endpoint(trial, url)
        except VidkitError as error:
            return Seen(False, str(error), usable=False)
        return Seen(fine, words)

    values[url_row] = _asked_until_good(question, look)[0]
    first = _("the first that it lists")

    def look_at_model(model: str) -> Seen:
        if not model or not models or model in models:
            return Seen(True, "")
        names = ", ".join(models[:10])
        return Seen(False, _("the endpoint does not list {model}, but {names}", model=model, names=names))

    default = config.qwen_vl.model or (models[0] if models else "")
    text = _("Model at the endpoint") if default else _("Model at the endpoint (Enter: {first})", first=first)
    values[model_row] = _asked_until_good(lambda before: _answer(text, before or default), look_at_model)[0]
    return values


def _local_model(config: Config) -> Values:
    folder_row, name_row = find_setting("Qwen.ModelDir"), find_setting("Qwen.Model")

    def values_of(answer: str) -> Values:
        if Path(answer).expanduser().is_dir():
            return {folder_row: answer}
        return {folder_row: "", name_row: answer}

    def look(answer: str) -> Seen:
        if not Path(answer).expanduser().is_dir() and answer.startswith((".", "/", "~", "\\")):
            return Seen(False, _("{path}: there is no such folder", path=answer))
        mark, _what, words = check_local_model(_with(config, values_of(answer)))
        if mark == "ok" and (missing := missing_of("qwen")):
            return Seen(False, missing)
        return Seen(mark == "ok", words)

    text = _("Model: a folder, or its name at {hub}", hub=config.qwen.hub)
    default = config.qwen.model_dir or config.qwen.model
    return values_of(_asked_until_good(lambda before: _answer(text, before or default), look)[0])


def _library(config: Config) -> Values:
    if variable := _variable_of("MongoDB.URI", "Library.Path"):
        _say(_("The library is set by the environment variable {name}.", name=variable))
        return {}
    path_row, uri_row = find_setting("Library.Path"), find_setting("MongoDB.URI")
    now = str(configured_address(config))
    text = _("Where does the library live: a file (SQLite), postgresql://USER@HOST/DATABASE or mongodb://...?")

    def question(before: str) -> str:
        return _with_password(_answer(text, before or now))

    def values_of(address: str) -> Values:
        if backend_of(address).name == "MongoDB":
            return {uri_row: address}
        return {path_row: address, uri_row: ""}

    def look(address: str) -> Seen:
        try:
            trial = _with(config, values_of(_with_timeout(address)))
            if not configured_address(trial) or (
                isinstance(trial.library.path, Path) and trial.library.path.is_dir()
            ):
                return Seen(False, _("{path} is a folder, and a file is needed", path=address), usable=False)
        except (VidkitError, ValueError) as error:
            return Seen(False, str(error), usable=False)
        mark, _what, words = check_library(trial)
        if mark == "ok" and "://" not in address and not _can_be_written(Path(address).expanduser()):
            return Seen(False, _("{path} cannot be written", path=address))
        return Seen(mark == "ok", words)

    return values_of(_asked_until_good(question, look)[0])


def _with_timeout(address: str) -> str:
    """A MongoDB address with a shorter timeout than in a run, since a person waits for the check."""
    if backend_of(address).name != "MongoDB" or "serverselectiontimeoutms" in address.lower():
        return address
    before = "&" if "?" in address else "?" if "/" in address.partition("://")[2] else "/?"
    return f"{address}{before}serverSelectionTimeoutMS={_MONGODB_TIMEOUT}"


def _can_be_written(path: Path) -> bool:
    there = path.absolute()
    while not there.exists():
        there = there.parent
    return os.access(there, os.W_OK)


def _with_password(address: str) -> str:
    """An address with the password that its user has, which is asked for if it is not there."""
    try:
        parts = urlsplit(address)
        needed = "://" in address and bool(parts.username) and parts.password is None
    except ValueError:
        return address
    if not needed:
        return address
    password = _secret(_("Password of {user}, not shown (Enter: none)", user=printable(parts.username)))
    scheme, rest = address.split("://", 1)
    user, at, place = rest.partition("@")
    return f"{scheme}://{user}:{quote(password, safe='')}{at}{place}" if password else address


def _asked_until_good(question: Callable[[str], str], look: Callable[[str], Seen]) -> tuple[str, Seen]:
    """An answer that was looked at and is good, or is to be kept anyway; and what was seen.

    Args:
        question: asks, and is given the answer before, which is the default; empty at first.
        look: looks at an answer.
    """
    answer = ""
    while True:
        answer = question(answer)
        seen = look(answer)
        if seen.words:
            _say(f"  {_('ok') if seen.fine else _('wrong')}: {translated(seen.words)}")
        if seen.fine:
            return answer, seen
        if not seen.usable:
            answer = ""
        elif _answer(_("Answer again (y), or keep it (n)?"), "y").lower() in ("n", "no"):
            return answer, seen


def _answer(text: str, default: str = "") -> str:
    """What somebody types; the default where it is nothing."""
    shown = f" [{printable(_address(default))}]" if default else ""
    while True:
        given = _read(f"{text}{shown} " if text.endswith("?") else f"{text}{shown}: ")
        if is_one_line(given):
            return given or default
        _say(f"  {_('wrong')}: {_('an answer is one line of text, without control characters')}")


def _address(text: str) -> str:
    """A default as it is shown: of a server's address, no user and no password."""
    return server_name(text, "***") if "://" in text and "@" in text else text


def _read(prompt: str) -> str:
    try:
        given = input(prompt)
    except (EOFError, OSError, RuntimeError):  # the terminal is gone; there is no standard input
        with suppress(OSError):
            print()
        raise ConfigError("the answers ended before the last question: nothing was written") from None
    except UnicodeDecodeError:
        raise ConfigError("an answer is not text in UTF-8: nothing was written") from None
    if not sys.stdin.isatty():  # nobody's terminal has shown it
        print(printable(without_secrets(_address(given))))
    return given.strip()


def _secret(prompt: str) -> str:
    if sys.stdin is not None and sys.stdin.isatty():
        try:
            return getpass.getpass(f"{prompt}: ").strip()
        except EOFError:
            raise ConfigError("the answers ended before the last question: nothing was written") from None
    print(f"{prompt}:")
    line = sys.stdin.readline() if sys.stdin is not None else ""
    if not line:
        raise ConfigError("the answers ended before the last question: nothing was written")
    return line.strip()


def _say(text: str) -> None:
    print(printable(without_secrets(text)), flush=True)


def _variable_of(*names: str) -> str | None:
    """The environment variable that sets one of these settings."""
    variables = (name for each in names for name in find_setting(each).env)
    return next((name for name in variables if os.environ.get(name)), None)


def _value(row: Setting, text: str) -> object:
    return row.read(text) if text else row.default


def _current(row: Setting, config: Config) -> object:
    return getattr(getattr(config, row.section_attribute), row.attribute)


def _with(config: Config, values: Mapping[Setting, str]) -> Config:
    """Settings with others over them.

    Raises:
        ValueError: a value cannot be read.
    """
    for row, text in values.items():
        section = getattr(config, row.section_attribute)
        changed = dataclasses.replace(section, **{row.attribute: _value(row, text)})
        config = dataclasses.replace(config, **{row.section_attribute: changed})
    return config


def holds_secret(values: Mapping[Setting, str]) -> bool:
    """Whether one of these values is a secret."""
    return any(isinstance(_value(row, text), Secret) and bool(text) for row, text in values.items())


def command_line(words: list[str]) -> str:
    """A command as it can be pasted into a shell."""
    return " ".join(map(shlex.quote, words))
