"""Does one process at a time hold a part of the results at a store?"""

import json
import subprocess
import sys
import threading

import pytest

from scaling.records.state.lease import leased
from scaling.records.storage import lease as leases
from scaling.records.storage.copies import check_held
from scaling.records.storage.lease import Lease, Taken
from scaling.records.storage.places import here, url_of
from scaling.records.storage.stores import StoreError, store_at


@pytest.fixture
def folder(bucket):
    return here(f"{bucket}/runs/a")


def test_a_lease_is_one_processs_until_it_lets_it_go(folder, another_machine):
    held, url = Lease(folder), url_of(folder)
    held.acquire()
    another_machine()
    with pytest.raises(Taken, match=r"^process \d+ on "):
        Lease(here(str(url))).acquire()
    held.release()
    again = Lease(here(str(url)))
    again.acquire()
    again.release()


def test_of_many_that_begin_at_once_one_gets_it(folder):
    held, refused = [], []

    def begin():
        lease = Lease(folder)
        try:
            lease.acquire()
            held.append(lease)
        except Taken:
            refused.append(lease)

    threads = [threading.Thread(target=begin) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    held[0].release()
    assert (len(held), len(refused)) == (1, 7)


def test_one_that_fell_silent_is_lost_and_finds_it_out(folder, monkeypatch):
    monkeypatch.setattr(leases, "RENEW_S", 0.2)
    monkeypatch.setattr(leases, "STALE_AFTER_S", -1.0)
    silent, taker = Lease(folder), Lease(folder)
    silent.acquire()
    taker.acquire()
    silent._thread.join(20)
    with pytest.raises(StoreError, match="took this work over"):
        check_held(f"{url_of(folder)}/state.json")
    silent.release(), taker.release()
    again = Lease(folder)
    again.acquire()
    check_held(f"{url_of(folder)}/state.json")
    again.release()


def test_a_process_of_this_machine_that_is_gone_holds_nothing(folder):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    held = Lease(folder)
    content = json.loads(held._content()) | {"pid": gone.pid}
    store_at(held.url).create(held._place(1), json.dumps(content).encode())
    held.acquire()
    assert held.number == 2
    held.release()
    assert list(store_at(held.url).listing(held.url)) == ["000002.json"]


def test_two_sweeps_of_a_study_at_a_url_are_told_apart(folder):
    with leased(folder):
        other = Lease(folder)
        with pytest.raises(Taken):
            other.acquire()
        with pytest.raises(ValueError, match=r"works on s3://.* already"), leased(folder):
            raise AssertionError("entered")
    with leased(folder):
        pass
