"""The files of the pages: compressed, in memory, under an address that changes when one of them does.

A page loads some fifty modules. The version of all files is in their address, so a browser keeps them without
asking again, and never mixes the modules of two versions. The HTML names all modules that a page imports, so that
they are loaded at once and not import by import.
"""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
import posixpath
import re
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from vidkit._version import __version__
from vidkit.web.problems import Problem, not_found

_COMPRESSED_FROM = 1000  # bytes
_VERSIONED = re.compile(r"([0-9a-f]{16})/(.+)", re.ASCII)
_IMPORT = re.compile(r"""\b(?:import|export)\b[^"'();]*["'](\.{1,2}/[^"']+\.js)["']""")
_STYLE = re.compile(r'new URL\("([^"]+\.css)", import\.meta\.url\)')
_MODULES = "    <!-- modules and styles of this page -->\n"


@dataclass(frozen=True)
class PageFile:
    """A file as it was read.

    Attributes:
        stamp: its size and when it was changed.
        content: its bytes.
        media_type: the `Content-Type`.
    """

    stamp: tuple[int, int]
    content: bytes
    media_type: str

    @cached_property
    def etag(self) -> str:
        """Changes with the content. The compressed form has the same."""
        return f'W/"{hashlib.sha256(self.content).hexdigest()[:32]}"'

    @cached_property
    def compressed(self) -> bytes | None:
        """Its bytes compressed by gzip; None if the file is too small to gain from it."""
        return gzip.compress(self.content, 6, mtime=0) if len(self.content) >= _COMPRESSED_FROM else None


class PageFiles:
    """The files of a folder as an ASGI application, and the HTML of each page."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, PageFile] = {}
        self._pages: dict[str, bytes] = {}
        self._version = ""
        self._stamps: dict[str, tuple[int, int]] = {}  # of that version

    def find(self, name: str) -> PageFile | None:
        """A file by its name, such as `pages/library.js`; it is read again once it has changed."""
        if "\0" in name or "\\" in name or {"", ".", ".."} & set(name.split("/")):
            return None
        path = self._folder / name
        try:
            found = path.stat()
            known = self._files.get(name)
            stamp = (found.st_size, found.st_mtime_ns)
            if known is None or known.stamp != stamp:
                media_type = mimetypes.guess_type(name)[0] or "text/plain"
                known = self._files[name] = PageFile(stamp, path.read_bytes(), _TYPES.get(path.suffix, media_type))
        except OSError:  # it is not there, or it is a folder
            return None
        return known

    def version(self) -> str:
        """A text that changes when any of the files does."""
        found = {path.relative_to(self._folder).as_posix(): path.stat() for path in self._folder.rglob("*.*")}
        stamps = {name: (each.st_size, each.st_mtime_ns) for name, each in sorted(found.items())}
        if stamps != self._stamps:
            self._pages.clear()
            self._stamps = stamps
            self._version = hashlib.sha256(repr((__version__, stamps)).encode()).hexdigest()[:16]
        return self._version

    def html(self, module: str) -> bytes:
        """The HTML of the page of a module such as `pages/library.js`."""
        version = self.version()
        if module not in self._pages:
            lines = [f'    <link rel="stylesheet" href="/static/{name}">\n' for name in self._named(_STYLE, module)]
            modules = self.imports_of("early.js", "app.js", module)
            lines += [f'    <link rel="modulepreload" href="/static/{name}">\n' for name in modules]
            page = self._text("index.html").replace(_MODULES, "".join(lines))
            self._pages[module] = page.replace('"/static/', f'"/static/{version}/').encode()
        return self._pages[module]

    def imports_of(self, *names: str) -> list[str]:
        """Modules with all that they import, directly or not; a dynamic `import()` does not count."""
        found = list(names)
        for name in found:  # grows
            found += [each for each in self._named(_IMPORT, name) if each not in found]
        return found

    def _named(self, pattern: re.Pattern[str], name: str) -> list[str]:
        """The files that a module names; the first group of the pattern is the relative address."""
        folder = posixpath.dirname(name)
        named = (posixpath.normpath(posixpath.join(folder, each)) for each in pattern.findall(self._text(name)))
        return list(dict.fromkeys(named))

    def _text(self, name: str) -> str:
        file = self.find(name)
        return file.content.decode() if file else ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request for a file, below the path that this application is mounted at."""
        if scope["method"] not in ("GET", "HEAD"):
            raise Problem(
                HTTPStatus.METHOD_NOT_ALLOWED, "the files of the page can only be read", {"Allow": "GET, HEAD"}
            )
        name = scope["path"][len(scope["root_path"]) :].removeprefix("/")
        versioned = _VERSIONED.fullmatch(name)
        file = self.find(versioned[2] if versioned else name)
        if file is None:
            raise not_found("the page has no such file")
        if versioned and not self._is_of(file, *versioned.groups()):
            raise not_found("vidkit has been updated: load the page again")
        await self._answer(Headers(scope=scope), file, bool(versioned))(scope, receive, send)

    def _is_of(self, file: PageFile, version: str, name: str) -> bool:
        if version == self._version and file.stamp == self._stamps.get(name):
            return True
        return version == self.version()

    def _answer(self, headers_in: Headers, file: PageFile, for_ever: bool) -> Response:
        headers = {
            "Cache-Control": "public, max-age=31536000, immutable" if for_ever else "no-cache",
            "ETag": file.etag,
            "Vary": "Accept-Encoding",
        }
        if file.etag in headers_in.get("if-none-match", ""):
            return Response(None, HTTPStatus.NOT_MODIFIED, headers)
        content = file.content
        if file.compressed and "gzip" in headers_in.get("accept-encoding", ""):
            content = file.compressed
            headers["Content-Encoding"] = "gzip"
        return Response(content, headers=headers, media_type=file.media_type)


_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".html": "text/html"}
