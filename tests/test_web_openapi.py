"""Every call of the API with what schemathesis makes up from its description: no answer is a 5xx."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.records import make_record
from tests.web import authorized, config_in, key_of, serving
from vidkit.library import LibraryEntry, video_key

schemathesis = pytest.importorskip("schemathesis")
hypothesis = pytest.importorskip("hypothesis")

EXAMPLES = 12  # of each call in each mode
VIDEOS = 50


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The API's description, as schemathesis reads it, with the address of a server and an administrator's key."""
    config = config_in(tmp_path_factory.mktemp("openapi"))
    waiting = replace(config, serve=replace(config.serve, max_jobs=0))  # jobs that run would take the processors
    with serving(waiting) as (address, services):
        entries = [
            LibraryEntry(make_record(f"{n}.mp4", tags=["Night"]), Path("/results"))  # type: ignore[arg-type]
            for n in range(VIDEOS)
        ]
        services.library.save_all(entries)
        headers = authorized(key_of(services, "admin"))
        described = requests.get(f"{address}/api/openapi.json", headers=headers, timeout=120).json()
        schema = schemathesis.openapi.from_dict(described)
        schema.config.update(base_url=address)
        yield schema, headers, [video_key(entry.record["source"]["url"]) for entry in entries]


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["positive", "negative"])
def test_no_answer_is_a_server_error(api: tuple[Any, dict[str, str], list[str]], mode: str) -> None:
    schema, headers, keys = api
    from schemathesis.checks import not_a_server_error

    wrong: list[str] = []
    asked = 0
    for found in schema.get_all_operations():
        operation = found.ok()
        if operation.path.endswith("/events"):
            continue  # these answers have no end; test_web_hostile reads them
        cases = operation.as_strategy(generation_mode=schemathesis.GenerationMode(mode))

        @hypothesis.settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[hypothesis.Phase.generate],  # to find a shorter one takes minutes
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        @hypothesis.given(case=cases)
        def send(case: Any) -> None:
            nonlocal asked
            asked += 1
            if "key" in case.path_parameters and asked % 4:  # made up, it is one that no video has
                case.path_parameters["key"] = keys[asked % VIDEOS]
            try:
                case.call_and_validate(checks=[not_a_server_error], headers=headers, timeout=120)
            except (requests.exceptions.ConnectionError, requests.exceptions.ChunkedEncodingError):
                # A body that is refused before it is read ends the connection; the server must be well.
                assert requests.get(f"{schema.config.base_url}/healthz", timeout=120).ok

        try:
            send()
        except hypothesis.errors.Unsatisfiable:
            pass  # a call without parameters cannot be wrong
        except Exception as error:
            wrong.append(f"{operation.label}: {str(error)[:1500]}")
    assert not wrong, "\n\n".join(wrong)
    assert asked > 100
