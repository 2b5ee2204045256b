"""Labels and splits: where they are from, what they do not do."""

from __future__ import annotations

import json
import random
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from vidkit.cli import main
from vidkit.errors import ConfigError
from vidkit.export.labels import label_folders, label_reader, source_folder
from vidkit.export.splits import assign, group_key, parse_split
from vidkit.library import parse_query

from .dataset_parts import export, labelled, new_library, put_video
from .records import make_record

FOLDER = Path("processed_videos")


def rows(folder: str = "out") -> list[dict[str, Any]]:
    return [json.loads(line) for path in Path(folder).glob("*.jsonl") for line in path.read_text().splitlines()]


def sides(folder: str = "out") -> dict[str, str]:
    """Which split each item is in, by name."""
    return {row["name"]: row["split"] for row in rows(folder)}


@pytest.mark.parametrize(
    ("text", "shares"),
    [
        (None, {"train": 1}),
        ("80/20", {"train": 0.8, "test": 0.2}),
        ("80%/10%/10%", {"train": 0.8, "validation": 0.1, "test": 0.1}),
        ("3, 0, 1", {"train": 0.75, "test": 0.25}),
    ],
)
def test_shares_are_read_as_people_write_them(text: str | None, shares: dict[str, float]) -> None:
    assert parse_split(text) == pytest.approx(shares)


@pytest.mark.parametrize("text", ["80/30", "80/15/10", "70%/40%", "101"])
def test_shares_of_more_than_a_hundred_are_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"the shares are 1\d\d together, and can be 100 at most"):
        parse_split(text)


@pytest.mark.parametrize("text", ["", "a/b", "0/0", "-1/2", "1/2/3/4", "nan", "inf/1", "\x1b[31m"])
def test_what_are_no_shares_is_an_error_in_words(text: str) -> None:
    if not text:
        assert parse_split(text) == {"train": 1}
        return
    with pytest.raises(ConfigError, match="80/10/10") as error:
        parse_split(text)
    assert "\x1b" not in str(error.value)


def test_each_label_is_dealt_out_by_the_shares() -> None:
    with labelled({"walk": 20, "run": 10, "rest": 30}) as library:
        done = export(library, "jsonl", split="80/10/10")
    assert done.counts == {
        "train": {"walk": 16, "run": 8, "rest": 24},
        "validation": {"walk": 2, "run": 1, "rest": 3},
        "test": {"walk": 2, "run": 1, "rest": 3},
    }
    assert done.scarce == {}


def test_a_label_with_one_video_is_in_train_and_the_message_says_so() -> None:
    with labelled({"jump": 6, **{f"sign {number}": 1 for number in range(20)}}) as library:
        done = export(library, "jsonl", split="80/10/10")
    assert [sum(done.counts[split].values()) for split in done.counts] == [24, 1, 1]
    assert all(done.counts["train"][f"sign {number}"] == 1 for number in range(20))
    assert done.scarce == {f"sign {number}": 1 for number in range(20)}
    said = "sign 7 (1 video, not in validation and test)"
    assert said in Path("out/dataset_card.md").read_text()


def test_the_command_names_the_labels_that_miss_a_split_and_which(capsys: pytest.CaptureFixture[str]) -> None:
    with labelled({"walk": 3, "run": 2, "rest": 1}):
        pass
    assert main(["export", "out", "--format", "jsonl", "--label", "label", "--split", "80/10/10"]) == 0
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("labels that are not")]
    assert "rest (1 video, not in validation and test); run (2 videos, not in " in line
    assert "walk" not in line


Groups = dict[bytes, frozenset[str]]


def missed(groups: Groups, dealt: dict[bytes, str], splits: Sequence[str]) -> list[str]:
    """The labels that break the promise, each with where its videos are."""
    of_label: defaultdict[str, list[str]] = defaultdict(list)
    for key, labels in groups.items():
        for label in labels:
            of_label[label].append(dealt[key])
    return [
        f"{label}: {sides}"
        for label, sides in of_label.items()
        if splits[0] not in sides or len(set(sides)) < min(len(sides), len(splits))
    ]


