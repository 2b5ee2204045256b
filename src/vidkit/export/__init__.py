"""Export records as JSON, and the library as a dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vidkit.export.records import (
    export_to_json,
    read_record,
    read_record_version,
    write_record,
    write_record_over,
)

if TYPE_CHECKING:
    from vidkit.export.dataset import DatasetCounts, Exported, check_export, export_dataset, preview_dataset

__all__ = [
    "DatasetCounts",
    "Exported",
    "check_export",
    "export_dataset",
    "export_to_json",
    "preview_dataset",
    "read_record",
    "read_record_version",
    "write_record",
    "write_record_over",
]


def __getattr__(name: str) -> Any:
    # Only one command exports datasets; the others use only records, and need not import the rest.
    if name in ("DatasetCounts", "Exported", "check_export", "export_dataset", "preview_dataset"):
        from vidkit.export import dataset

        return getattr(dataset, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
