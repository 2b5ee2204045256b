"""What can go wrong with a MongoDB server, and what other programs find there. A real mongod, with users."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from vidkit import connect_to_mongodb, get_mongodb_collection
from vidkit.errors import LibraryError
from vidkit.library import LibraryEntry, parse_query
from vidkit.library.mongodb.backend import open_mongodb
from vidkit.library.mongodb.server import shown_server

from .mongod import mongod
from .records import make_record

PASSWORD = "s3cr:t/p@ss"
QUOTED = "s3cr%3At%2Fp%40ss"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server that asks for a password: `writer` may write, `reader` only read."""
    with mongod(tmp_path_factory.mktemp("guarded"), "--auth") as address:
        # Until there is a user, a server lets one be made from the same machine.
        with MongoClient[dict[str, object]](address) as client:
            client.admin.command("createUser", "root", pwd=PASSWORD, roles=["root"])
        with MongoClient[dict[str, object]](f"mongodb://root:{QUOTED}@{address}/") as client:
            for name, role in (("writer", "readWrite"), ("reader", "read")):
                client.admin.command("createUser", name, pwd=PASSWORD, roles=[{"role": role, "db": "films"}])
        yield address


def said(uri: str, timeout: float = 5.0) -> str:
    with pytest.raises(LibraryError) as caught:
        open_mongodb(uri, "films", timeout=timeout).close()
    chain = [caught.value, caught.value.__cause__, caught.value.__context__]
    message = str(caught.value)
    for part in ("s3cr", "p@ss", "p%40ss"):
        assert part not in message
    assert not any(part in str(error) for error in chain if error for part in ("p@ss", "p%40ss"))
    return message


def test_a_server_that_is_away_is_named_without_its_password() -> None:
    with socket.socket() as silent:  # it has the port, and does not listen
        silent.bind(("127.0.0.1", 0))
        port = silent.getsockname()[1]
        message = said(f"mongodb://me:{QUOTED}@127.0.0.1:{port}/films?retryWrites=false", timeout=0.5)
    assert f"mongodb://127.0.0.1:{port} does not answer: 127.0.0.1:{port}: [Errno" in message
    assert "[MongoDB] URI" in message


def test_a_wrong_password_is_named_without_it(guarded: str) -> None:
    for uri in (f"mongodb://writer:{QUOTED}x@{guarded}/", f"mongodb://nobody:{QUOTED}@{guarded}/"):
        assert said(uri) == (
            f"mongodb://{guarded} does not let you in: the user name or the password in [MongoDB] URI is wrong."
        )


@pytest.mark.parametrize(
    "uri",
    [
        f"mongodb://me:{PASSWORD}@127.0.0.1/",
        "mongodb://me:s3cr@127.0.0.1:p@ss/",
        "mongodb://me:s3cr:p@ss@host/",
        "mongodb+srv://me:s3cr@127.0.0.1:1/?p@ss",
        "mongodb://",
        "mongodb://me:s3cr@host:99999/",
        "mongodb://me:s3cr?p@ss@host/",
    ],
)
def test_a_wrong_uri_is_named_without_its_password(uri: str) -> None:
    assert "Write mongodb:// and then user:password@host:27017/" in said(uri, timeout=0.2)


def test_a_certificate_that_is_not_there_is_named() -> None:
    message = said("mongodb://me:s3cr@host/?tls=true&tlsCAFile=/no/such/file", timeout=0.2)
    assert message.endswith("/no/such/file, which [MongoDB] URI names, cannot be read: No such file or directory")


def test_a_server_is_shown_without_user_password_and_options() -> None:
    assert shown_server("mongodb+srv://me:pw@a.example/db?authSource=x") == "mongodb+srv://a.example"
    assert shown_server("mongodb://me:p@w@a:1,b:2/db?x=y") == "mongodb://a:1,b:2"
    assert shown_server("mongodb://[::1]:27017") == "mongodb://[::1]:27017"
    cosmos = "mongodb://acc:Key==@acc.mongo.cosmos.azure.com:10255/?ssl=true&replicaSet=globaldb&appName=@acc@"
    assert shown_server(cosmos) == "mongodb://acc.mongo.cosmos.azure.com:10255"


def test_a_user_who_may_only_read_can_search_and_is_told_so_when_saving(guarded: str) -> None:
    with open_mongodb(f"mongodb://writer:{QUOTED}@{guarded}/", "films") as library:
        library.save(make_record("a.mp4", scenes=["rain"]), Path())
    with open_mongodb(f"mongodb://reader:{QUOTED}@{guarded}/", "films") as library:
        assert len(library.search(parse_query("rain"))) == 1
        with pytest.raises(
            LibraryError, match=f"mongodb://{guarded} does not allow this user to do that"
        ) as caught:
            library.save(make_record("b.mp4"), Path())
        assert "s3cr" not in str(caught.value)


def test_a_server_that_goes_away_in_the_middle_is_named_and_used_again_when_it_is_back(tmp_path: Path) -> None:
    port = None
    with mongod(tmp_path / "data") as address:
        port = address.rpartition(":")[2]
        library = open_mongodb(f"mongodb://{address}/?serverSelectionTimeoutMS=3000")
        library.save(make_record("a.mp4"), Path())
    try:
        for ask in (
            lambda: library.save(make_record("b.mp4"), Path()),
            library.stats,
            lambda: library.find("a.mp4"),
        ):
            with pytest.raises(LibraryError, match=f"mongodb://127.0.0.1:{port} does not answer"):
                ask()
        with mongod(tmp_path / "data", port=int(port)):
            assert library.find("a.mp4")
            library.save(make_record("b.mp4"), Path())
            assert library.stats().videos == 2
    finally:
        library.close()


