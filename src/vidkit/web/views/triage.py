"""Triage: the moments of a query one by one. Each is answered by a class or by tags, or skipped.

Labels are per video, as `vidkit label` writes them: an answer to a scene or a clip is the class or the tag of its
video. The other moments of that video still come, and show this answer.
"""

from __future__ import annotations

import json
from datetime import datetime, timezone
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response
from pydantic import Field, StringConstraints, model_validator

from vidkit.curate.corrections import make_change
from vidkit.library import Query
from vidkit.tagging.user_rules import open_rules
from vidkit.web import triage, triage_answers
from vidkit.web.access.scopes import API, Caller
from vidkit.web.answers import json_answer
from vidkit.web.models import Body
from vidkit.web.search_parameters import SearchParameters
from vidkit.web.services import Services, Shared
from vidkit.web.views.jobs import JobAnswer, created

router = APIRouter(prefix=f"{API}/triage", tags=["triage"])

Label = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Labels = Annotated[list[Label], Field(min_length=1, max_length=50)]
Number = Annotated[int, Path(ge=1, lt=2**63)]
Tab = Annotated[
    str, Field(pattern="^[A-Za-z0-9_-]{0,64}$", description="the browser tab: two tabs get different moments")
]
# Keys of the keyboard that can get a meaning; the page uses e, g, s and u itself.
KeyName = Annotated[str, StringConstraints(pattern="^[1-9a-dfh-rtv-z]$")]


class NewQueue(Body):
    """The search of a new queue."""

    query: SearchParameters = Field(default_factory=lambda: SearchParameters.model_validate({}))


class Assignment(Body):
    """The meaning of a key of the keyboard."""

    classification: Label | None = Field(None, alias="class")
    add_tags: Labels | None = None

    @model_validator(mode="after")
    def says_something(self) -> Assignment:
        if self.classification is None and self.add_tags is None:
            raise ValueError("give a class or add_tags")
        make_change(self.classification, self.add_tags or ())
        return self

    def said(self) -> dict[str, Any]:
        """The meaning as it is stored and shown."""
        return self.model_dump(by_alias=True, exclude_none=True, include={"classification", "add_tags"})


class Rest(Assignment):
    """The answer for all moments that are left."""

    holder: Tab = ""


class QueueChange(Body):
    """Keys and their meanings; null takes a meaning away. Other keys stay."""

    keys: dict[KeyName, Assignment | None] = Field(max_length=40)


class Wanted(Body):
    """How many moments the caller wants to hold, and in which tab; 0 returns all."""

    count: int = Field(5, ge=0, le=50)
    holder: Tab = ""


class Answer(Body):
    """The answer for a moment: a class, tags, or `skip`."""

    key: str = Field(pattern="^[0-9a-f]{20}$")
    kind: str = Field(pattern="^[a-z_]{1,40}$")
    number: int = Field(ge=0, lt=2**53)
    classification: Label | None = Field(None, alias="class")
    add_tags: Labels | None = None
    skip: bool = False
    holder: Tab = ""

    @model_validator(mode="after")
    def says_one_thing(self) -> Answer:
        if self.skip == (self.classification is not None or self.add_tags is not None):
            raise ValueError("give a class or add_tags, or skip")
        return self

    def said(self) -> dict[str, Any]:
        """The answer as it is stored and shown."""
        said = {"class": self.classification, "add_tags": self.add_tags, "skip": self.skip or None}
        return {name: value for name, value in said.items() if value is not None}


@router.post("", status_code=HTTPStatus.CREATED)
def start(services: Shared, actor: Caller, body: NewQueue, response: Response) -> dict[str, Any]:
    """Find the queue of a search, or make it: 201 for a new one, 200 for an existing one."""
    options = body.query.model_dump(by_alias=True, exclude_defaults=True)
    queue, new = triage.open_queue(services.state, services.library, options, body.query.query(), actor.name)
    if not new:
        response.status_code = HTTPStatus.OK
    else:
        services.audit(actor, "triage", f"queue {queue}: {json.dumps(options, ensure_ascii=False)}")
    response.headers["Location"] = f"{API}/triage/{queue}"
    return triage.queue_of(services.state, queue)


