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
    """What is said of a video. `tags` is all tags that it shall have; `clear` takes back what was said before."""

    classification: Label | None = Field(None, alias="class")
    add_tags: Labels = Field(default=[])
    remove_tags: Labels = Field(default=[])
    tags: Labels | None = None
    clear: bool = False


class KeptCorrections(Body):
    """All that a person said of a video."""

    classification: Label | None
    add_tags: Labels
    remove_tags: Labels
    at: str = Field(
        pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$", description="the time of the last correction"
    )


class AllCorrections(Body):
    """All that is said of a video from now on; null: nothing."""

    corrections: KeptCorrections | None


class Corrected(Model):
    """A video after a correction. `before` are its corrections until now: sent by `PUT`, they undo this one."""

    classification: str = Field(alias="class")
    tags: list[str]
    corrections: dict[str, Any] | None
    before: dict[str, Any] | None


@router.patch("")
def correct(entry: Entry, services: Shared, actor: Caller, body: LabelChange) -> Corrected:
    """Correct the class and the tags. What a person says overrides every rule."""
    change = make_change(body.classification, body.add_tags, body.remove_tags, body.tags, body.clear)
    return _answer(services, actor, correct_entry(services.library, open_rules(services.config), entry, change))


@router.put("")
def replace_corrections(entry: Entry, services: Shared, actor: Caller, body: AllCorrections) -> Corrected:
    """Set all that is said of a video, instead of what was said until now: undo."""
    wanted: Corrections | None = None
    if said := body.corrections:
        make_change(said.classification, said.add_tags, said.remove_tags)
        wanted = {
            "classification": said.classification,
            "add_tags": said.add_tags,
            "remove_tags": said.remove_tags,
            "at": said.at,
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
