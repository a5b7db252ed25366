"""States in one sentence what the records of a study show, or that they show nothing."""

from dataclasses import dataclass

import polars as pl

from analysis.answers.allocation import asks_split, split_sentence
from analysis.answers.compare.matched import MOST, matched_sentence, matched_within
from analysis.answers.grid_steps import GridStep, tally
from analysis.answers.slopes import Slope
from analysis.answers.study import Answers
from analysis.answers.verdicts import FAILS, HOLDS, LOST, ONE_SEED, OPEN, PENDING, UNKNOWN
from analysis.frames import Folder, evaluations_frame, trials_frame
from analysis.select.curves import curve_labels, family_title, with_curves
from analysis.select.learning_rates import best_rates, searches_lr
from analysis.select.selection import Selection
from analysis.select.trials import measured, states_text
from analysis.text import fixed, interval, listed, number, plural, seeds_text

SAMPLED_OVER = {"guidance": "at guidance {}", "sampling_steps": "at {} sampling steps"}
SPOKEN_TREND = {
    HOLDS: "FID falls with Gflops",
    FAILS: "FID rises with Gflops",
    OPEN: "no trend of FID with Gflops is resolved",
}


@dataclass(frozen=True)
class Finding:
    """The sentence, and whether "FID falls with Gflops" holds by it (None where the study does not
    ask that).
    """

    sentence: str
    verdict: str | None
    matched: str = ""  # of several recipes, which is better at equal Gflops

    def __str__(self) -> str:
        return f"{self.matched} {self.sentence}".strip()


def finding(folders: Folder) -> Finding:
    """What the records of a study say so far."""
    return finding_of(trials_frame(folders), evaluations_frame(folders))


def finding_of(trials: pl.DataFrame, evaluations: pl.DataFrame | None = None) -> Finding:
    """The finding of a trials frame; a study of equal budgets also needs its ``evaluations`` for
    one.
    """
    return finding_from(Answers(Selection(trials, evaluations)), evaluations is not None)


def finding_from(answers: Answers, has_evaluations: bool = True) -> Finding:
    """The finding of what is answered already."""
    trials = answers.selection.trials
    tail = _unfinished(trials)
    if not (trials["state"] == "completed").any():
        ended = trials["state"].is_in(["diverged", "failed"]).all()
        return Finding(
            f"{'No trial was completed' if ended else 'Nothing is measured yet'}: "
            f"{states_text(trials)}.",
            None,
        )
    if searches_lr(trials):
        return Finding(_rates_sentence(trials) + tail, None)
    if has_evaluations and asks_split(trials):
        return Finding(split_sentence(answers) + tail, None)
    if trials["fid"].is_null().all():
        return Finding(_loss_sentence(trials) + tail, None)
    for axis, at in SAMPLED_OVER.items():
        if (
            trials[axis].n_unique() == trials["protocol"].n_unique() > 1
            and (trials.group_by("train_id").agg(pl.col(axis).n_unique())[axis] > 1).any()
            and (trials["fid"] > 0).any()
        ):
            return Finding(_sampled_sentence(trials, axis, at) + tail, None)
    if len(answers.by_recipe) > 1 and (apart := _recipes_sentence(answers)):
        pairs = matched_within(answers)
        few = pairs if len(pairs) <= MOST else []
        return Finding(apart + tail, UNKNOWN, " ".join(map(matched_sentence, few)))
    try:
        law = answers.slope
    # too few models, or values that do not belong together: that is the finding
    except ValueError as reason:
        return Finding(f"No law of FID on model Gflops can be stated: {reason}.{tail}", UNKNOWN)
    sentence, verdict = _law_sentence(trials, law, answers.steps)
    return Finding(sentence + tail, verdict)


def slope_text(law: Slope) -> str:
    """For a figure: ``slope of log FID on log Gflops −0.42, 95 % interval [..] over 12 models, [..]
    over 3 seeds``.
    """
    over = f"95 % interval {interval(law.over_models)} over {law.models} models"
    if law.over_seeds is not None:
        over += f", {interval(law.over_seeds)} over {law.seeds} seeds"
    return f"slope of log FID on log Gflops {fixed(law.value)}, {over}"


def steps_text(steps: list[GridStep]) -> str:
    """``14 of 17 single steps up the grid hold, 1 does not, 2 are not resolved``."""
    counts = tally(steps)
    judged = [n for name, n in counts.items() if name in (HOLDS, FAILS, OPEN)]
    without = [f"{counts[ONE_SEED]} with a model of one seed"] if counts.get(ONE_SEED) else []
    without += [f"{counts[name]} {name}" for name in (LOST, PENDING) if counts.get(name)]
    if sum(judged):
        parts = [f"{counts.get(HOLDS, 0)} of {sum(judged)} single steps up the grid hold"]
        if counts.get(FAILS):
            parts.append(f"{counts[FAILS]} {'does' if counts[FAILS] == 1 else 'do'} not")
        if counts.get(OPEN):
            parts.append(f"{counts[OPEN]} {'is' if counts[OPEN] == 1 else 'are'} not resolved")
        return ", ".join(parts) + (f" (not judged: {', '.join(without)})" if without else "")
    single = [step for step in steps if step.verdict == ONE_SEED]
    down = sum(step.change < 0 for step in single)
    return (
        f"FID falls at {down} of {len(single)} single steps up the grid, which one seed cannot "
        "tell from luck"
        if single
        else ""
    )


