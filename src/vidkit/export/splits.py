"""Splits: which side of a dataset each source video is on."""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

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
        raise ConfigError(f"--split {printable(text)}: write it like 80/10/10 (train, validation, test) or 80/20")
    if sum(shares) > 100:
        raise ConfigError(
            f"--split {printable(text)}: the shares are {sum(shares):g} together, and can be 100 at most"
        )
    names = NAMES[len(shares)]
    return {name: share / sum(shares) for name, share in zip(names, shares, strict=True) if share}


def group_key(sha256: str, seed: int) -> bytes:
    """What stands for a video's content in the table of splits, and its place in the order of this seed."""
    return hashlib.blake2b(f"{seed}:{sha256}".encode("utf-8", "replace"), digest_size=16).digest()


def assign(groups: Mapping[bytes, str], shares: Mapping[str, float], seed: int) -> dict[bytes, str]:
    """Deal videos out to the splits, each label by the same shares.

    A label's videos are taken in the order of their keys and cut at the shares. What does not divide (a label with
    one video) goes where the most is missing over all labels, so that the whole has its shares too. The outcome
    depends on the contents, the labels and the seed alone: not on the library's order, names or the machine.

    Args:
        groups: `group_key` of a video's content -> its label.
        shares: split -> share, as `parse_split` gives them.
        seed: another seed, other splits.
    """
    by_label: defaultdict[str, list[bytes]] = defaultdict(list)
    for key, label in groups.items():
        by_label[label].append(key)
    owed = dict.fromkeys(shares, 0.0)
    sides: dict[bytes, str] = {}
    for label in sorted(by_label, key=lambda label: group_key(label, seed)):
        keys = sorted(by_label[label])
        counts = {split: int(len(keys) * share + 1e-9) for split, share in shares.items()}
        for split, share in shares.items():
            owed[split] += len(keys) * share - counts[split]
        for _ in range(len(keys) - sum(counts.values())):
            split = max(shares, key=lambda split: round(owed[split], 9))
            counts[split] += 1
            owed[split] -= 1
        rest = iter(keys)
        for split, count in counts.items():
            sides.update((next(rest), split) for _ in range(count))
    return sides


def too_few(groups: Mapping[bytes, str], sides: Mapping[bytes, str], splits: Sequence[str]) -> dict[str, int]:
    """The labels that are not in every split -> how many videos they have, in order."""
    there: defaultdict[str, set[str]] = defaultdict(set)
    for key, label in groups.items():
        there[label].add(sides[key])
    counts = Counter(groups.values())
    return {label: counts[label] for label in sorted(there) if len(there[label]) < len(splits)}
