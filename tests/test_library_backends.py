"""One row of BACKENDS adds a backend for libraries. And what pages may use too."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType

import pytest

from vidkit.cli import main
from vidkit.core.config import Config, load_config
from vidkit.errors import ConfigError, LibraryError, QueryError
from vidkit.library import (
    BACKENDS,
    Backend,
    LibraryEntry,
    Moment,
    Query,
    Stats,
    moment_as_json,
    moment_of,
    open_library,
    open_library_at,
    parse_query,
    read_query,
    video_key,
)
from vidkit.library.facts import facts_of, summary_of
from vidkit.library.moments import Text, is_meant, moments_at, texts_of
from vidkit.library.paging import Page, Position
from vidkit.library.protocol import Group, stats_of
from vidkit.library.ranking import best_first, matching_texts
from vidkit.record import Record

from .records import make_record

Capture = pytest.CaptureFixture[str]


class JsonLibrary:
    """A toy: a library in one JSON file. Of a query it knows words and facts."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._entries: dict[str, LibraryEntry] = {}
        for url, (record, folder) in json.loads(path.read_text()).items() if path.exists() else ():
            self._entries[url] = LibraryEntry(record, Path(folder))

    @property
    def name(self) -> str:
        return f"toy://{self._path.name}"

    def save(self, record: Record, folder: Path) -> None:
        self.save_all([LibraryEntry(record, folder)])

    def save_all(self, entries: Iterable[LibraryEntry]) -> int:
        new = {entry.record["source"]["url"]: entry for entry in entries}
        self._entries |= new
        self._path.write_text(json.dumps({u: (e.record, str(e.folder)) for u, e in self._entries.items()}))
        return len(new)

    def find(self, key: str) -> list[LibraryEntry]:
        return [entry for entry in self._entries.values() if is_meant(entry.record, key)]

    def by_key(self, key: str) -> LibraryEntry | None:
        return next((entry for url, entry in self._entries.items() if video_key(url) == key), None)

    def records(self, query: Query | None = None) -> Iterator[LibraryEntry]:
        yield from (entry for entry in self._entries.values() if self._answers(entry, query or Query()))

    def search(self, query: Query) -> list[Moment]:
        found = [
            (url, text)
            for url, entry in reversed(self._entries.items())
            for text in self._answers(entry, replace(query, facts=()))
        ]
        return moments_at(self._entries, best_first(query, found), query)

    def page(self, query: Query, after: Position | None = None) -> Page:
        return Page(self.search(replace(query, limit=None, offset=0)), None)  # all on one

    def _answers(self, entry: LibraryEntry, query: Query) -> list[Text]:
        facts = facts_of(entry.record)
        if not all(any(fact in facts for fact in each) for each in query.facts):
            return []
        return matching_texts(query, texts_of(entry.record))

    def has_fact(self, beginning: str) -> bool:
        return any(f.startswith(beginning) for entry in self._entries.values() for f in facts_of(entry.record))

    def entries(self, urls: Sequence[str]) -> dict[str, LibraryEntry]:
        return {url: self._entries[url] for url in urls if url in self._entries}

    def remove(self, url: str) -> bool:
        return self._entries.pop(url, None) is not None

    def stats(self, query: Query | None = None) -> Stats:
        found = [summary_of(entry.record) for entry in self.records(query)]
        groups = (
            Group(s.classification, s.resolution, s.codec, s.described, 0, 1, s.duration, s.size) for s in found
        )
        return stats_of(groups, ((summary.tags, 1) for summary in found))

    def forget(self, urls: Sequence[str]) -> list[str]:
        self._entries = {url: entry for url, entry in self._entries.items() if url not in urls}
        return []

    def readers(self, query: Query | None = None) -> dict[str, dict[str, int]]:
        return {}

    def close(self) -> None:
        pass

    def __enter__(self) -> JsonLibrary:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_toy(address: str, config: Config, create: bool) -> JsonLibrary:
    path = Path(address.removeprefix("toy://"))
    if not create and not path.exists():
        raise LibraryError(f"there is no library yet: {path}")
    return JsonLibrary(path)


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BACKENDS, "toy", Backend("Toy", open_toy, "URI under [MongoDB]"))


