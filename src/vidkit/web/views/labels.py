"""`/api/v1/videos/{key}/labels`: correct the class and the tags of a video, as `vidkit label` does."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field, StringConstraints

from vidkit.curate.corrections import CorrectedVideo, correct_entry, make_change, set_corrections
from vidkit.record import Corrections
from vidkit.tagging.user_rules import open_rules
from vidkit.web.access.scopes import API, Actor, Caller
from vidkit.web.models import Body, Model
from vidkit.web.problems import not_found
from vidkit.web.services import Services, Shared
from vidkit.web.video_key import Entry

router = APIRouter(prefix=f"{API}/videos/{{key}}/labels", tags=["videos"])

Label = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
Labels = Annotated[list[Label], Field(max_length=200)]


class LabelChange(Body):
    """A correction. `tags` replaces all tags of the video; `clear` removes earlier corrections."""

    classification: Label | None = Field(None, alias="class")
    add_tags: Labels = Field(default=[])
    remove_tags: Labels = Field(default=[])
    tags: Labels | None = None
    clear: bool = False


class KeptCorrections(Body):
    """All corrections of a video."""

    classification: Label | None
    add_tags: Labels
    remove_tags: Labels
    at: str = Field(
        pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$", description="the time of the last correction"
    )


class AllCorrections(Body):
    """All corrections of a video from now on; null: none."""

    corrections: KeptCorrections | None


class Corrected(Model):
    """A video after a correction. `before` are its corrections before this one: sent by `PUT`, they undo it."""

    classification: str = Field(alias="class")
    tags: list[str]
    corrections: dict[str, Any] | None
    before: dict[str, Any] | None


@router.patch("")
def correct(entry: Entry, services: Shared, actor: Caller, body: LabelChange) -> Corrected:
    """Correct the class and the tags. A correction overrides every rule."""
    change = make_change(body.classification, body.add_tags, body.remove_tags, body.tags, body.clear)
    return _answer(services, actor, correct_entry(services.library, open_rules(services.config), entry, change))


@router.put("")
def replace_corrections(entry: Entry, services: Shared, actor: Caller, body: AllCorrections) -> Corrected:
    """Replace all corrections of a video, for undo."""
    wanted: Corrections | None = None
    if given := body.corrections:
        make_change(given.classification, given.add_tags, given.remove_tags)
        wanted = {
            "classification": given.classification,
            "add_tags": given.add_tags,
            "remove_tags": given.remove_tags,
            "at": given.at,
        }
    return _answer(services, actor, set_corrections(services.library, open_rules(services.config), entry, wanted))


def _answer(services: Services, actor: Actor, corrected: CorrectedVideo | None) -> Corrected:
    if corrected is None:
        raise not_found("the video was removed from the library meanwhile")
    record = corrected.record
    what = f"{record['source']['url']}: {record['classification']}; {', '.join(record['tags']) or 'no tags'}"
    services.audit(actor, "label", what)
    return Corrected.model_validate(
        {
            "class": record["classification"],
            "tags": record["tags"],
            "corrections": record.get("corrections"),
            "before": corrected.before,
        }
    )
