"""Is what is lost told once, and the end; is a webhook that fails harmless, and its URL secret?"""

import contextlib

import pytest

from scaling.cli import main
from scaling.webhook import Webhook, checked_url
from tests.serving import SECRET, Server, serving


@pytest.fixture
def served():
    """Starts servers; stops them at the end."""
    with contextlib.ExitStack() as servers:
        yield lambda status=200: servers.enter_context(serving(status))


def test_a_lost_trial_and_the_end_are_told_in_slacks_form(served):
    server, said = served(), []
    with Webhook(server.url, "digits", said.append) as hook:
        hook.ended("good-s0", {"state": "completed"})
        for _ in range(2):
            hook.ended("bad-s0", {"state": "diverged", "why": "loss <nan> & grad inf at step 8"})
        hook.send("1 completed, 1 diverged; results/digits/report.html")
    assert server.got == [
        (
            SECRET,
            "application/json",
            {"text": "digits: bad-s0 diverged: loss &lt;nan&gt; &amp; grad inf at step 8"},
        ),
        (
            SECRET,
            "application/json",
            {"text": "digits: 1 completed, 1 diverged; results/digits/report.html"},
        ),
    ]
    assert not said


@pytest.mark.parametrize("status", [302, 404, 500])
def test_a_webhook_that_fails_is_told_once_without_its_url(served, status):
    server, said = served(status), []
    with Webhook(server.url, "digits", said.append) as hook:
        hook.send("one")
        hook.send("two")
    assert said == [f"the webhook fails, the sweep goes on: it answers HTTP {status} (told once)"]


def test_a_server_that_is_gone_is_told_without_its_url():
    server, said = Server(), []
    server.server_close()
    with Webhook(server.url, "digits", said.append) as hook:
        hook.send("one")
    assert said == ["the webhook fails, the sweep goes on: Connection refused (told once)"]


def test_an_error_that_ends_the_sweep_is_told_and_bad_input_is_not(served):
    server = served()
    for error in (RuntimeError("Ray is gone"), ValueError("bad")):
        with pytest.raises(type(error)), Webhook(server.url, "digits", print):
            raise error
    assert [got[2]["text"] for got in server.got] == ["digits: the sweep ended with RuntimeError"]


def test_without_a_url_nothing_is_sent(monkeypatch):
    monkeypatch.delenv("DIT_SCALING_WEBHOOK", raising=False)
    said = []
    with Webhook(checked_url(None), "digits", said.append) as hook:
        hook.send("one")
    assert not said


def test_the_environment_may_hold_the_url_and_the_command_is_asked_first(monkeypatch):
    monkeypatch.setenv("DIT_SCALING_WEBHOOK", "https://a.example/x")
    assert checked_url(None) == "https://a.example/x"
    assert checked_url("https://b.example/y") == "https://b.example/y"
    monkeypatch.setenv("DIT_SCALING_WEBHOOK", "")
    assert checked_url(None) is None


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hushhush",
        "ftp://h/hushhush",
        "https:///hushhush",
        "http://h:x/hushhush",
        "https://h/hush hush",
        "https://h/hushhush\n",
        "http://[h/hushhush",
    ],
)
def test_what_is_no_url_is_refused_without_being_repeated(url):
    with pytest.raises(ValueError, match="the webhook's URL is none") as refused:
        checked_url(url)
    assert "hush" not in str(refused.value)


def test_a_sweep_refuses_it_in_one_line(tmp_path, capsys):
    with pytest.raises(SystemExit) as left:
        main(["sweep", "smoke", "--webhook", "hushhush", "--results", str(tmp_path / "r")])
    err = capsys.readouterr().err
    assert left.value.code == 2 and err.count("\n") == 1 and "hushhush" not in err
    assert not list(tmp_path.iterdir())


def test_what_is_told_once_is_told_once_over_all_sweeps_of_a_study(served, tmp_path):
    server = served()
    for _ in range(2):
        with Webhook(server.url, "digits", print, tmp_path) as hook:
            for _ in range(2):
                hook.ended("bad-s0", {"state": "failed", "why": "disk full"})
                hook.once("budget 2 50", "half of it")
    texts = [got[2]["text"] for got in server.got]
    assert texts == ["digits: bad-s0 failed: disk full", "digits: half of it"]


def test_what_could_not_be_sent_is_told_by_the_next_sweep(served, tmp_path):
    broken, sound, said = served(500), served(), []
    for server in (broken, sound):
        with Webhook(server.url, "digits", said.append, tmp_path) as hook:
            hook.once("budget 2 50", "half of it")
    assert len(said) == 1 and len(sound.got) == 1
