"""`/api/v1/searches`: searches under a name, shared by all who use the library."""

from __future__ import annotations

import sqlite3
from http import HTTPStatus
from typing import Annotated
from urllib.parse import parse_qs

from fastapi import APIRouter
from pydantic import StringConstraints, ValidationError

from vidkit.core.units import timestamp
from vidkit.web.access.scopes import API, Caller
from vidkit.web.models import Body, Model
from vidkit.web.problems import Problem, not_found
from vidkit.web.search_parameters import SearchParameters
from vidkit.web.services import Shared

router = APIRouter(prefix=f"{API}/searches", tags=["search"])

_MOST = 500
_SEVERAL = {"tag", "class", "where"}
Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")
]


class NewSearch(Body):
    """A search to save. `address` is the part after `?` in the page's address."""

    name: Name
    address: Annotated[str, StringConstraints(max_length=8000)]


class SavedSearch(NewSearch):
    """A saved search."""

    id: int


class SavedSearches(Model):
    """All saved searches, by name."""

    items: list[SavedSearch]


@router.get("")
def searches(services: Shared) -> SavedSearches:
    """The saved searches, by name."""
    with services.state.reading() as connection:
        rows = connection.execute("SELECT id, name, address FROM saved_searches ORDER BY name COLLATE NOCASE, id")
        return SavedSearches(items=[SavedSearch(**dict(row)) for row in rows])


@router.post("", status_code=201)
def save(services: Shared, actor: Caller, search: NewSearch) -> SavedSearch:
    """Save a search under a name."""
    _check(search.address)
    with services.state.writing() as connection:
        (count,) = connection.execute("SELECT count(*) FROM saved_searches").fetchone()
        if count >= _MOST:
            raise Problem(HTTPStatus.CONFLICT, f"{_MOST} searches are saved: delete some first")
        try:
            made = connection.execute(
                "INSERT INTO saved_searches (name, address, at, who) VALUES (?, ?, ?, ?)",
                (search.name, search.address, timestamp(), actor.name),
            )
        except sqlite3.IntegrityError:
            raise Problem(
                HTTPStatus.CONFLICT, f"there is a saved search {search.name}: choose another name"
            ) from None
    services.audit(actor, "save search", f"{search.name}: {search.address}")
    return SavedSearch(id=made.lastrowid or 0, name=search.name, address=search.address)


@router.delete("/{id}", status_code=204)
def forget(services: Shared, actor: Caller, id: int) -> None:
    """Forget a saved search."""
    with services.state.writing() as connection:
        gone = connection.execute("DELETE FROM saved_searches WHERE id = ? RETURNING name", (id,)).fetchall()
    if not gone:
        raise not_found("there is no such saved search; somebody may have deleted it")
    services.audit(actor, "delete search", gone[0]["name"])


def _check(address: str) -> None:
    """Raise Problem for an address that is not a search."""
    try:
        given = parse_qs(address.removeprefix("?"), keep_blank_values=True, max_num_fields=300)
        parameters = {name: values if name in _SEVERAL else values[-1] for name, values in given.items()}
        SearchParameters.model_validate(parameters).asked()
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))[:100]
        detail = f"address: {where} {first['msg'].removeprefix('Value error, ')}"
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail) from None
    except ValueError:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "address: this has too many parameters") from None
