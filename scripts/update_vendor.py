"""Update the libraries of the web page: `python scripts/update_vendor.py` (needs node and npm).

Takes the versions that scripts/web/package-lock.json pins from npm, and writes what the page loads into
src/vidkit/web/static/vendor, each library with its licence, and `vendor.json` with the hash of each file.
`--check` writes nothing: it says whether the folder is what npm gives, and exits with 1 if it is not.

To take a newer version: change scripts/web/package.json, run `npm install --package-lock-only` there, run this.
"""

from __future__ import annotations

import argparse
import filecmp
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
WEB = ROOT / "scripts" / "web"
VENDOR = ROOT / "src" / "vidkit" / "web" / "static" / "vendor"


@dataclass(frozen=True)
class Library:
    """A package of npm: its folder, and which of its files are copied under which name."""

    package: str
    folder: str
    files: dict[str, str]
    bundle: str | None = None
    licences: tuple[str, ...] = ("LICENSE",)
    note: str = ""
    imports: dict[str, str] = field(default_factory=dict)


LIBRARIES = (
    Library(
        "preact",
        "preact",
        {"dist/preact.mjs": "preact.js", "hooks/dist/hooks.mjs": "hooks.js"},
        imports={"preact": "./preact.js"},
    ),
    Library("@preact/signals-core", "preact-signals-core", {"dist/signals-core.module.js": "signals-core.js"}),
    Library(
        "@preact/signals",
        "preact-signals",
        {"dist/signals.module.js": "signals.js"},
        imports={
            "preact": "../preact/preact.js",
            "preact/hooks": "../preact/hooks.js",
            "@preact/signals-core": "../preact-signals-core/signals-core.js",
        },
    ),
    Library("htm", "htm", {"dist/htm.module.js": "htm.js"}),
    Library(
        "media-chrome",
        "media-chrome",
        {},
        bundle="media-chrome.js",
        note="bundled from scripts/web/media-chrome-entry.js; style in constructed style sheets",
    ),
    Library(
        "uplot",
        "uplot",
        {"dist/uPlot.min.css": "uplot.css"},
        bundle="uplot.js",
        note="dist/uPlot.esm.js, minified",
    ),
    Library(
        "swagger-ui-dist",
        "swagger-ui",
        {"swagger-ui-bundle.js": "swagger-ui-bundle.js", "swagger-ui.css": "swagger-ui.css"},
        licences=("LICENSE", "NOTICE", "swagger-ui-bundle.js.LICENSE.txt"),
    ),
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="only compare, and exit with 1 if anything differs")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vidkit-vendor-") as folder:
        made = Path(folder, "vendor")
        make_vendor(Path(folder), made)
        if options.check:
            differing = sorted(_differing(made, VENDOR))
            print("\n".join(f"differs from npm: {name}" for name in differing) or "vendor is what npm gives")
            return 1 if differing else 0
        if VENDOR.exists():
            shutil.rmtree(VENDOR)
        shutil.copytree(made, VENDOR)
    print(f"wrote {VENDOR.relative_to(ROOT)}")
    return 0


def make_vendor(work: Path, made: Path) -> None:
    """Fetch the pinned packages into the folder `work` and write the vendor folder `made` from them."""
    for name in ("package.json", "package-lock.json"):
        shutil.copy(WEB / name, work)
    # No package may run its own code during the installation; npm compares each with the lock file's hash.
    npm = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
    subprocess.run(npm, cwd=work, check=True)
    bundles = work / "bundles"
    subprocess.run(["node", str(WEB / "bundle.mjs"), str(work), str(bundles)], check=True)
    manifest = [_take(library, work / "node_modules" / library.package, bundles, made) for library in LIBRARIES]
    text = json.dumps({"libraries": manifest}, indent=2) + "\n"
    (made / "vendor.json").write_text(text, encoding="utf-8")


def _take(library: Library, package: Path, bundles: Path, made: Path) -> dict[str, object]:
    """Copy a library's files; return its entry in vendor.json."""
    folder = made / library.folder
    folder.mkdir(parents=True)
    for source, name in library.files.items():
        (folder / name).write_text(_ready(library, package / source), encoding="utf-8")
    if library.bundle:
        shutil.copy(bundles / library.bundle, folder)
    for licence in library.licences:
        shutil.copyfile(package / licence, folder / licence)
    about = json.loads((package / "package.json").read_text(encoding="utf-8"))
    version = about["version"]
    entry: dict[str, object] = {
        "name": library.package,
        "version": version,
        "licence": about["license"],
        "source": f"https://www.npmjs.com/package/{library.package}/v/{version}",
        "folder": library.folder,
        "files": {file.name: _sha256(file) for file in sorted(folder.iterdir())},
    }
    return entry | ({"note": library.note} if library.note else {})


def _ready(library: Library, source: Path) -> str:
    """The text of a file, with imports that a browser finds without an import map, and without its source map."""
    text = source.read_text(encoding="utf-8")
    text = re.sub(r"\s*(//# sourceMappingURL=\S+|/\*# sourceMappingURL=\S+\s*\*/)\s*$", "\n", text)
    for name, path in library.imports.items():
        text = re.sub(rf'\b(from|import)\s*"{re.escape(name)}"', rf'\1"{path}"', text)
    return text


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _differing(one: Path, other: Path) -> set[str]:
    """Relative paths of the files that differ between two folders, or are missing in one."""
    names = {str(file.relative_to(root)) for root in (one, other) for file in root.rglob("*") if file.is_file()}
    return {
        name
        for name in names
        if not ((one / name).is_file() and (other / name).is_file())
        or not filecmp.cmp(one / name, other / name, shallow=False)
    }


if __name__ == "__main__":
    sys.exit(main())
