"""What do richer laws say where one does not fit? Their continuation beyond the data, told in the
parameters of the law that was asked for.

Each form, and the law itself on the upper half of the rows, is scored by rolling: the rows below a
step of the budget predict those above it, at the last STEPS steps that leave rows enough, beside
the law itself at the same ones. Those that do about as well as the best are read: a form is
continued to REACH times the data, and the law's own parameters are fitted to that continuation, so
that any figure that follows from them can be asked of it. Repeats of its own noise give its error.
A law that rolls worse than these lends predictions its value, not its interval.

Below FEW degrees of freedom a bend that matters beyond the rows often does not show in them: the
forms that such a table could not tell from the law (``View.unseen``) are read whatever it shows.

At 10 times the budget, 12 to 150 studies each, width beside that of the true form (oracle):

    truth                     runs   held     width
    a power law with a floor  12      95 %    1.2
    one without               12     100 %    2.9
    a law that steepens       12     100 %    1.6
    a law that flattens       12     100 %    2.1
    one that does so little   12     100 %    1.3
    g = 0.6                   12      95 %    1.6
    g = 1.5                   12     100 %    2.1
    g = 1, the law itself     12      98 %    1.4
    g = 1.5 (interaction)     24      97 %    2.4
                              63     100 %    3.9
    g = 0.6                   24     100 %    1.5
                              63     100 %    4.9
    a law that steepens       24      93 %    1.6
    a law that flattens       24     100 %    3.3
                              63     100 %    4.9
    g = 1, the law itself     24      96 %    1.2

What is left: an interval that holds the value of a law that does not fit is wider than three
oracles wherever that law is off by more than the oracle's width.
"""

import itertools

import numpy as np

from analysis.fits.fitted import Columns, Form, View
from analysis.fits.trust import upper
from analysis.fits.trust.errors import EXACT, Errors
from analysis.fits.trust.misfit import Misfit

REACH = 30.0  # times the largest inputs
STEPS = 3
NEAR = 1.25  # times the least error of rolling
REPEATS = 60
SPARE = 2  # rows more than parameters
FEW = 20  # degrees of freedom below which a table shows few bends


def readings(
    view: View, made: Errors, against: Misfit, seed: int
) -> tuple[list[tuple[str, np.ndarray, np.ndarray, np.ndarray, bool]], bool]:
    """Of each form that rolls about as well as the best: title, estimate (p,), draws (S, p), both
    where all inputs grow together (1 + S, p), and whether it is of all rows. And whether the law
    itself rolls so.
    """
    columns, values = view.runs.columns, view.values
    said, stands = _heard(view, against)
    rng, read = np.random.default_rng([seed, 1]), []
    at, together = continuation(view) if said else ({}, np.empty(0, bool))
    for form in said:
        here = form.predict(columns, values[None], columns)[0]
        noise = form.scatter((here - np.log(values)) / made.size, columns) * made.drawn(
            rng, REPEATS
        )
        repeats = np.vstack([values[None], np.exp(here + noise)])
        for title, there in _continued(form, at):
            ahead = form.predict(columns, repeats, there)
            own = view.refit(at, np.exp(ahead), np.ones_like(ahead))
            along = own
            if not together.all():
                kept, ahead = {role: v[together] for role, v in at.items()}, ahead[:, together]
                along = view.refit(kept, np.exp(ahead), np.ones_like(ahead))
            read.append((title, own[0], own[1:], along, form.all_rows))
    return read, stands


def few(view: View) -> bool:
    """Whether so few rows would not show most bends that matter beyond them."""
    return len(view.values) - len(view.names) < FEW and np.abs(view.residuals).max() > EXACT


def _heard(view: View, against: Misfit) -> tuple[list[Form], bool]:
    """The forms that have a say, and whether the law itself has one beside them."""
    # of rows that show a bend, the end of it: steps that rolling predicts are nearer than REACH
    asked = [form for form in view.unseen if few(view) or (against.doubted and not form.all_rows)]
    unseen = [form for form in asked if _fits(form, view)]
    if not against.doubted:
        return unseen, True
    own, scores = _rolled(_itself(view), view), {}
    forms = [*view.richer, _upper(view)]
    for form in forms:
        errors = _rolled(form, view)
        known = np.isfinite(errors + own)
        if known.any():
            scores[form.title] = errors[known].mean() / own[known].mean()
    near = NEAR * min([1.0, *scores.values()])
    heard = [form for form in forms if scores.get(form.title, np.inf) <= near]
    already = {form.title for form in heard}
    return [*heard, *(form for form in unseen if form.title not in already)], near >= 1.0


def _fits(form: Form, view: View) -> bool:
    """Whether the table has rows enough for it."""
    columns = view.runs.columns
    try:
        form.predict(columns, view.values[None], columns)
    except ValueError:
        return False
    return True


def _continued(form: Form, at: Columns) -> list[tuple[str, Columns]]:
    """The continuation of each of its laws: who reads the law of all may mean any of them."""
    if not form.series:
        return [(form.title, at)]
    rows = len(next(iter(at.values())))
    return [
        (f"{form.title}, {name}", {**at, "series": np.full(rows, place)})
        for name, place in form.series.items()
    ]


def continuation(view: View) -> tuple[Columns, np.ndarray]:
    """Inputs from the upper end of the data to REACH times it, every pair of them: (m,) each. And
    which (m,) are as far out along all axes, to a factor of REACH: told in the parameters of a law
    over all pairs, another one was off there by more than its error.
    """
    ends = []
    for axis in view.axes:
        top, low = float(view.runs[axis].max()), float(view.runs[axis].min())
        ends.append(np.geomspace(max(low, top / 5), REACH * top, 12 if len(view.axes) == 1 else 6))
    grids = [grid.ravel() for grid in np.meshgrid(*ends, indexing="ij")]
    out = [np.log(grid / view.runs[axis].max()) for axis, grid in zip(view.axes, grids)]
    together = np.ptp(out, axis=0) <= np.log(REACH) + 1e-9
    return dict(zip(view.axes, grids)), together


def _itself(view: View) -> Form:
    def predict(columns, values, at):
        return view.log_law(view.refit(columns, values, np.ones_like(values)), at)

    return Form(view.title, predict, len(view.names))


def _upper(view: View) -> Form:
    def fitted(columns, values, at):
        return view.log_law(view.refit(columns, values, np.ones_like(values)), at)

    title = f"{view.title} on the upper half"
    return upper.form(title, fitted, len(view.names), view.axes, SPARE)


def _rolled(form: Form, view: View) -> np.ndarray:
    """The mean absolute log error of the form of the rows below a step of the budget at those of
    that step, over the last STEPS (STEPS,); nan where too few rows are below it.
    """
    columns, values = view.runs.columns, view.values
    budget = upper.budget(columns, view.axes)
    edges = np.quantile(budget, np.linspace(0.55, 1.0, STEPS + 1))
    errors = np.full(STEPS, np.nan)
    for i, (low, high) in enumerate(itertools.pairwise(edges)):
        below, step = budget <= low, (budget > low) & (budget <= high)
        if not step.any() or below.sum() < form.parameters + SPARE:
            continue
        kept = {role: v[below] for role, v in columns.items()}
        at = {role: v[step] for role, v in columns.items()}
        try:
            ahead = form.predict(kept, values[None, below], at)[0]
        except ValueError:  # too few rows for this form
            continue
        errors[i] = np.abs(ahead - np.log(values[step])).mean()
    return errors
