"""Who is told when a sweep ends, loses a trial, or nears its budget? A URL that takes Slack's form.

Each message is a POST of ``{"text": ...}``. The URL is a secret: it stands in no record and in no
word of ours, and its errors are told without it.
"""

import json
import os
import queue
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from scaling.records.spending.told import read_told, write_told

VARIABLE = "DIT_SCALING_WEBHOOK"
ANSWER_S = 10.0  # for the other side to take a message
END_S = 15.0  # for the last messages, when the sweep is over
LOST = ("failed", "diverged")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirected POST would arrive as a GET without its text."""

    def redirect_request(self, *asked):
        return None


def checked_url(url: str | None) -> str | None:
    """``url``, or else what $DIT_SCALING_WEBHOOK holds. ValueError for what is no URL."""
    url = os.environ.get(VARIABLE) or None if url is None else url
    if url is None:
        return None
    try:
        parts = urlsplit(url)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound or not (url.isascii() and url.isprintable()) or " " in url:
        raise ValueError(
            "the webhook's URL is none: it must be https://HOST/..., as Slack's page of incoming "
            f"webhooks shows it (--webhook or ${VARIABLE}; it is not repeated here)"
        )
    return url


class Webhook:
    """Sends messages in order from a thread of its own; ``say`` is told the first that fails.

    Without a URL nothing is sent. What is told ``once`` is noted in ``folder``, so that no later
    sweep of the study tells it again. Leaving the ``with`` block waits a few seconds for what was
    not sent yet, and tells of an exception that ends the sweep, but for bad input.
    """

    def __init__(
        self, url: str | None, study: str, say: Callable[[str], None], folder: Path | None = None
    ):
        self.study, self.say, self.folder = study, say, folder
        self._url = url
        self._asked: set[str] = set()  # what was to be told once, by this sweep
        self._failed = False
        self._texts: queue.Queue[tuple[str, str | None] | None] = queue.Queue()
        self._thread = threading.Thread(target=self._work, name="webhook", daemon=True)

    def __enter__(self) -> "Webhook":
        self._thread.start()
        return self

    def __exit__(self, kind, *exception) -> None:
        if kind is not None and not issubclass(kind, ValueError):  # bad input, told already
            self.send(f"the sweep ended with {kind.__name__}")
        self._texts.put(None)
        self._thread.join(END_S)

    def ended(self, trial_id: str, result: dict) -> None:
        """Take in how a training ended; one that is lost is told, once."""
        if result.get("state") in LOST:
            why = f": {result['why']}" if result.get("why") else ""
            text = f"{trial_id} {result['state']}{why}"
            self.once(text, text)

    def once(self, key: str, text: str) -> None:
        """Send ``text`` unless what ``key`` names was told before, by an earlier sweep, too."""
        if key not in self._asked:
            self._asked.add(key)
            self.send(text, key)

    def send(self, text: str, key: str | None = None) -> None:
        if self._url is not None:
            self._texts.put((f"{self.study}: {text}", key))

    def _work(self) -> None:
        while (asked := self._texts.get()) is not None:
            text, key = asked
            try:
                if key is None or self.folder is None:
                    self._post(text)
                elif key not in (told := read_told(self.folder)):
                    self._post(text)
                    write_told(self.folder, [*told, key])
            except urllib.error.HTTPError as error:
                self._tell(f"it answers HTTP {error.code}")
            except Exception as error:  # its words may hold the URL
                reason = getattr(error, "reason", error)
                self._tell(getattr(reason, "strerror", None) or type(reason).__name__)

    def _post(self, text: str) -> None:
        assert self._url is not None
        for sign, name in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):  # Slack's own marks
            text = text.replace(sign, name)
        request = urllib.request.Request(
            self._url,
            data=json.dumps({"text": text}).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=ANSWER_S) as answer:
            answer.read()

    def _tell(self, why: str) -> None:
        if not self._failed:
            self._failed = True
            self.say(f"the webhook fails, the sweep goes on: {why} (told once)")