@pytest.mark.parametrize("start", range(0, 300, 100))
def test_a_label_is_in_train_and_in_every_split_that_it_has_videos_for(start: int) -> None:
    for number in range(start, start + 100):
        chance = random.Random(number)
        shares = parse_split(
            chance.choice(["80/10/10", "80/20", "98/1/1", "10/80/10", "0/50/50", "34/33/33", None])
        )
        most = chance.choice([1, 2, 3, 5, 40])
        names = [f"label {label}" for label in range(chance.randint(1, 30)) for _ in range(chance.randint(1, most))]
        groups = {group_key(f"{number} {at}", number): frozenset([name]) for at, name in enumerate(names)}
        dealt = assign(groups, shares, number)
        assert dealt.keys() == groups.keys()
        assert missed(groups, dealt, list(shares)) == [], f"seed {number}"
        assert dealt == assign(dict(reversed(groups.items())), shares, number)


def test_shares_are_kept_as_far_as_whole_videos_allow() -> None:
    for number in range(60):
        chance = random.Random(number)
        names = [f"label {label}" for label in range(chance.randint(1, 8)) for _ in range(chance.randint(20, 60))]
        groups = {group_key(str(at), number): frozenset([name]) for at, name in enumerate(names)}
        shares = parse_split("70/20/10")
        counts = Counter(assign(groups, shares, number).values())
        assert all(abs(counts[split] - share * len(names)) <= 1.0001 for split, share in shares.items())


def test_labels_of_clips_are_in_train_and_in_every_split_where_the_videos_allow_it() -> None:
    short = 0
    for number in range(100):
        chance = random.Random(number)
        names = [f"label {label}" for label in range(12)]
        groups = {
            group_key(f"{number} {at}", number): frozenset(chance.sample(names, chance.randint(1, 3)))
            for at in range(60)
        }
        groups[group_key("once", number)] = frozenset(["only here", names[0]])
        shares = parse_split("80/10/10")
        dealt = assign(groups, shares, number)
        short += len(missed(groups, dealt, list(shares)))
        assert dealt[group_key("once", number)] == "train"
    assert short == 0


def test_only_what_is_exported_is_dealt_out() -> None:
    with labelled({"walk": 6, "run": 2}) as library:
        for gone in ("run_0", "walk_1", "walk_3", "walk_4"):
            (FOLDER / "downloads" / f"{gone}.mp4").unlink()
        done = export(library, "videofolder", split="60/20/20")
    assert done.counts["train"] == {"walk": 1, "run": 1}
    assert done.counts["validation"] == done.counts["test"] == {"walk": 1}
    assert done.scarce == {"run": 1}


@pytest.mark.parametrize(("level", "exported"), [("segments", ["segment 1", "segment 2"]), ("scenes", ["scene 2"])])
def test_lengths_are_those_of_what_is_exported(level: str, exported: list[str]) -> None:
    with new_library() as library:
        record = put_video(library, FOLDER.absolute(), "a.mp4", segments=["one", "two", "tail"], scenes=["x", "y"])
        record["segments"][2]["end_time"] = 20.16
        record["scenes"][0]["end_time"] = 4.0
        library.save(record, FOLDER.absolute())
        put_video(library, FOLDER.absolute(), "b.mp4", segments=[], scenes=[], duration=100.0)
        done = export(library, "jsonl", level=level, label="class", query=parse_query(min_duration="5"))
        assert sorted(f"{row['level']} {row['name'][-1]}" for row in rows()) == exported
        assert done.items == len(exported)
        with pytest.raises(ConfigError, match=r"as long as --min-duration and --max-duration say"):
            export(
                library, "jsonl", directory="none", level=level, label="class", query=parse_query(min_duration="30")
            )
        done = export(
            library, "jsonl", directory="short", level=level, query=parse_query(max_duration="5"), label="class"
        )
        assert done.items == 1
        done = export(library, "jsonl", directory="video", label="class", query=parse_query(min_duration="90"))
        assert done.items == 1