@pytest.mark.usefixtures("toy")
def test_a_backend_is_added_by_one_row_of_a_table(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_library(load_config()) as library:
        library.save(make_record("a.mp4", scenes=["a dog runs"], tags=["Night"]), Path("results").absolute())
        library.save(make_record("b.mp4", scenes=["a cat sleeps"]), Path("results").absolute())
    assert main(["library", "move", "--to", "Toy://toy.json"]) == 0
    assert "2 records are in toy://toy.json" in capsys.readouterr().err
    with open_library_at("toy://toy.json", load_config()) as library:
        assert [moment.filename for moment in library.search(parse_query("dog"))] == ["a.mp4"]
    monkeypatch.setenv("VIDKIT_MONGODB_URI", "toy://toy.json")
    assert main(["search", "cat", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["filename"] == "b.mp4"
    assert main(["stats", "--tag", "night", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["videos"] == 1
    assert main(["doctor"]) in (0, 1, 2)
    assert "toy://toy.json, 2 records" in capsys.readouterr().out


@pytest.mark.usefixtures("toy")
def test_an_unknown_address_names_the_backends(capsys: Capture) -> None:
    assert main(["library", "move", "--to", "mysql://me:geheim@host"]) == 2
    said = capsys.readouterr().err
    assert "begins with mongodb://, mongodb+srv://, postgresql://, postgres:// or toy://" in said
    assert "geheim" not in said


def test_a_mistake_in_a_search_is_a_query_error_and_a_wrong_command(capsys: Capture) -> None:
    with pytest.raises(QueryError, match=r"^--after: ") as caught:
        parse_query(after="yesterdayish")
    assert not isinstance(caught.value, ConfigError)
    assert main(["search", "rain", "--after", "yesterdayish"]) == 2
    assert str(caught.value) in capsys.readouterr().err


def test_a_search_is_read_from_options_by_their_names() -> None:
    asked = {
        "words": '"red car" -rain',
        "tag": "Night",
        "class": ["A", "B"],
        "where": None,
        "limit": "20",
        "page": 3,
    }
    expected = parse_query('"red car" -rain', tags=["Night"], classes=["A", "B"], limit=20)
    assert read_query({**asked, "page": 3}) == expected
    assert read_query({}) == Query()
    for name, value in (("limit", "many"), ("offset", "-1"), ("sort", "best"), ("resolution", "big")):
        with pytest.raises(QueryError, match=f"--{name}"):
            read_query({name: value})


def test_a_moment_is_json_for_pages_as_for_the_command_line(capsys: Capture) -> None:
    with open_library(load_config()) as library:
        library.save(make_record("a.mp4", scenes=["a dog runs"]), Path("results").absolute())
        moments = library.search(read_query({"words": "dog"}))
    assert main(["search", "dog", "--json"]) == 0
    shown = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert shown == json.loads(json.dumps([moment_as_json(moment) for moment in moments]))
    assert shown[0]["record_path"] == str(Path("results/a.mp4.json").absolute())


def test_a_moment_is_known_by_its_video_kind_and_number_also_when_its_record_gets_more_scenes() -> None:
    clips = [("a cat sleeps", []), ("a dog runs", [])]
    folder = Path("results").absolute()
    with open_library(load_config()) as library:
        library.save(make_record("a.mp4", scenes=["one"], segments=clips), folder)
        query = parse_query("dog")
        (before,) = library.search(query)
        assert before.key == ("https://videos.example/a.mp4", "segment", 2)
        library.save(
            make_record("a.mp4", scenes=["one", "two", "three"], segments=clips), Path("results").absolute()
        )
        (after,) = library.search(query)
        assert after.key == before.key
        (entry,) = library.find(before.key.url)
        assert moment_of(entry, before.kind, before.number, query, after.rank) == after
        assert moment_of(entry, "segment", 3, query) is None
