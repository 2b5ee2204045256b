"""`vidkit keys` and `vidkit audit`: who may use the web library, and what they changed."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager

from vidkit.cli.exit_codes import EXIT_DONE
from vidkit.cli.screen import json_text, say
from vidkit.core import printable
from vidkit.core.config import Config
from vidkit.errors import ConfigError
from vidkit.messages import _
from vidkit.web.access.actors import OWNER, Actor
from vidkit.web.access.audit import AuditLog
from vidkit.web.access.keys import Keys
from vidkit.web.access.sessions import Sessions
from vidkit.web.running import running_servers, sign_in_link
from vidkit.web.state import StateDatabase

_OWNER = Actor(OWNER, "admin")


def keys(options: argparse.Namespace, config: Config) -> int:
    """`vidkit keys add`, `list`, `revoke` and `link`."""
    actions = {"add": _add, "list": _list, "revoke": _revoke, "link": _link}
    with _state(config) as state:
        actions[options.action](options, state)
    return EXIT_DONE


def audit(options: argparse.Namespace, config: Config) -> int:
    """`vidkit audit`: print the changes, the newest last."""
    with _state(config) as state:
        lines = AuditLog(state).lines(options.limit)
    for line in reversed(lines):
        if options.json:
            print(json_text(line))
        else:
            shown = f"{line['at']}  {line['who']:12}  {line['action']:12}  {line['what']}"
            print(printable(f"{shown}  ({line['address']})" if line["address"] else shown))
    return EXIT_DONE


def _add(options: argparse.Namespace, state: StateDatabase) -> None:
    key, secret = Keys(state).add(options.name, options.scope, options.expires)
    AuditLog(state)(_OWNER, "add key", f"{key.name}, {key.scope}")
    say(
        "the key of {name} is shown only now; send it as `Authorization: Bearer KEY`:",
        name=printable(key.name),
    )
    print(secret)


def _list(options: argparse.Namespace, state: StateDatabase) -> None:
    for key in Keys(state).all():
        shown = key.as_json()
        if options.json:
            print(json_text(shown))
            continue
        ends = _("expires {expires_at}", expires_at=shown["expires_at"]) if key.expires_at else _("never expires")
        used = _("used {used_at}", used_at=shown["used_at"]) if key.used_at else _("never used")
        print(printable(f"{key.id}  {key.name:20}  {key.scope:8}  {key.state:8}  {ends}, {used}"))


def _revoke(options: argparse.Namespace, state: StateDatabase) -> None:
    known = Keys(state)
    key = known.revoke(options.key)
    if key is None:
        near = known.nearest(options.key)
        hint = _("did you mean {near}?", near=near) if near else _("`vidkit keys list` shows them.")
        raise ConfigError(
            "no key that is in use has the id or name {key}: {hint}", key=printable(options.key), hint=hint
        )
    AuditLog(state)(_OWNER, "revoke key", f"{key.name}, {key.scope}")
    say("the key {id} of {name} is revoked", id=key.id, name=printable(key.name))


def _link(options: argparse.Namespace, state: StateDatabase) -> None:
    addresses = running_servers(state)
    if not addresses:
        raise ConfigError(
            "no `vidkit serve` runs over {parent}: start it, it prints a sign-in link", parent=state.path.parent
        )
    sessions = Sessions(state, Keys(state))
    for address in addresses:
        print(sign_in_link(address, sessions))


@contextmanager
def _state(config: Config) -> Iterator[StateDatabase]:
    state = StateDatabase(config.serve.directory)
    try:
        yield state
    finally:
        state.close()
