"""`GET /api/v1/settings`: the data for the forms of the pages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

from fastapi import APIRouter
from pydantic import Field

from vidkit.core.config import Config, settings, show
from vidkit.core.options import SETTINGS
from vidkit.core.setting_values import choices_of
from vidkit.tagging import built_in
from vidkit.tagging.rules import RuleSet
from vidkit.tagging.user_rules import open_rules
from vidkit.web.access.guard import CSV_BYTES
from vidkit.web.access.scopes import API
from vidkit.web.jobs.settings import JobSettings
from vidkit.web.models import Model
from vidkit.web.services import Services, Shared
from vidkit.web.views.jobs import MOST_URLS, PRIORITIES

router = APIRouter(tags=["settings"])

_MOST_NAMES = 500


class Option(Model):
    """An option of a form."""

    name: str
    help: str
    kind: str = Field(description="text, number, yes_no or choice")
    default: str | None = Field(description="used if it is left out")
    choices: list[str]


class ProcessOptions(Model):
    """The settings of a job of the kind `process`, and its limits."""

    options: list[Option]
    most_urls: int
    most_bytes: int = Field(description="of a CSV")
    priorities: tuple[int, int]
    max_jobs: int = Field(description="jobs that run at once")
    describes: bool = Field(description="whether a model may be configured")
    local_files: bool
    sites: bool


class FormatOption(Model):
    """A format of datasets."""

    name: str
    modes: list[str] = Field(description="how it can include files, the default first")
    needs_label: bool
    loads_with: str = Field(description="Python code that loads it")


class ExportForm(Model):
    """The choices for a dataset."""

    formats: list[FormatOption]
    levels: list[str]
    labels: list[str]
    directory: str


class Settings(Model):
    """The data for the forms of the pages."""

    process: ProcessOptions
    export: ExportForm
    classes: list[str]
    tags: list[str]


@router.get(f"{API}/settings")
def get_settings(services: Shared) -> Settings:
    """Options with their defaults and choices, formats of datasets, and the classes and tags that are in use."""
    from vidkit.export.formats import FORMATS  # heavy: only this view and jobs need it
    from vidkit.export.items import LEVELS

    config = services.config
    stats, rules = services.stats(), _rules(services)
    return Settings(
        process=ProcessOptions(
            options=list(_options(config)),
            most_urls=MOST_URLS,
            most_bytes=CSV_BYTES,
            priorities=PRIORITIES,
            max_jobs=config.serve.max_jobs,
            describes=config.qwen_vl.backend != "none"
            and bool(config.qwen_vl.public_endpoint or config.qwen.model_dir or config.qwen_vl.backend == "local"),
            local_files=config.serve.allow_local_files,
            sites=config.serve.allow_sites,
        ),
        export=ExportForm(
            formats=[
                FormatOption(
                    name=name, modes=list(form.modes), needs_label=form.needs_label, loads_with=form.loads_with
                )
                for name, form in FORMATS.items()
            ],
            levels=list(LEVELS),
            labels=["class", "tag", "ai_tag", "folder"],
            directory=str(config.serve.export_directory),
        ),
        classes=_names(stats.classes, (name for rule in rules.classifications for name in rule.gives)),
        tags=_names(stats.tags, (name for rule in rules.rules for name in rule.gives)),
    )


def _rules(services: Services) -> RuleSet:
    own, given = open_rules(services.config), built_in()
    return RuleSet((*own.rules, *given.rules), (*own.classifications, *given.classifications))


def _names(counts: dict[str, int], others: Iterator[str]) -> list[str]:
    """Names in use, the most frequent first, then names that only rules give."""
    return list(dict.fromkeys([*filter(None, counts), *others]))[:_MOST_NAMES]


def _options(config: Config) -> Iterator[Option]:
    known = {(row.section, row.key): row for row in settings()}
    for name, field in JobSettings.model_fields.items():
        choices: list[str] = []
        default: Any = None
        kind = "text"
        if name in SETTINGS:
            row = known[SETTINGS[name]]
            default = show(getattr(getattr(config, row.section_attribute), row.attribute))
            choices = list(choices_of(row.read))
            kind = "choice" if choices else "text"
        elif name == "describe":
            kind, default, choices = "choice", "auto", list(get_args(field.annotation))
        elif name == "force":
            kind, default = "yes_no", "no"
        if name in ("workers", "max_requests"):
            kind = "number"
        yield Option(name=name, help=field.description or "", kind=kind, default=default, choices=choices)
