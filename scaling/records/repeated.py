"""How is something looked at every few seconds while a block runs? In a thread of its own."""

import contextlib
import threading
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def repeated(
    look: Callable[[], object],
    every_s: float,
    name: str,
    passes: tuple[type[Exception], ...] = (),
    end_s: float | None = None,
) -> Iterator[None]:
    """While entered, ``look`` is called every ``every_s`` seconds in a thread called ``name``.

    After an error of a kind in ``passes`` the next look comes as usual. The end waits for a look
    that is under way, for ``end_s`` seconds at most.
    """
    ended = threading.Event()

    def run() -> None:
        while not ended.wait(every_s):
            with contextlib.suppress(*passes):
                look()

    thread = threading.Thread(target=run, daemon=True, name=name)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(timeout=end_s)
