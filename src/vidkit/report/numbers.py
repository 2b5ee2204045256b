"""The numbers of a report as JSON: those of `vidkit stats`, those of one pass, and those of an audit."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from vidkit import __version__
from vidkit.core import without_secrets
from vidkit.core.config import Config, Secret, settings, show
from vidkit.core.units import timestamp
from vidkit.curate.statistics import numbers_as_json
from vidkit.library import Query, Stats
from vidkit.report.figures import Corrected, Figures, Newest, Processed, amounts
from vidkit.tagging import RuleSet

_STARS = "***"
_PARAMETER = re.compile(r"([?&;][^=&;\s]+=)[^&;\s]+")  # of a URL: it may be a key
_KEY_NAME = re.compile(r"key$|token|secret|password|credential", re.IGNORECASE)  # of a reader that others wrote
_INSTRUCTIONS = 20


@dataclass(frozen=True)
class Beside:
    """Data of the whole library that is not in records: failures (stage, reason) -> videos, the cost of the model,
    the number of erased videos (None: not known), and the lines of the audit log, the newest first."""

    failures: Counter[tuple[str, str]] = field(default_factory=Counter)
    cost: Mapping[str, Any] = field(default_factory=dict)
    erased: int | None = None
    erasures: Sequence[Mapping[str, Any]] = ()
    changes: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True)
class Asked:
    """The options of a report: its title, the search (as a query and as text), the key to count by, an audit."""

    title: str
    query: Query
    filters: Mapping[str, str]
    by: str | None = None
    audit: bool = False


def secret_hider(config: Config) -> Callable[[str], str]:
    """A function that hides secrets in a text: secrets in the settings, passwords and signatures in URLs."""
    hidden = sorted(config.secrets(), key=len, reverse=True)

    def clean(text: str) -> str:
        for secret in hidden:
            text = text.replace(secret, _STARS)
        return without_secrets(text)

    return clean


def numbers_of(
    asked: Asked,
    library: str,
    stats: Stats,
    readers: Mapping[str, Mapping[str, int]],
    figures: Figures,
    rules: RuleSet,
    beside: Beside,
    config: Config,
) -> dict[str, Any]:
    """The content of a report without its images.

    Args:
        asked: the options of the report.
        library: the name of the library.
        stats: from `Library.stats`.
        readers: from `Library.readers`.
        figures: from `figures_of`.
        rules: the user's current rules.
        beside: data that is not in records.
        config: the settings.

    Raises:
        QueryError: no video has the key that the report counts by.
    """
    balance = figures.by.values() if figures.by is not None else None
    failures = [
        {"stage": stage, "reason": reason, "videos": videos}
        for (stage, reason), videos in beside.failures.most_common()
    ]
    numbers = {
        "title": asked.title,
        "made_at": timestamp(),
        "vidkit": __version__,
        "library": library,
        "filters": dict(asked.filters),
        "sort": asked.query.order(),
        "whole": not asked.filters,
        **numbers_as_json(stats, readers, asked.by, balance),
        "scenes": figures.scenes,
        "clips": figures.clips,
        "shortest": figures.shortest,
        "longest": figures.longest,
        "class_balance": amounts(figures.classes.values()),
        "sources": dict(figures.hosts.most_common()),
        "failures": failures,
        "model": dict(beside.cost),
        "processed": {
            "first": figures.first,
            "last": figures.last,
            "days": dict(sorted(figures.days.items())),
            "undated": figures.undated,
            "seconds": {name: number / 1000 for name, number in figures.stages.most_common()},
        },
        "made_with": {
            "vidkit": dict(figures.versions.most_common()),
            "models": [
                {"backend": model.backend, "model": model.name or None, "videos": videos}
                for model, videos in figures.models.most_common()
            ],
            "readers": [
                {**reader._asdict(), "model": reader.model or None, "videos": videos}
                for reader, videos in figures.readers.most_common()
            ],
            "undescribed": dict(figures.undescribed.most_common()),
            "rules": {
                "fingerprint": rules.fingerprint,
                **{name: figures.rules[name] for name in ("current", "older", "unknown")},
            },
        },
        "corrected": figures.corrected.total,
        "erased": beside.erased,
    }
    if asked.audit:
        numbers["audit"] = _audit(figures, rules, beside, config)
    clean = secret_hider(config)
    cleaned: dict[str, Any] = _cleaned(numbers, clean)
    return cleaned


def _audit(figures: Figures, rules: RuleSet, beside: Beside, config: Config) -> dict[str, Any]:
    keys = ("at", "who", "action", "what")  # without the address of the client
    most = figures.processed.most
    changes = [{key: line[key] for key in keys} for line in beside.changes]
    return {
        "settings": changed_settings(config),
        "rules": {
            "path": str(rules.path) if rules.path is not None else None,
            "rules": len(rules.rules),
            "classes": len(rules.classifications),
        },
        "instructions": dict(figures.instructions.most_common(_INSTRUCTIONS)),
        "corrections": _rows(figures.corrected),
        "erased": [{key: line[key] for key in keys} for line in beside.erasures[:most]],
        "changes": {"rows": changes[:most], "more": len(changes) > most},
        "videos": _rows(figures.processed),
    }


def _rows(newest: Newest[Processed] | Newest[Corrected]) -> dict[str, Any]:
    return {"rows": [row._asdict() for row in newest.rows()], "total": newest.total}


def changed_settings(config: Config) -> list[dict[str, str]]:
    """The settings that differ from their defaults: `section`, `key`, `value`. Secrets are replaced by stars."""
    found = []
    for row in settings():
        value = getattr(getattr(config, row.section_attribute), row.attribute)
        if value != row.default:
            text = _STARS if isinstance(value, Secret) and value else _shown(show(value))
            found.append({"section": row.section, "key": row.key, "value": text})
    for own in config.reader_settings:
        section, key = (f"Readers.{own.reader}", own.key) if own.reader else ("Readers", own.where)
        text = _STARS if _KEY_NAME.search(key) else _shown(own.text)
        found.append({"section": section, "key": key, "value": text})
    return found


def _shown(text: str) -> str:
    return _PARAMETER.sub(rf"\1{_STARS}", text) if "://" in text else text


def _cleaned(value: Any, clean: Callable[[str], str]) -> Any:
    """A JSON value with all secrets hidden, also in keys."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {clean(name): _cleaned(each, clean) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_cleaned(each, clean) for each in value]
    return value
