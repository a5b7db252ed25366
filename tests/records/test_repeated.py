"""Is something looked at again and again while a block runs, and not after?"""

import threading

import pytest

from scaling.records.repeated import repeated

SOON_S = 30  # where the machine is busy


def test_looks_follow_one_another_and_end_with_the_block():
    seen, third = [], threading.Event()

    def look():
        seen.append(threading.current_thread().name)
        if len(seen) == 3:
            third.set()

    with repeated(look, 0.001, "looking"):
        assert third.wait(SOON_S)
    count = len(seen)
    assert set(seen) == {"looking"}
    assert not any(thread.name == "looking" for thread in threading.enumerate())
    assert len(seen) == count


def test_an_error_that_is_passed_over_does_not_end_the_looks():
    seen, again = [], threading.Event()

    def look():
        seen.append(1)
        if len(seen) > 1:
            again.set()
        raise ConnectionError("the store is away")

    with repeated(look, 0.001, "looking", passes=(ConnectionError,)):
        assert again.wait(SOON_S)


def test_a_look_that_does_not_end_is_waited_for_no_longer_than_said():
    begun, free = threading.Event(), threading.Event()

    def look():
        begun.set()
        free.wait(SOON_S)

    with repeated(look, 0.001, "hangs", end_s=0.01):
        assert begun.wait(SOON_S)
    assert any(thread.name == "hangs" for thread in threading.enumerate())
    free.set()


def test_the_blocks_own_error_passes_through_and_ends_the_looks():
    with pytest.raises(KeyError), repeated(lambda: None, 0.001, "looking"):
        raise KeyError
    assert not any(thread.name == "looking" for thread in threading.enumerate())
