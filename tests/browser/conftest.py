"""Which browser and which pages do these tests open? Debian's chromium, without network, on
synthetic studies.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from analysis.report import write_report
from scaling.records import StudyFolder
from tests.analysis.synthetic_study import digits_like, measure, write_study


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    assert path, "no chromium on this machine: apt-get install chromium, or name one in $CHROMIUM"
    with sync_playwright() as playwright:
        # A container's root has no sandbox to give.
        chromium = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Path:
    """The page of a finished study."""
    return write_report(write_study(tmp_path_factory.mktemp("finished"), digits_like()).folder)


@pytest.fixture(scope="session")
def running(tmp_path_factory) -> Path:
    """The page of a study whose sweep is under way."""
    plan = digits_like(seeds=1)
    study = StudyFolder(tmp_path_factory.mktemp("running") / plan.name)
    study.write_plan(plan)
    for trial in plan.trials[:5]:
        measure(study, trial, 0.06)
    measure(study, plan.trials[5], 0.06, until=300)
    return write_report(study.folder)
