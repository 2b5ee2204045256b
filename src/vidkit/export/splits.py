"""Assign each source video to a split."""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from vidkit.core import printable
from vidkit.errors import ConfigError

# The names that Hugging Face's `datasets` has for them, by how many there are.
NAMES = {1: ("train",), 2: ("train", "test"), 3: ("train", "validation", "test")}


def parse_split(text: str | None) -> dict[str, float]:
    """Read `80/10/10` (train, validation, test), `80/20` (train, test) or None (all is train).

    Returns:
        Split -> its share, 0 to 1; together 1. A share of 0 is left out.

    Numbers that are less than 100 together are ratios: `4/1` is `80/20`.

    Raises:
        ConfigError: these are no one to three numbers, or none is above 0, or they are more than 100 together.
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
    """What stands for a video's content in the table of splits, and its place in the order of this seed."""
    return hashlib.blake2b(f"{seed}:{sha256}".encode("utf-8", "replace"), digest_size=16).digest()


def assign(groups: Mapping[bytes, Collection[str]], shares: Mapping[str, float], seed: int) -> dict[bytes, str]:
    """Deal videos out to the splits, each label by the same shares.

    A label with one video is in the first split, `train`. A label with fewer videos than there are splits has one
    in `train` and the others in different splits. A label with as many videos as splits, or more, is in every
    split. Beyond that a label's videos are taken in the order of their keys and cut at the shares; what does not
    divide goes where the most is missing over all labels. The outcome depends on the contents, the labels and the
    seed alone: not on the library's order, names or the machine.

    A video may have several labels (those of its clips). Labels with few videos are dealt out first, as in
    iterative stratification (Sechidis, Tsoumakas and Vlahavas 2011), and videos are moved where that brings a label
    into a split without taking another one out. Labels that always come together may still miss a split.

    Args:
        groups: `group_key` of a video's content -> its labels; "" stands for no label.
        shares: split -> share, as `parse_split` gives them.
        seed: another seed, other splits.
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
    """How many of a label's videos go to each split. `there` are those that another label brought into one; `owed`
    is what each split lacks over all labels, and is kept up."""
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
    """Move videos that have several labels, so that labels come into the splits that they are not in."""
    counts = {label: Counter(assigned[key] for key in by_label[label]) for label in order}

    def harmless(key: bytes) -> bool:
        """Whether no label of a video loses a split by its leaving; at most it changes one for a new one."""
        return all(counts[label][assigned[key]] > 1 for label in groups[key])

    for _ in range(3):  # what one move took away, the next round may bring back
        moved = False
        for label in order:
            for split in splits:
                spread = sum(1 for count in counts[label].values() if count)
                full = spread >= min(len(by_label[label]), len(splits))
                if counts[label][split] or (full and split != splits[0]):
                    continue
                keys = by_label[label]
                # A label that is not in `train` cannot be learned: this goes before all else.
                key = next(filter(harmless, keys), keys[0] if split == splits[0] else None)
                if key is not None:
                    for each in groups[key]:
                        counts[each][assigned[key]] -= 1
                        counts[each][split] += 1
                    assigned[key] = split
                    moved = True
        if not moved:
            return
