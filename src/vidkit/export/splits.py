"""Assign each source video to a split."""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from vidkit.core import printable
from vidkit.errors import ConfigError

# Number of splits -> their names in Hugging Face's `datasets`.
NAMES = {1: ("train",), 2: ("train", "test"), 3: ("train", "validation", "test")}


def parse_split(text: str | None) -> dict[str, float]:
    """Parse `80/10/10` (train, validation, test), `80/20` (train, test) or None (everything is train).

    Numbers with a sum below 100 are ratios: `4/1` is `80/20`.

    Returns:
        Split -> its share, 0 to 1, with the sum 1. Shares of 0 are left out.

    Raises:
        ConfigError: the text is not one to three numbers, none is above 0, or their sum is above 100.
    """
    parts = re.split(r"\s*[/,:]\s*", (text or "1").strip())
    try:
        shares = [float(part.removesuffix("%")) for part in parts]
    except ValueError:
        shares = []
    if len(shares) not in NAMES or min(shares) < 0 or not 0 < sum(shares) < float("inf"):
        raise ConfigError(
            "--split {text}: write it like 80/10/10 (train, validation, test) or 80/20", text=printable(text)
        )
    if sum(shares) > 100:
        raise ConfigError(
            "--split {text}: the shares are {sum:g} together, and can be 100 at most",
            text=printable(text),
            sum=sum(shares),
        )
    names = NAMES[len(shares)]
    return {name: share / sum(shares) for name, share in zip(names, shares, strict=True) if share}


def group_key(sha256: str, seed: int) -> bytes:
    """The key of a video's content in the table of splits; the order of the keys depends on the seed."""
    return hashlib.blake2b(f"{seed}:{sha256}".encode("utf-8", "replace"), digest_size=16).digest()


def assign(groups: Mapping[bytes, Collection[str]], shares: Mapping[str, float], seed: int) -> dict[bytes, str]:
    """Assign videos to splits, with the same shares for each label.

    A label with one video is in the first split, `train`. A label with fewer videos than splits has one in `train`
    and the others in different splits. A label with at least as many videos as splits is in every split. The other
    videos of a label are assigned in the order of their keys by the shares; a remainder goes to the split that
    lacks the most over all labels. The result depends only on the contents, the labels and the seed, not on the
    order in the library, the names or the machine.

    A video can have several labels (those of its clips). Labels with few videos are assigned first, as in iterative
    stratification (Sechidis, Tsoumakas and Vlahavas 2011). Then videos are moved if that brings a label into a
    split without removing another one. Labels that always occur together may still miss a split.

    Args:
        groups: `group_key` of a video's content -> its labels; "" is no label.
        shares: split -> share, from `parse_split`.
        seed: the seed of the splits.
    """
    by_label: defaultdict[str, list[bytes]] = defaultdict(list)
    for key in sorted(groups):
        for label in groups[key]:
            by_label[label].append(key)
    order = sorted(by_label, key=lambda label: (len(by_label[label]), group_key(label, seed)))
    owed = dict.fromkeys(shares, 0.0)
    assigned: dict[bytes, str] = {}
    for label in order:
        keys = [key for key in by_label[label] if key not in assigned]
        there = Counter(assigned[key] for key in by_label[label] if key in assigned)
        rest = iter(keys)
        for split, count in _dealt(len(keys), there, shares, owed).items():
            assigned.update((next(rest), split) for _ in range(count))
    if any(len(labels) > 1 for labels in groups.values()):
        _mend(groups, by_label, order, list(shares), assigned)
    return assigned


def _dealt(
    many: int, there: Mapping[str, int], shares: Mapping[str, float], owed: dict[str, float]
) -> dict[str, int]:
    """The number of a label's videos for each split. `there` has the videos that are already assigned by another
    label; `owed` is how many videos each split lacks over all labels, and is updated."""
    wanted = {split: share * (many + sum(there.values())) for split, share in shares.items()}
    counts = {split: there.get(split, 0) for split in shares}
    for split, share in shares.items():
        owed[split] += many * share
    first = next(iter(shares))
    for _ in range(many):
        if not counts[first]:
            split = first
        elif empty := [split for split, count in counts.items() if not count]:
            split = _most(empty, owed)
        elif short := [split for split, count in counts.items() if count + 1 <= wanted[split] + 1e-9]:
            split = _most(short, {each: wanted[each] - counts[each] for each in short})
        else:
            split = _most(counts, owed)
        counts[split] += 1
        owed[split] -= 1
    return {split: count - there.get(split, 0) for split, count in counts.items()}


def _most(splits: Iterable[str], missing: Mapping[str, float]) -> str:
    return max(splits, key=lambda split: round(missing[split], 9))


def _mend(
    groups: Mapping[bytes, Collection[str]],
    by_label: Mapping[str, Sequence[bytes]],
    order: Sequence[str],
    splits: Sequence[str],
    assigned: dict[bytes, str],
) -> None:
    """Move videos with several labels, so that labels get into splits where they are missing."""
    counts = {label: Counter(assigned[key] for key in by_label[label]) for label in order}

    def harmless(key: bytes) -> bool:
        """Whether moving a video removes none of its labels from a split."""
        return all(counts[label][assigned[key]] > 1 for label in groups[key])

    for _ in range(3):  # the next round may correct moves of this one
        moved = False
        for label in order:
            for split in splits:
                spread = sum(1 for count in counts[label].values() if count)
                full = spread >= min(len(by_label[label]), len(splits))
                if counts[label][split] or (full and split != splits[0]):
                    continue
                keys = by_label[label]
                # A label that is not in `train` cannot be learned, so `train` has priority.
                key = next(filter(harmless, keys), keys[0] if split == splits[0] else None)
                if key is not None:
                    for each in groups[key]:
                        counts[each][assigned[key]] -= 1
                        counts[each][split] += 1
                    assigned[key] = split
                    moved = True
        if not moved:
            return
