"""The table of dataset formats. A new format is a function that writes samples, and a row here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from vidkit.errors import ConfigError
from vidkit.export import activitynet, fiftyone, kinetics, labelstudio, tables, videofolder, webdataset
from vidkit.export.items import DatasetSpec, Sample
from vidkit.record import Record


def _in_media(sample: Sample, spec: DatasetSpec, suffix: str) -> str:
    return f"media/{sample.name}{suffix}"


@dataclass(frozen=True)
class Format:
    """A dataset format.

    Args:
        write: writes the samples into the spec's folder.
        modes: the possible file modes, the default first. `pack` puts files into archives.
        needs_label: whether items without a label are left out.
        whole_videos: whether a sample is a video with all items on its timeline, not a single item.
        keeps_gone: whether a sample with a missing file still gets a row, in the mode `reference`.
        place: returns the path of a sample's file in the dataset, for the file's extension.
        loads_with: a line of code to load it, for the card.
        hub: the pattern of a split's files for Hugging Face's `datasets`, if that loads the format.
        features: (column, type) for `datasets`, for the card; empty if it reads them from the files.
    """

    write: Callable[[Iterable[Sample], DatasetSpec], None]
    modes: tuple[str, ...]
    loads_with: str
    needs_label: bool = True
    whole_videos: bool = False
    keeps_gone: Callable[[Record], bool] = lambda record: False
    place: Callable[[Sample, DatasetSpec, str], str] = _in_media
    hub: str | None = None
    features: tuple[tuple[str, str], ...] = ()


_ANY = ("reference", "link", "copy")

FORMATS: dict[str, Format] = {
    "videofolder": Format(
        videofolder.write,
        ("link", "copy"),
        'datasets.load_dataset("{folder}")',
        place=videofolder.place,
        hub="{split}/**",
        features=videofolder.FEATURES,
    ),
    "webdataset": Format(
        webdataset.write,
        ("pack",),
        'webdataset.WebDataset("{folder}/train-000000.tar", shardshuffle=False).decode()',
        hub="{split}-*.tar",
    ),
    "parquet": Format(
        tables.write_parquet,
        _ANY,
        'pandas.read_parquet("{folder}/train.parquet")',
        needs_label=False,
        keeps_gone=lambda record: True,
        hub="{split}.parquet",
    ),
    "csv": Format(
        tables.write_csv,
        _ANY,
        'pandas.read_csv("{folder}/train.csv")',
        needs_label=False,
        keeps_gone=lambda record: True,
        hub="{split}.csv",
    ),
    "jsonl": Format(
        tables.write_jsonl,
        _ANY,
        'pandas.read_json("{folder}/train.jsonl", lines=True)',
        needs_label=False,
        keeps_gone=lambda record: True,
        hub="{split}.jsonl",
    ),
    "kinetics": Format(
        kinetics.write, _ANY, 'pytorchvideo.data.Kinetics("{folder}/train.txt", make_clip_sampler("random", 2))'
    ),
    "activitynet": Format(
        activitynet.write,
        _ANY,
        'json.load(open("{folder}/activitynet.json"))["database"]',
        whole_videos=True,
    ),
    "fiftyone": Format(
        fiftyone.write,
        ("link", "copy", "reference"),
        'fiftyone.Dataset.from_dir("{folder}", dataset_type=fiftyone.types.FiftyOneVideoLabelsDataset)',
        needs_label=False,
        whole_videos=True,
        place=fiftyone.place,
    ),
    "labelstudio": Format(
        labelstudio.write,
        _ANY,
        "import tasks.json into a project whose labeling interface is labeling_config.xml",
        needs_label=False,
        whole_videos=True,
        keeps_gone=labelstudio.is_online,
    ),
}


def file_mode(name: str, asked: str | None, new_files: bool = False) -> str:
    """The file mode of an export: `pack`, `copy`, `link` or `reference`.

    Args:
        name: the name of the format.
        asked: the mode that the user wants; None for the default.
        new_files: whether each file is made again, so that it can only be copied or packed.

    Raises:
        ConfigError: the format does not support this mode.
    """
    modes = FORMATS[name].modes
    if new_files and asked in (None, "copy"):
        return "copy" if "copy" in modes else modes[0]
    if new_files:
        raise ConfigError("--{asked}: --blur makes new files: say --copy, or nothing", asked=asked)
    if asked is None or (modes == ("pack",) and asked == "copy"):
        return modes[0]
    if asked in modes:
        return asked
    if modes == ("pack",):
        raise ConfigError("--{asked}: {name} holds the files themselves, in its archives", asked=asked, name=name)
    raise ConfigError(
        "--{asked}: {name} needs the files in its folder; say {options}",
        asked=asked,
        name=name,
        options=" or ".join(map("--{}".format, modes)),
    )
