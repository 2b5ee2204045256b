"""What only a build knows: the address of the repository, and a README whose links work away from it.

The address is GitHub's, in its workflows, or that of the clone's remote `origin`. Where there is neither, the
package has no links, and the README's links to other files become words.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface


class Links(MetadataHookInterface):
    """Adds `[project.urls]` and the description."""

    def update(self, metadata: dict[str, Any]) -> None:
        root = Path(self.root)
        address = repository(root)
        readme = (root / "README.md").read_text(encoding="utf-8")
        version = re.search(r'__version__ = "(.+)"', (root / "src" / "vidkit" / "_version.py").read_text())
        assert version
        base = f"{address}/blob/v{version[1]}/" if address else None
        metadata["readme"] = {"content-type": "text/markdown", "text": linked(readme, base)}
        if base:
            metadata["urls"] = {
                "Source": address,
                "Documentation": f"{base}README.md",
                "Changelog": f"{base}CHANGELOG.md",
                "Issues": f"{address}/issues",
            }


def repository(root: Path) -> str | None:
    """The address of the repository's page, without a user name or a key."""
    if name := os.environ.get("GITHUB_REPOSITORY"):
        return f"{os.environ.get('GITHUB_SERVER_URL', 'https://github.com')}/{name}"
    command = ["git", "-C", str(root), "config", "--get", "remote.origin.url"]
    try:
        found = subprocess.run(command, capture_output=True, text=True).stdout.strip()
    except OSError:
        return None
    match = re.fullmatch(r"(?:https?://|ssh://)?(?:[^@/]+@)?([\w.-]+\.\w+)[:/](.+?)(?:\.git)?/?", found)
    return f"https://{match[1]}/{match[2]}" if match and (root / ".git").exists() else None


def linked(text: str, base: str | None) -> str:
    """A page whose links to files of the repository are whole addresses; words where there is no `base`."""

    def whole(match: re.Match[str]) -> str:
        words, target = match.groups()
        if re.match(r"\w+:|#", target):
            return match[0]
        return f"[{words}]({base}{target})" if base else words

    return re.sub(r"\[([^\]]+)\]\(([^)\s]+)\)", whole, text)
