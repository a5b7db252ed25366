"""Do the notebooks run on any study, and do they define nothing themselves?"""

import ast
from pathlib import Path

import nbclient
import nbformat
import pytest

NOTEBOOKS = sorted((Path(__file__).parents[2] / "analysis").glob("*.ipynb"))


def executed(name: str) -> list:
    """The outputs of a notebook of ``analysis/``, executed now."""
    (path,) = (path for path in NOTEBOOKS if path.stem == name)
    notebook = nbformat.read(path, as_version=4)
    nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    return outputs_of(notebook)


def outputs_of(notebook) -> list:
    return [
        output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs
    ]


def dashes_stand_for_nulls(outputs: list) -> bool:
    return not any(
        word in output.get("data", {}).get("text/html", "")
        for output in outputs
        for word in ("NaN", ">None<")
    )


def pictures_of(outputs: list) -> int:
    return sum("image/png" in output.get("data", {}) for output in outputs)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_defines_no_function(path):
    cells = [
        cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"
    ]
    for source in cells:
        tree = ast.parse(
            "\n".join(line for line in source.splitlines() if not line.startswith("%"))
        )
        assert not [
            node
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef)
        ]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_no_table_as_committed_shows_a_null_as_nan(path):
    assert dashes_stand_for_nulls(outputs_of(nbformat.read(path, as_version=4)))


@pytest.mark.parametrize("name, pictures", [("laws", 3), ("paper_figures", 5), ("field", 1)])
def test_a_notebook_runs(name, pictures, finished, monkeypatch):
    monkeypatch.setenv("DIT_SCALING_RESULTS", str(finished.folder))
    outputs = executed(name)
    assert pictures_of(outputs) == pictures
    assert dashes_stand_for_nulls(outputs)


def test_scaling_curves_runs_on_the_study_that_is_named(finished, monkeypatch):
    monkeypatch.setenv("DIT_SCALING_RESULTS", str(finished.folder))
    outputs = executed("scaling_curves")
    # the paper's 2, 6, 7, 8, 9, 12 and 13, its own 8, and the losses by noise level
    assert pictures_of(outputs) == 10
    assert any("FID falls with Gflops" in output.get("text", "") for output in outputs)


def test_next_experiment_runs_on_the_study_that_is_named(finished, monkeypatch):
    monkeypatch.setenv("DIT_SCALING_RESULTS", str(finished.folder))
    outputs = executed("next_experiment")
    assert pictures_of(outputs) == 1
    assert any("DiT-d3w64/2@5000: FID" in output.get("text", "") for output in outputs)