@router.get("")
def queues(services: Shared) -> dict[str, Any]:
    """All queues, the latest first."""
    return {"items": triage.queues(services.state)}


@router.get("/{queue}")
def queue(services: Shared, queue: Number) -> dict[str, Any]:
    """A queue: its search, its keys, and how many moments each person has answered."""
    return triage.queue_of(services.state, queue)


@router.patch("/{queue}")
def assign(services: Shared, actor: Caller, queue: Number, body: QueueChange) -> dict[str, Any]:
    """Give keys of the keyboard a class or tags, for all who work on the queue."""
    keys = body.model_dump(by_alias=True)["keys"]
    said = {
        key: value and {name: each for name, each in value.items() if each is not None}
        for key, value in keys.items()
    }
    triage.set_keys(services.state, queue, said)
    services.audit(actor, "triage keys", f"queue {queue}: {json.dumps(said, ensure_ascii=False)}")
    return triage.queue_of(services.state, queue)


@router.delete("/{queue}", status_code=HTTPStatus.NO_CONTENT)
def forget(services: Shared, actor: Caller, queue: Number) -> None:
    """Forget a queue. The labels that were given stay."""
    triage.forget_queue(services.state, queue)
    services.audit(actor, "triage forget", f"queue {queue}")


@router.post("/{queue}/next")
def next_moments(services: Shared, actor: Caller, queue: Number, body: Wanted) -> Response:
    """Hold moments for the caller; nobody else gets them before `until`."""
    query = _query_of(services, queue)
    reviewer = triage.Reviewer(actor.name, body.holder)
    items, until = triage.hold_next(services.state, services.library, queue, query, reviewer, body.count)
    at = datetime.fromtimestamp(until, timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return json_answer({"items": items, "until": at})


@router.post("/{queue}/answers", status_code=HTTPStatus.CREATED)
def answer(services: Shared, actor: Caller, queue: Number, body: Answer) -> Response:
    """Give the video of a moment a class or tags, or skip the moment. The same answer sent twice counts once."""
    said = body.said()
    change = None if body.skip else make_change(body.classification, body.add_tags or ())
    moment = body.key, body.kind, body.number
    reviewer = triage.Reviewer(actor.name, body.holder)
    rules = open_rules(services.config)
    done = triage_answers.keep_answer(
        services.state, services.library, rules, queue, moment, reviewer, said, change
    )
    services.audit(actor, "label", f"queue {queue}, video {body.key}: {json.dumps(said, ensure_ascii=False)}")
    return json_answer(done, HTTPStatus.CREATED)


@router.post("/{queue}/rest", status_code=HTTPStatus.CREATED)
def answer_rest(services: Shared, actor: Caller, queue: Number, body: Rest, response: Response) -> JobAnswer:
    """Give all moments that are left the same answer, except those that others hold: a job of the kind `label`."""
    reviewer, said = triage.Reviewer(actor.name, body.holder), body.said()
    job = triage_answers.answer_rest(services.state, services.jobs, queue, reviewer, said)
    services.audit(actor, "label", f"queue {queue}, all that is left, job {job.id}: {json.dumps(said)}")
    return created(response, job)


@router.delete("/{queue}/answers/{answer}")
def undo(services: Shared, actor: Caller, queue: Number, answer: Number, holder: Tab = "") -> Response:
    """Undo an answer: the video gets its corrections from before, and the moment comes again."""
    rules, query = open_rules(services.config), _query_of(services, queue)
    reviewer = triage.Reviewer(actor.name, holder)
    done = triage_answers.undo_answer(services.state, services.library, rules, queue, answer, query, reviewer)
    services.audit(actor, "label undo", f"queue {queue}, answer {answer}")
    return json_answer(done)


def _query_of(services: Services, queue: Number) -> Query:
    return SearchParameters.model_validate(triage.options_of(services.state, queue)).query()
