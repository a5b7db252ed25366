"""The largest models of a study, and another study beside it, measured after a prediction."""

from scaling.records import StudyFolder
from scaling.study import Plan, Study
from scaling.study.settings import with_settings
from tests.analysis.synthetic_study import law, measure


def run_largest(study, noise=0.02):
    for trial in study.plan().trials:
        if trial.spec.model.width == 64:
            run = measure(study, trial, noise)
            # as if measured after the freeze
            for path in (run.folder / "evaluations").glob("*.json"):
                path.write_text(
                    path.read_text().replace("2026-01-02T03:04:05", "2126-01-02T03:04:05")
                )


def run_beside(study, name, **fields):
    """Another study under the same root measures the largest model, twice the FID, trained in
    another way.
    """
    spec = next(t.spec for t in study.plan().trials if t.model == "DiT-d3w64/8")
    plan = Plan.of(
        Study(
            name=name, question="?", expectation="?", trials=(with_settings(spec, fields),), seeds=1
        )
    )
    other = StudyFolder(study.folder.parent / name)
    other.write_plan(plan)
    measure(other, plan.trials[0], 0.0, fid=lambda trial, step: 2 * law(trial, step))
    return other
