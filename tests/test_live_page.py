"""Does the report follow a sweep without getting in its way: written as trials end, told where it
cannot be?
"""

import time

import pytest

from scaling.live_page import LivePage
from scaling.records import StudyFolder
from tests.analysis.synthetic_study import digits_like, measure

PATIENCE_S = 120


def wait_for(happened) -> None:
    end = time.monotonic() + PATIENCE_S
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.1)


@pytest.fixture(autouse=True)
def a_session_as_any(monkeypatch):
    # other tests would leave it next to nothing
    monkeypatch.setattr("scaling.live_page.SESSION", 0)


@pytest.fixture
def study(tmp_path) -> StudyFolder:
    plan = digits_like(seeds=1)
    study = StudyFolder(tmp_path / plan.name)
    study.write_plan(plan)
    return study


def test_the_page_is_there_from_the_start_and_grows(study, monkeypatch):
    monkeypatch.setattr("scaling.live_page.LEAST_REST_S", 0.1)
    monkeypatch.setattr("scaling.live_page.REST", 0.0)
    page = study.folder / "report.html"
    with LivePage(study) as live:
        wait_for(page.exists)
        assert 'http-equiv="refresh"' in page.read_text()  # nothing runs yet, but a sweep does
        assert "Nothing is measured yet" in page.read_text()
        measure(study, study.plan().trials[0], noise=0.0)
        live.refresh()
        wait_for(lambda: "1 completed" in page.read_text())


def test_a_page_that_cannot_be_written_is_told_and_ends_nothing(tmp_path, capsys):
    told = []
    with LivePage(StudyFolder(tmp_path / "nowhere")):
        wait_for(
            lambda: told.append(capsys.readouterr().out) or "holds no study.json" in "".join(told)
        )
    assert "report.html could not be written, the sweep goes on: error:" in "".join(told)


def test_leaving_does_not_wait_for_a_page(study):
    with LivePage(study) as live:
        wait_for(lambda: live._process is not None)
    assert not live._writer.is_alive()
    assert live._process.returncode is not None
