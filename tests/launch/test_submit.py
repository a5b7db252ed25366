"""Does a sweep that is handed to a cluster run there, with the study's own file and its options?"""

import re
import socket
import threading
import time
from pathlib import Path

import pytest
from ray.job_submission import JobSubmissionClient

from scaling.cli import main
from scaling.launch import submit
from scaling.launch.submit import carried, check_results, checked_address
from scaling.records import StudyFolder, trial_rows
from scaling.study import load_study

PATIENCE_S = 300
STUDY = """
from beside import WIDTH
from experiments.smoke import BASE
from scaling.study import Study, grid
STUDY = Study(name="mine", question="?", expectation="!",
              trials=grid(BASE, {"model.width": [WIDTH]}))
"""


@pytest.fixture
def study(tmp_path) -> Path:
    """A study's own file, and a file that it imports."""
    folder = tmp_path / "laptop"
    folder.mkdir()
    (folder / "beside.py").write_text("WIDTH = 16\n")
    (folder / "unused.py").write_text("")
    (folder / "mine.py").write_text(STUDY)
    return folder / "mine.py"


def test_a_study_goes_with_what_it_imports_from_beside_itself(study):
    load_study(str(study))
    assert carried(study) == {name: study.parent / name for name in ("mine.py", "beside.py")}


def test_results_that_would_go_with_the_job_are_refused():
    check_results("s3://bucket/folder")
    check_results("/shared/results")
    with pytest.raises(ValueError, match="would lie in the job's own, which Ray deletes"):
        check_results("results")


@pytest.mark.parametrize("address", ["auto", "127.0.0.1:6379", "ray://head:10001", "http://", "x"])
def test_what_is_no_dashboard_is_refused(address):
    with pytest.raises(ValueError, match="goes to a cluster's dashboard, such as --address http"):
        checked_address(address)


@pytest.mark.parametrize(
    "answer, why",
    [
        (b"", "timed out"),
        (b"220 mail.example.org ready\r\n", "220 mail"),
        (b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", None),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", None),
    ],
)
def test_what_listens_and_does_not_answer_as_a_dashboard_is_refused(answer, why, monkeypatch):
    monkeypatch.setattr(submit, "ANSWER_S", 0.3)
    ended = threading.Event()

    def serve() -> None:
        server.accept()[0].close()  # whether anybody listens
        with server.accept()[0] as client:
            client.recv(4096)
            client.sendall(answer)
            ended.wait(60)

    with socket.create_server(("127.0.0.1", 0)) as server:
        serving = threading.Thread(target=serve)
        serving.start()
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
        try:
            if why is None:
                assert checked_address(f"{address}/") == address
            else:
                with pytest.raises(ValueError, match=f"no Ray dashboard at {address}: {why}"):
                    checked_address(address)
        finally:
            ended.set()
            serving.join()


@pytest.mark.ray
@pytest.mark.xdist_group("ray")
def test_a_sweep_runs_on_the_cluster_when_its_command_has_ended(
    tmp_path, study, ray_address, dashboard, capsys, monkeypatch
):
    monkeypatch.setenv("RAY_ADDRESS", "http://127.0.0.1:1")  # an option counts more
    results = tmp_path / "shared"
    command = ["sweep", str(study), "--submit", "--address", dashboard, "--set", "train.steps=30"]
    with pytest.raises(SystemExit) as stop:
        main([*command, "--set", "evaluate.protocol.metrics=[]", "--results", str(results)])
    out, err = capsys.readouterr()
    assert stop.value.code == 0, err
    job = re.match(r"submitted as job (mine-[0-9a-f]{8});", out)[1]
    study.unlink()  # the laptop is closed
    assert f"ray job logs --follow --address {dashboard} {job}" in out
    assert f"scaling status {results}/mine --watch" in out
    monkeypatch.delenv("RAY_ADDRESS")
    ended = ended_job(dashboard, job)
    assert ended.status == "SUCCEEDED", JobSubmissionClient(dashboard).get_job_logs(job)
    (row,) = trial_rows(StudyFolder(results / "mine"))
    assert (row["state"], row["steps"], row["fid"]) == ("completed", 30, None)
    assert (results / "mine" / "report.html").exists()


def ended_job(dashboard: str, job: str):
    """What Ray tells of the job when it has ended."""
    client, deadline = JobSubmissionClient(dashboard), time.monotonic() + PATIENCE_S
    while not client.get_job_status(job).is_terminal():
        assert time.monotonic() < deadline, client.get_job_logs(job)
        time.sleep(1.0)
    return client.get_job_info(job)
