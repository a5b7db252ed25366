"""Minimises the sum of Huber losses of many fits at once, by a batched semi-smooth Newton method
with a safeguarded step.

Every fit is a row of a batch: its own start, its own weights, the same points. The objective is
``sum_i w_i huber_delta(residual_i)`` with huber(r) = r^2/2 up to |r| = delta, delta (|r| - delta/2)
beyond: a sum, never a mean, whose gradients would fall below an optimiser's tolerance before the
optimum is reached.

With delta far below the noise the objective is nearly one of absolute values: few residuals are in
the quadratic zone and Newton's matrix is nearly singular. So delta falls in stages from a start
where the objective is smooth, and the matrix is damped with that of iteratively reweighted least
squares (weights min(1, delta/|r|)), positive definite.
"""

from collections.abc import Callable

import numpy as np

# Parameters (s, p) of the batch's rows with these indices (s,) -> their residuals (s, n) and
# Jacobian (s, p, n).
Model = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]

STAGES = (100.0, 30.0, 10.0, 3.0, 1.0)  # multiples of delta
COARSE, FINE = (30.0, 5.0), (5.0, 2.0, 1.0)
SAME = 0.05  # ends of a coarse search closer than this, in every parameter, are one
TOLERANCE = 1e-11  # relative fall of the objective at which a fit is done


def huber(residual: np.ndarray, delta: float) -> np.ndarray:
    """The Huber loss of each residual."""
    size = np.abs(residual)
    return np.where(size <= delta, 0.5 * residual**2, delta * (size - 0.5 * delta))


def objective(residual: np.ndarray, weight: np.ndarray, delta: float) -> np.ndarray:
    """Sum over points: (S, n) -> (S,)."""
    return np.einsum("sn,sn->s", weight, huber(residual, delta))


def minimise(
    model: Model,
    start: np.ndarray,
    weight: np.ndarray,
    delta: float,
    low: np.ndarray,
    high: np.ndarray,
    iterations: int = 400,
    stages: tuple[float, ...] = STAGES,
) -> tuple[np.ndarray, np.ndarray]:
    """The parameters (S, p) and objectives (S,) reached from ``start`` (S, p) inside the box
    [``low``, ``high``] (p,).

    ``weight`` is (S, n): how often each point counts in each fit. ``iterations`` are for the last
    stage; those before it take a few each.
    """
    theta = np.clip(np.asarray(start, float), low, high)
    for k, stage in enumerate(stages):
        last = k == len(stages) - 1
        theta, value = _descend(
            model,
            theta,
            weight,
            stage * delta,
            low,
            high,
            iterations if last else 4,
            TOLERANCE if last else 1e-4,
        )
    return theta, value


def best_of(
    model_of: Callable[[np.ndarray], Model],
    begin: np.ndarray,
    weight: np.ndarray,
    delta: float,
    low: np.ndarray,
    high: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """The parameters (S, p) and objectives (S,) of the best end of each fit's starts ``begin`` (S,
    K, p).

    All starts go down a smoother objective first; the two best ends of each fit, where they differ,
    go on to the optimum. ``model_of(owner)`` is the model of a batch whose rows belong to the fits
    ``owner`` (s,).
    """
    S, K, p = begin.shape
    rows = np.arange(S)
    owner = np.repeat(rows, K)
    model, repeated = model_of(owner), weight[owner]
    ends, _ = minimise(
        model, begin.reshape(S * K, p), repeated, delta, low, high, iterations=4, stages=COARSE
    )
    order = np.argsort(
        objective(model(ends, np.arange(S * K))[0], repeated, delta).reshape(S, K), axis=1
    )
    ends = ends.reshape(S, K, p)
    best, second = ends[rows, order[:, 0]], ends[rows, order[:, min(1, K - 1)]]
    other = np.abs(best - second).max(1) > SAME
    owner = np.concatenate([rows, rows[other]])
    ends, value = minimise(
        model_of(owner),
        np.concatenate([best, second[other]]),
        weight[owner],
        delta,
        low,
        high,
        stages=FINE,
    )
    won = rows.copy()
    for row in range(S, len(ends)):
        if value[row] < value[won[owner[row]]]:
            won[owner[row]] = row
    return ends[won], value[won]


def _descend(model, theta, weight, delta, low, high, iterations, tolerance):
    """``theta`` (S, p) and objectives (S,) after as many ``iterations``. Arrays in the loop are of
    the fits that are not done, ``rows`` of the batch.
    """
    ends, rows = theta.copy(), np.arange(len(theta))
    residual, jacobian = model(theta, rows)
    value = objective(residual, weight, delta)
    values, damping, idle = value.copy(), np.full(len(rows), 1e-2), np.zeros(len(rows), int)
    for _ in range(iterations):
        if not len(rows):
            break
        step = _step(residual, jacobian, weight, delta, damping, theta, low, high)
        tried = np.clip(theta + step, low, high)
        new_residual, new_jacobian = model(tried, rows)
        new_value = objective(new_residual, weight, delta)
        better = new_value < value
        fall = np.where(better, (value - new_value) / np.maximum(value, 1e-300), 0.0)
        if better.all():
            theta, value, residual, jacobian = tried, new_value, new_residual, new_jacobian
        elif better.any():
            theta = np.where(better[:, None], tried, theta)
            value = np.where(better, new_value, value)
            residual[better], jacobian[better] = new_residual[better], new_jacobian[better]
        damping = np.where(better, np.maximum(damping / 8, 1e-9), damping * 6)
        idle = np.where(fall > tolerance, 0, idle + 1)
        left = (idle < 7) & (value > 1e-30) & (damping < 1e9)
        if not left.all():
            ends[rows], values[rows] = theta, value
            rows, theta, value, weight = rows[left], theta[left], value[left], weight[left]
            residual, jacobian = residual[left], jacobian[left]
            damping, idle = damping[left], idle[left]
    ends[rows], values[rows] = theta, value
    return ends, values


def _step(residual, jacobian, weight, delta, damping, theta, low, high):
    """Newton's step (S, p); parameters held by the box are left where they are."""
    size = np.abs(residual)
    inside = size <= delta
    robust = weight * (delta / np.maximum(size, delta))
    gradient = np.matmul(jacobian, (robust * residual)[:, :, None])[:, :, 0]
    turned = jacobian.transpose(0, 2, 1)
    smooth = np.matmul(jacobian * robust[:, None, :], turned)
    curved = np.matmul(jacobian * (weight * inside)[:, None, :], turned)
    at_bound = ((theta <= low) & (gradient > 0)) | ((theta >= high) & (gradient < 0))
    matrix = curved + damping[:, None, None] * smooth
    scale = np.einsum("spp->sp", smooth)
    scale = np.maximum(scale, 1e-14 * scale.max(1, keepdims=True) + 1e-300)
    diagonal = np.einsum("spp->sp", matrix)
    diagonal += (1e-3 * damping[:, None] + 1e-13) * scale
    matrix *= ~(at_bound[:, :, None] | at_bound[:, None, :])
    diagonal += at_bound
    root = np.sqrt(np.where(at_bound, 1.0, scale))
    balanced = matrix / (root[:, :, None] * root[:, None, :])
    return (
        np.linalg.solve(balanced, (-np.where(at_bound, 0.0, gradient) / root)[:, :, None])[:, :, 0]
        / root
    )
