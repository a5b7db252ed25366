"""Is what no store can do refused in one line, and is one that is away waited for?"""

import os
import threading
import time
import types

import pytest

from scaling.records.storage import stores
from scaling.records.storage.places import here, is_url, shown, url_of
from scaling.records.storage.stores import PATIENCE, Store, StoreError, patience_s, store_at


def test_a_path_tells_its_url():
    path = here("s3://bucket/a//b/")
    assert path.parts[-4:] == ("s3", "bucket", "a", "b")
    assert url_of(path) == shown(path) == "s3://bucket/a/b"
    assert url_of("results") is None and shown("results") == "results"
    assert is_url("gs://b") and not is_url("results") and not is_url("C:/x")


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("nosuch://b/a", r"no store is called nosuch://; those tried are s3, gs"),
        ("file:///b/a", r"file:// names a folder of this machine; give its path alone"),
        ("gs://b/a", r"results at gs:// need gcsfs; install it"),
        ("s3://", r"names no bucket"),
        ("s3://b/../c", r"\.\. begins with a dot"),
    ],
)
def test_a_url_that_holds_no_results_is_refused(url, told, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "gcsfs", None)
    with pytest.raises(ValueError, match=told):
        here(url)


def test_a_store_that_comes_back_is_waited_for(s3, bucket, monkeypatch):
    monkeypatch.setenv(PATIENCE, "60")
    store = store_at(bucket)
    store.put(f"{bucket}/a", b"1")
    s3.kill()
    with pytest.raises(StoreError, match=r"^s3://.*/a: the store does not answer \(.*go on once"):
        store.read(f"{bucket}/a", patience=0.0)
    coming = threading.Timer(1.0, s3.start)
    coming.start()
    began = time.monotonic()
    assert store.read(f"{bucket}/a") == b"1"
    assert time.monotonic() - began > 0.5
    coming.join()


def test_patience_is_a_number_of_seconds(monkeypatch):
    monkeypatch.setitem(os.environ, PATIENCE, "soon")
    with pytest.raises(ValueError, match="'soon' is not a number of seconds"):
        patience_s()


def test_a_store_that_takes_a_request_and_never_answers_is_refused_where_a_command_begins(
    monkeypatch,
):
    monkeypatch.setattr(stores, "ANSWER_S", 0.1)
    monkeypatch.setattr(stores, "CHECK_S", 0.2)
    asked, ended = [], threading.Event()

    def silent(path):
        asked.append(path)
        ended.wait(60)

    store = Store("memory")
    monkeypatch.setattr(store, "files", types.SimpleNamespace(info=silent, _strip_protocol=str))
    with pytest.raises(StoreError, match=r"the store does not answer \(no answer within 0.1 s\)"):
        store.version("memory://a/b", stores.CHECK_S)
    assert asked
    ended.set()
    # what it says is told as it is
    monkeypatch.setattr(store.files, "info", lambda path: {"type": "file", "size": 3, "ETag": "x"})
    assert store.version("memory://a/b", stores.CHECK_S) == "3-x"
