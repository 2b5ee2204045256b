"""A real Chromium for the tests of the web page, and what they ask of a page."""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.waiting import PATIENCE, until

# The policy that `vidkit serve` sends with its page: no code or style but from files of the server.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
    "connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find_chromium() -> str | None:
    """The path of Chromium, or None. Debian's decodes H.264; the one that Playwright would download does not."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((found for name in names if (found := shutil.which(name))), None)


# What the videos of a page are doing.
VIDEOS = """[...document.querySelectorAll("video")].map((video) => [
  video.src, video.readyState, video.networkState, video.paused, video.seeking, video.currentTime
])"""

# How many times slower than this machine the pages run: `BROWSER_SLOWDOWN=8 pytest ...` tries them on a slow one.
SLOWDOWN = float(os.environ.get("BROWSER_SLOWDOWN", 1))
WITHIN = 60  # seconds that a test waits for what a page will show: far more than it takes anywhere


def prepare_page(page: Any) -> Any:
    """Give a new page the patience and the speed that all tests have."""
    page.set_default_timeout(WITHIN * 1000)
    if SLOWDOWN > 1:
        page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWDOWN})
    return page


# The page has loaded, and no colour is changing.
STILL = "document.readyState === 'complete' && !document.getAnimations().some((each) => each.transitionProperty)"


def wait_until(page: Any, expression: str, seconds: float = WITHIN) -> Any:
    """Ask the page until a JavaScript expression is true, and return its value.

    Playwright's own `wait_for_function` evaluates text within the page, which the page's policy forbids.
    """
    end = time.monotonic() + seconds
    while not (value := page.evaluate(expression)):
        assert time.monotonic() < end, f"not within {seconds} s: {expression}; videos: {page.evaluate(VIDEOS)}"
        page.wait_for_timeout(20)
    return value


# Nothing of the page is still loading.
LOADED = (
    "document.querySelector('main h1')"
    " && !document.querySelector('.skeleton, .spinner, .page-loading, main [aria-busy=true]')"
)


def come_to_rest(page: Any) -> None:
    """Wait until a page of the web library has loaded everything."""
    page.wait_for_load_state("networkidle")
    wait_until(page, LOADED)


def press_in_turn(page: Any, first: str, second: str, path: str) -> None:
    """Go to another page of the web library by two keys. The page forgets the first after 1.5 seconds, so on a busy
    machine both may be needed again."""
    for _ in range(20):
        page.keyboard.press(first)
        page.keyboard.press(second)
        if page.evaluate("location.pathname") == path:
            return
    raise AssertionError(f"{first} and {second} do not lead to {path}")


def close_dialog(page: Any) -> None:
    """Close the dialog that is open: until it is closed, nothing below it can have the focus."""
    page.keyboard.press("Escape")
    wait_until(page, "document.querySelector('dialog') === null")


@contextlib.contextmanager
def held_back(page: Any, pattern: str) -> Iterator[list[Any]]:
    """Let the requests for some addresses wait. They go on at the end of the block."""
    held: list[Any] = []
    holding = True

    def handle(route: Any) -> None:
        if holding:
            held.append(route)
        else:
            route.continue_()

    page.route(pattern, handle)
    yield held
    holding = False
    for route in held:
        route.continue_()


def serious_problems(page: Any) -> list[str]:
    """What axe-core finds that is serious or critical on a page: a line each, with the rule and the elements.

    The page is left in the dark scheme: of the two, only contrast differs, so that alone is looked at in both.
    """
    from axe_playwright_python.sync_playwright import Axe

    page.emulate_media(color_scheme="light")
    wait_until(page, STILL)
    found = Axe().run(page).response["violations"]
    page.emulate_media(color_scheme="dark")
    wait_until(page, STILL)
    found += page.evaluate("axe.run({ runOnly: ['color-contrast'] }).then((answer) => answer.violations)")
    return [
        f"{violation['id']}: {violation['help']}: "
        + "; ".join(f"{node['target']} {node.get('failureSummary', '')}" for node in violation["nodes"][:5])
        for violation in found
        if violation["impact"] in ("serious", "critical")
    ]


@contextlib.contextmanager
def served(app: Any) -> Iterator[str]:
    """Serve an ASGI application on a free port of loopback; the value is its address without a slash at the end."""
    import uvicorn

    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until(lambda: server.started or not thread.is_alive())
    assert server.started, "the server did not start"
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(PATIENCE)


def folder_app(*folders: Path) -> Any:
    """An application that gives the files of folders, with `POLICY`. `Range` works, as a player needs it."""
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import FileResponse, Response
    from starlette.routing import Route

    async def give(request: Request) -> Response:
        for folder in folders:
            file = folder / request.path_params["path"]
            if file.is_file():
                return FileResponse(file, headers={"content-security-policy": POLICY})
        return Response(status_code=404)

    return Starlette(routes=[Route("/{path:path}", give)])
