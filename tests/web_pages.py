"""A server over a library of videos that were really made and processed, for the tests of pages."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import requests

from tests.waiting import PATIENCE
from tests.web import config_in, serving
from vidkit.core.config import Config
from vidkit.core.hosts import read_hosts
from vidkit.curate.retag import retagged
from vidkit.export import export_to_json
from vidkit.library import video_key
from vidkit.record import Record
from vidkit.tagging.user_rules import open_rules
from vidkit.web.services import Services
from vidkit.workflow import process_video_pipeline
from vidkit.workflow.run import open_run


@dataclass
class Site:
    """A running server, what it has opened, and the records of its library by file name."""

    address: str
    services: Services
    records: dict[str, Record]

    def key(self, name: str) -> str:
        """The key of a video."""
        return video_key(self.records[name]["source"]["url"])

    def kept(self, name: str) -> Record:
        """A record as the library has it now."""
        (entry,) = self.services.library.find(self.records[name]["source"]["url"])
        return entry.record


@contextmanager
def site_of(
    folder: Path,
    videos: Sequence[tuple[Path, dict[str, Any]]],
    no_auth: bool = True,
    allowed: str = "",
    rules: dict[str, Any] | None = None,
    **sections: object,
) -> Iterator[Site]:
    """Process videos and serve them.

    Args:
        folder: an empty one, for everything.
        videos: each file with what its record gets: keys of the record; `scene_words`, a text for each scene;
            `columns`, of a CSV; `labels`, as a person gives them through the API.
        no_auth: nobody need sign in.
        allowed: which hosts of this machine jobs may reach.
        rules: the content of the rule file, if there is one. It then says the tags and the class.
        sections: sections of the settings.
    """
    config = config_in(folder, **sections)
    config = replace(config, serve=replace(config.serve, allowed_hosts=read_hosts(allowed)))
    config = replace(config, processing=replace(config.processing, **QUICK))
    if rules is not None:
        (folder / "custom_tags.json").write_text(json.dumps(rules), encoding="utf-8")
        config = replace(config, rules=replace(config.rules, custom_tag_rules=folder / "custom_tags.json"))
    records, labels = _processed(config, videos)
    if rules is not None:
        records = {name: retagged(record, open_rules(config)) for name, record in records.items()}
    with serving(config, no_auth=no_auth) as (address, services):
        for record in records.values():
            services.library.save(record, config.paths.processed_directory)
            export_to_json(record, config.paths.processed_directory)
        site = Site(address, services, records)
        for name, given in labels.items():
            path = f"{address}/api/v1/videos/{site.key(name)}/labels"
            requests.patch(path, json=given, timeout=PATIENCE).raise_for_status()
        yield site


# Pictures of the contact sheet a second apart.
QUICK: dict[str, Any] = {"sprite_interval": 1.0}


def _processed(
    config: Config, videos: Sequence[tuple[Path, dict[str, Any]]]
) -> tuple[dict[str, Record], dict[str, dict[str, Any]]]:
    records, labels = {}, {}
    with open_run(config) as run:
        for video, changes in videos:
            record: dict[str, Any] = dict(process_video_pipeline(str(video), run=run))
            for scene, text in zip(record["scenes"], changes.get("scene_words", []), strict=False):
                scene["description"] = text
            if columns := changes.get("columns"):
                record["source"] = {**record["source"], "columns": columns}
            if given := changes.get("labels"):
                labels[record["filename"]] = given
            own = {key: value for key, value in changes.items() if key not in ("scene_words", "columns", "labels")}
            records[record["filename"]] = record | own
    return records, labels  # type: ignore[return-value]
