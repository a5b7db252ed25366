"""Is it known what is left of a study, is a stop written down, and does a dry run write nothing?"""

import pytest

from scaling.cli import main


def test_a_dry_run_prices_every_trial_and_writes_nothing(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stop:
        main(["sweep", "digits", "--dry-run"])
    out = capsys.readouterr().out
    assert stop.value.code == 0 and "12 trials" in out and "training FLOPs" in out
    assert not list(tmp_path.iterdir())
