"""Does provenance tell versions apart and pass over idle sessions?"""

from analysis.report.provenance import provenance_of
from scaling.records import StudyFolder
from tests.analysis.synthetic_study import PROVENANCE, digits_like, measure


def test_provenance_tells_versions_apart_and_passes_over_idle_sessions(tmp_path):
    plan = digits_like(seeds=1)
    study = StudyFolder(tmp_path / "digits")
    study.write_plan(plan)
    runs = [
        measure(study, trial, 0, code=code) for trial, code in zip(plan.trials, ("a", "a", "b"))
    ]
    record = runs[0].record()
    idle = {
        "started": "2027-01-01T00:00:00+00:00",
        "ended": "2027-01-01T00:00:00+00:00",
        "from_step": None,
        "to_step": None,
        "provenance": PROVENANCE | {"code": "idle"},
    }
    runs[0].write_record(record | {"sessions": [*record["sessions"], idle]})
    found = provenance_of(study)
    assert found.codes == {"a": 2, "b": 1}
    assert found.ended == "2026-01-02T03:05:05+00:00"
    assert len(found.warnings) == 1
    assert "different versions of the code" in found.warnings[0]