def test_the_same_seed_gives_the_same_splits_and_another_others() -> None:
    with labelled({"a": 15, "b": 15}) as library:
        for name, seed in (("one", 7), ("two", 7), ("three", 8)):
            export(library, "jsonl", directory=name, split="60/40", seed=seed)
    assert sides("one") == sides("two") != sides("three")


def test_splits_do_not_hang_on_the_order_of_the_library() -> None:
    videos = {f"{label}_{number}.mp4": label for label in "ab" for number in range(9)}
    found = []
    for order in (sorted(videos), sorted(videos, reverse=True)):
        Path("library.db").unlink(missing_ok=True)
        with new_library() as library:
            for name in order:
                put_video(library, FOLDER.absolute(), name, columns={"label": videos[name]})
            export(library, "jsonl", split="50/25/25", overwrite=True)
        found.append(sides())
    assert found[0] == found[1]


def test_splits_are_these_on_every_machine_and_in_every_version() -> None:
    groups = {group_key(str(number), 3): frozenset("ab"[number % 2]) for number in range(12)}
    dealt = assign(groups, parse_split("50/25/25"), 3)
    named = [dealt[group_key(str(number), 3)][:2] for number in range(12)]
    assert " ".join(named) == "tr te te va va tr va tr tr tr tr te"


def test_more_videos_move_few_of_the_old_ones() -> None:
    shares = parse_split("80/10/10")
    label = frozenset(["label"])
    groups = {group_key(str(number), 0): label for number in range(1000)}
    before = assign(groups, shares, 0)
    after = assign(groups | {group_key(str(number), 0): label for number in range(1000, 1010)}, shares, 0)
    assert sum(after[key] != side for key, side in before.items()) <= 10


def test_clips_of_one_video_and_copies_of_it_are_on_one_side() -> None:
    with new_library() as library:
        for number in range(30):
            for copy in ("", "_again"):
                name, content = f"v{number}{copy}.mp4", f"content {number}"
                put_video(library, FOLDER.absolute(), name, content, segments=["one", "two", "three"])
        export(library, "jsonl", level="segments", label="class", split="60/20/20")
    of_content = defaultdict(set)
    for row in rows():
        of_content[row["sha256"]].add(row["split"])
    assert len(rows()) == 180
    assert {len(splits) for splits in of_content.values()} == {1}
    assert Counter(splits.pop() for splits in of_content.values()) == {"train": 18, "validation": 6, "test": 6}


def test_content_with_two_labels_is_said() -> None:
    with new_library() as library:
        for name, label in (("a.mp4", "cat"), ("b.mp4", "dog"), ("c.mp4", "dog")):
            put_video(library, FOLDER.absolute(), name, "same" if name < "c" else name, columns={"label": label})
        done = export(library, "jsonl", split="50/50")
    assert done.at_odds == 1
    assert sides()["a"] == sides()["b"]


@pytest.mark.parametrize(
    ("key", "label"),
    [
        ("class", "Sports"),
        ("tag", "City"),
        ("tag:night, RUN", "night"),
        ("ai_tag", "dog"),
        ("ai_tag:cat,dog", "dog"),
        ("folder", "walking"),
        ("Action", "a walk"),
        ("column:class", "from the CSV"),
        ("column:tag", None),
        ("tag:absent", None),
    ],
)
def test_a_label_is_from_where_its_key_says(key: str, label: str | None) -> None:
    record = make_record(
        url="https://videos.example/sets/walking/v%201.mp4",
        classification="Sports",
        tags=["City", "Night"],
        ai_generated_tags=["dog", "street"],
        columns={"action": " a\twalk ", "class": "from the CSV"},
    )
    assert label_reader(key)(record, None) == label


def test_a_clip_has_its_own_model_tags_where_clips_have_any() -> None:
    record = make_record(segments=[("one", ["run"]), ("two", [])], ai_generated_tags=["run"])
    read = label_reader("ai_tag")
    assert [read(record, dict(clip)) for clip in record["segments"]] == ["run", None]
    record["segments"][0]["tags"] = []
    assert [read(record, dict(clip)) for clip in record["segments"]] == ["run", "run"]


