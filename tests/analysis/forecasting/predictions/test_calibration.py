"""Are all predictions of a folder calibrated together?"""

import pytest

from analysis.forecasting.predictions.predict import predict
from scaling.cli import main
from tests.analysis.forecasting.largest import run_largest


def test_all_predictions_of_a_folder_are_calibrated_together(held_out, tmp_path, capsys):
    for name, target in (("a", "DiT-d3w64/2"), ("b", "DiT-d3w64/4")):
        predict(held_out, [target], tmp_path / f"{name}.json")
    (tmp_path / "other.json").write_text("{}")
    run_largest(held_out)
    with pytest.raises(SystemExit) as end:
        main(["score", str(tmp_path), str(held_out.folder)])
    said = capsys.readouterr().out
    assert end.value.code == 0
    assert "2 predictions of 2 files measured: 2 of 2 inside their 95 % intervals" in said
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(SystemExit) as end:
        main(["score", str(empty), str(held_out.folder)])
    assert end.value.code == 2 and "holds no frozen prediction" in capsys.readouterr().err