def test_what_was_saved_is_there_after_the_server_was_killed(tmp_path: Path) -> None:
    with mongod(tmp_path / "data") as address:
        with open_mongodb(f"mongodb://{address}/") as library:
            library.save(make_record("a.mp4"), Path())
        os.kill(int((tmp_path / "data" / "mongod.lock").read_text()), signal.SIGKILL)
    with mongod(tmp_path / "data") as address, open_mongodb(f"mongodb://{address}/") as library:
        assert library.find("a.mp4")


def test_other_programs_find_the_record_as_a_plain_document(guarded: str, monkeypatch: pytest.MonkeyPatch) -> None:
    uri = f"mongodb://writer:{QUOTED}@{guarded}/"
    with open_mongodb(uri, "films", "seen") as library:
        library.save_all(
            [LibraryEntry(make_record("a.mp4", tags=["Night"], columns={"label": "eat"}), Path("/results"))]
        )
    monkeypatch.setenv("VIDKIT_MONGODB_URI", uri)
    monkeypatch.setenv("VIDKIT_MONGODB_DATABASENAME", "films")
    monkeypatch.setenv("VIDKIT_MONGODB_COLLECTIONNAME", "seen")
    client = connect_to_mongodb()
    for collection in (get_mongodb_collection(client, "films", "seen"), get_mongodb_collection()):
        found = collection.find_one({"tags": "Night", "source.columns.label": "eat", "duration": {"$gt": 5}})
        assert found is not None
        assert found["filename"] == "a.mp4"
        collection.database.client.close()


def test_a_collection_of_an_older_vidkit_is_indexed_again_once_and_says_so(
    guarded: str, caplog: pytest.LogCaptureFixture
) -> None:
    uri = f"mongodb://writer:{QUOTED}@{guarded}/"
    with open_mongodb(uri, "films", "older") as library:
        library.save(make_record("a.mp4", scenes=["a dog walks"]), Path("/x"))
    with MongoClient[dict[str, Any]](f"mongodb://root:{QUOTED}@{guarded}/") as client:
        client["films"].drop_collection("older_words")
    with open_mongodb(f"mongodb://reader:{QUOTED}@{guarded}/", "films", "older") as library:
        assert library.search(parse_query("walking")) == []
        assert len(library.search(parse_query("walks"))) == 1
    for said in ("its words are indexed again, once", ""):
        caplog.clear()
        with open_mongodb(uri, "films", "older") as library:
            assert [moment.filename for moment in library.search(parse_query("walking"))] == ["a.mp4"]
        assert said in caplog.text
        assert bool(said) == bool(caplog.text)


def test_phrases_in_an_older_collection_are_found_and_indexed_once(
    guarded: str, caplog: pytest.LogCaptureFixture
) -> None:
    uri = f"mongodb://writer:{QUOTED}@{guarded}/"
    with open_mongodb(uri, "films", "phrases") as library:
        library.save(make_record("a.mp4", scenes=["the red car of 1984", "rain"]), Path("/x"))
        library.save(make_record("b.mp4", scenes=["a car, red", "the car is the red one"]), Path("/x"))
    with MongoClient[dict[str, Any]](f"mongodb://root:{QUOTED}@{guarded}/") as client:
        client["films"]["phrases"].update_many({}, {"$unset": {"_vidkit.pairs": 1}})
        client["films"]["phrases_words"].update_many({}, {"$unset": {"pairs": 1}})
        client["films"]["phrases_words"].delete_many({"stem": {"$exists": False}})

    def check(user: str) -> None:
        with open_mongodb(f"mongodb://{user}:{QUOTED}@{guarded}/", "films", "phrases") as library:
            for typed in ('"red car"', '"the red car"', '"red ca"*', "19*"):
                assert [moment.filename for moment in library.search(parse_query(typed))] == ["a.mp4"], typed
            assert library.search(parse_query('"red rain"')) == []

    check("reader")
    for said in ("its phrases are indexed, once", ""):
        caplog.clear()
        check("writer")
        assert said in caplog.text
        assert bool(said) == bool(caplog.text)
    with MongoClient[dict[str, Any]](f"mongodb://root:{QUOTED}@{guarded}/") as client:
        assert client["films"]["phrases"].count_documents({"_vidkit.pairs": {"$exists": True}}) == 2
        assert client["films"]["phrases_words"].find_one({"_id": "1984"}) is not None
    check("reader")


def test_a_missing_uri_is_reported() -> None:
    with pytest.raises(LibraryError, match=r"no MongoDB is set: give \[MongoDB\] URI"):
        connect_to_mongodb()


def test_impossible_names_are_reported(guarded: str) -> None:
    with pytest.raises(LibraryError, match="database name"):
        open_mongodb(f"mongodb://writer:{QUOTED}@{guarded}/", "fil ms")


def test_a_record_too_large_for_mongodb_is_named(guarded: str) -> None:
    with (
        open_mongodb(f"mongodb://writer:{QUOTED}@{guarded}/", "films") as library,
        pytest.raises(LibraryError, match=r"mongodb://127.0.0.1:\d+ fails: .*(large|size)"),
    ):
        library.save(make_record(qwen_description="x" * 17_000_000), Path())