@pytest.mark.parametrize(
    ("url", "file_name", "folder"),
    [
        ("/data/run/v.mp4", None, "run"),
        ("file:///data/run%20fast/v.mp4", None, "run fast"),
        ("https://videos.example/v.mp4", None, None),
        ("https://videos.example/v.mp4", "jump/v.mp4", "jump"),
        ("C:\\films\\v.mp4", None, "films"),
        ("C:\\v.mp4", None, None),
        ("https://videos.example/a/../../v.mp4", None, "a"),
    ],
)
def test_the_folder_is_that_of_the_file_at_its_source(url: str, file_name: str | None, folder: str | None) -> None:
    assert source_folder(make_record(url=url, source={"file_name": file_name})) == folder


@pytest.mark.parametrize("key", ["", " ", "tag:", "ai_tag: ,", "column:", "column: "])
def test_a_key_that_says_nothing_is_an_error(key: str) -> None:
    with pytest.raises(ConfigError, match="--label"):
        label_reader(key)


def test_a_column_that_is_not_there_is_answered_with_those_that_are() -> None:
    with labelled({"walk": 1}) as library, pytest.raises(ConfigError, match="did you mean label"):
        export(library, "videofolder", label="labell")
    assert [path.name for path in Path().iterdir() if path.name.startswith("out")] == []


HOSTILE = [
    "../../etc", "/etc/passwd", "..", ".", "...", "a/b", "a\\b", "C:\\x", "CON", "nul.txt", "x" * 300, "\u202eabc",
    "a\nb", "walk", "Walk", "WALK ", "caf\u00e9", "cafe\u0301", "-rf", ".hidden", "__pycache__", "metadata.jsonl",
    "a:b", "a?b", "*", " ", "\u00a0", "\U0001f6b6", "\u0939\u093f\u0928\u094d\u0926\u0940",
]  # fmt: skip


def test_no_label_leaves_its_folder_and_none_shares_one() -> None:
    folders = label_folders(HOSTILE)
    assert len({folder.casefold() for folder in folders.values()}) == len(HOSTILE)
    for folder in folders.values():
        assert not re.search(r'[<>:"|?*/\\\x00-\x1f]', folder)
        assert folder == folder.strip(" .")
        assert 0 < len(folder.encode()) <= 120
        assert not folder.startswith((".", "__"))
        assert folder.casefold() not in ("con", "nul.txt", "metadata.jsonl")


def test_hostile_labels_and_names_stay_inside_and_keep_their_labels(tmp_path: Path) -> None:
    with new_library() as library:
        for number, label in enumerate(HOSTILE):
            record = put_video(library, FOLDER.absolute(), f"v{number}.mp4", columns={"label": label})
            library.remove(record["source"]["url"])
            record["filename"] = f"../../{label}.mp4"
            library.save(record, FOLDER.absolute())
        export(library, "videofolder", directory="deep/er/out")
        done = export(library, "webdataset", directory="tars")
    before = {"library.db", "library.db-shm", "library.db-wal", "processed_videos", "deep", "tars"}
    assert {path.name for path in tmp_path.iterdir()} <= before
    lines = Path("deep/er/out/train/metadata.jsonl").read_text().splitlines()
    assert len(lines) == done.items == len(HOSTILE) - 2  # a space is no label
    for line in map(json.loads, lines):
        path = Path("deep/er/out/train", line["file_name"])
        assert path.read_text() == f"v{path.read_text()[1:-4]}.mp4"
        assert re.fullmatch(r"\w[\w+()@-]*\.mp4", path.name)
        assert path.resolve().is_relative_to(Path("deep/er/out/train").resolve())
    assert len({line["label"] for line in map(json.loads, lines)}) == len(HOSTILE) - 3  # and one is spelled twice


def test_a_label_keeps_the_joiners_that_its_script_is_written_with() -> None:
    for label in ("\u0645\u06cc\u200c\u0631\u0648\u062f", "\U0001f468\u200d\U0001f469\u200d\U0001f467"):
        assert label_reader("label")(make_record(columns={"label": label}), None) == label
