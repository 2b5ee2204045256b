"""`GET /api/v1/audit`: who changed what."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from vidkit.web.access.scopes import API
from vidkit.web.models import Model
from vidkit.web.services import Shared

router = APIRouter(prefix=f"{API}/audit", tags=["access"])


class AuditLine(Model):
    """One change."""

    id: int
    at: str
    who: str
    action: str
    what: str
    address: str


class AuditPage(Model):
    """A page of lines, the newest first; `next` is the cursor of the older ones."""

    items: list[AuditLine]
    next: str | None


@router.get("")
def audit_log(
    services: Shared,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, Query(pattern="^[0-9]{1,18}$")] = None,
) -> AuditPage:
    """The audit log, the newest line first."""
    lines = services.audit.lines(limit + 1, int(cursor) if cursor else None)
    page = [AuditLine.model_validate(line) for line in lines[:limit]]
    return AuditPage(items=page, next=str(page[-1].id) if len(lines) > limit else None)