def _law_sentence(trials: pl.DataFrame, law: Slope, steps: list[GridStep]) -> tuple[str, str]:
    models, seeds = models_text(measured(trials), trials), seeds_text(measured(trials))
    resolved = law.verdict in (HOLDS, FAILS)
    over = f"95 % interval {_ends(law.over_models)} over models"
    if law.over_seeds is not None:
        over += f", {_ends(law.over_seeds)} over seeds"
    sentence = (
        f"Over {models} and {seeds} {SPOKEN_TREND[law.verdict]}: the slope of "
        f"log FID on log Gflops is {fixed(law.value)} ({over})"
    )
    if resolved:
        change = 2**law.value - 1
        sentence += (
            f", so twice the Gflops {'lowers' if change < 0 else 'raises'} FID by "
            f"{number(100 * abs(change), 2)} %"
        )
    grid = steps_text(steps)
    verdict = law.verdict if resolved else UNKNOWN
    return f"{sentence}. {grid}." if grid else f"{sentence}.", verdict


def _recipes_sentence(answers: Answers) -> str | None:
    """The law of each recipe of a study of several; None where no recipe has one."""
    laws, without = {}, {}
    for words, own in answers.by_recipe.items():
        try:
            laws[words] = _law_sentence(own.selection.trials, own.slope, own.steps)[0]
        except ValueError as reason:
            without[words] = f"no law can be stated: {reason}."
    if not laws:
        return None
    parts = [f"{words}: {sentence}" for words, sentence in (laws | without).items()]
    return f"{len(parts)} recipes, each with a law of its own. {' '.join(parts)}"


def models_text(rows: pl.DataFrame, planned: pl.DataFrame) -> str:
    """How many models of each family are among ``rows``, of those ``planned``: ``6 DiTs``, ``3 of 4
    mixers and 3 DiTs``.
    """
    of_family = dict(rows.group_by("family").agg(pl.col("model").n_unique()).rows())
    parts = []
    for (family,), own in planned.group_by("family", maintain_order=True):
        here, there = of_family.get(family, 0), own["model"].n_unique()
        of = "" if here == there else f" of {there}"
        title = family_title(family)
        parts.append(f"{here}{of} {title if there == 1 else plural(title)}")
    return f"{', '.join(parts[:-1])}{' and ' if parts[1:] else ''}{parts[-1]}"


def _ends(bounds: tuple[float, float]) -> str:
    return f"{fixed(bounds[0])} to {fixed(bounds[1])}"


def _sampled_sentence(trials: pl.DataFrame, axis: str, at: str) -> str:
    """Of a study that samples each model in several ways: where along ``axis`` the FID of each is
    lowest, and whether that is the end of what was tried.
    """
    done = trials.filter((pl.col("state") == "completed") & (pl.col("fid") > 0))
    means = (
        done.group_by("model", axis, maintain_order=True)
        .agg(pl.col("fid").log().mean().exp())
        .sort("fid")
    )
    edges = {
        value: f", the {word} tried"
        for value, word in ((done[axis].min(), "lowest"), (done[axis].max(), "highest"))
    }
    lowest = [
        f"{model} {at.format(f'{best:,g}')}{edges.get(best, '')} (FID {number(fid)})"
        for model, best, fid in means.unique("model", keep="first", maintain_order=True).rows()
    ]
    seeds = seeds_text(done)
    return (
        f"FID is lowest for {', '.join(lowest[:-1])}{' and ' if lowest[1:] else ''}{lowest[-1]}, "
        f"from {seeds}."
    )


def _rates_sentence(trials: pl.DataFrame) -> str:
    curves = with_curves(trials).group_by("rung").agg(pl.col("curve").n_unique())["curve"]
    several = curves.max() > 1
    try:
        best = best_rates(trials, "rung" if several else "model")
    except ValueError as reason:
        return f"No learning rate can be chosen: {reason}."
    called = [f"{rate.of} ({rate.besides})" if rate.besides else rate.of for rate in best]
    named = ", ".join(f"{name} {rate.lr:g}" for name, rate in zip(called, best))
    edge = [name for name, rate in zip(called, best) if rate.edge]
    tail = (
        ""
        if not edge
        else (
            f"; {len(edge)} of {len(best)} at the edge of the range tried, "
            f"where the optimum may lie beyond ({', '.join(edge)})"
        )
    )
    return (
        f"Learning rate of lowest held-out loss{_over(trials) if several else ''}: {named}{tail}."
    )


def _over(trials: pl.DataFrame) -> str:
    """``, over the patches of a size``: what one learning rate is chosen over."""
    head, _ = curve_labels(with_curves(trials))
    return f", over the {plural(head.lower())} of a size"


def _loss_sentence(trials: pl.DataFrame) -> str:
    done = measured(trials, "heldout_loss")
    if done.is_empty():
        return "Trials completed, none with a FID or a held-out loss."
    by_model = done.group_by("model").agg(pl.col("heldout_loss").mean()).sort("heldout_loss")
    best, worst = by_model.row(0), by_model.row(-1)
    span = "" if len(by_model) == 1 else f", highest of {worst[0]} ({number(worst[1])})"
    return f"No FID was asked for; held-out loss is lowest of {best[0]} ({number(best[1])}){span}."


def _unfinished(trials: pl.DataFrame) -> str:
    done = int((trials["state"] == "completed").sum())
    parts = []
    lost = trials.filter(pl.col("state").is_in(["diverged", "failed"]))
    if len(lost):
        parts.append(
            f"Diverged or failed and left out: {listed(lost['trial_id'], range(len(lost)))}."
        )
    if done + len(lost) < len(trials):
        parts.append(f"The sweep is unfinished: {done} of {len(trials)} trials completed.")
    return "".join(f" {part}" for part in parts)
