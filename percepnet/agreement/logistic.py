"""Pearson's correlation, and the error in the units of the human scores, after a monotone logistic."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit
from scipy.stats import rankdata

from percepnet.agreement.curves import Curves, vertex
from percepnet.agreement.isotonic import explained, steps

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from percepnet.agreement.contract import FloatArray, IntArray

_STARTS = 3
# In units of the log slope, of widths of the start, and of the variance of the scores.
_SEARCH = {
    "initial_simplex": np.array([[0.0, 0.0], [0.3, 0.0], [0.0, 0.3]]),
    "xatol": 1e-4,
    "fatol": 1e-10,
    "maxiter": 1000,
    "maxfev": 2000,
}
# Where the curves about the best one lie, in standard errors: dense near it, far enough for any resample.
_STEPS = np.sinh(0.4 * np.arange(-8, 9)) / 0.4


@dataclass(frozen=True, eq=False)
class Fit:
    """A monotone function from distances to human scores.

    Attributes:
        parameters: b1, b2, ... of the logistic, in the units of the data; empty for a fallback.
        converged: Whether the logistic was found.
        name: What was fitted, and why if it is not the logistic.
        knots: Distances and scores `[2, K]` that the fallback joins by lines; else empty.
    """

    parameters: FloatArray
    converged: bool
    name: str
    knots: FloatArray = field(default_factory=lambda: np.empty((2, 0)))

    def __call__(self, x: FloatArray) -> FloatArray:
        """Return the scores that distances `x` stand for, of the same shape."""
        if not self.converged:
            return np.asarray(np.interp(x, *self.knots))
        if self.parameters.size == 4:
            high, low, centre, width = self.parameters
            return np.asarray((high - low) * expit((x - centre) / abs(width)) + low)
        height, slope, centre, linear, level = self.parameters
        return np.asarray(height * (expit(slope * (x - centre)) - 0.5) + linear * x + level)


class _Optimum(NamedTuple):
    """The best curve: its log slope and centre `[2]`, the root of their covariance `[2, 2]`, or why not."""

    theta: FloatArray
    spread: FloatArray
    failure: str = ""


def fit_logistic(x: FloatArray, y: FloatArray, parameters: int = 5) -> Fit:
    """Return the monotone logistic with the least squared error in y, rising or falling as the ranks do.

    Five parameters (Sheikh, Sabir & Bovik 2006, IEEE Trans. Image Processing 15, 3440-3451):
    `b1 (1/2 - 1 / (1 + exp(b2 (x - b3)))) + b4 x + b5` with b2 > 0, and b1 and b4 of one sign or 0: the
    published fit leaves this open, so that its curve may turn back. Four (VQEG 2000, final report of the
    FR-TV test, phase I): `(b1 - b2) / (1 + exp(-(x - b3) / |b4|)) + b2`. For a given slope and centre the
    others solve a linear problem (variable projection, Golub & Pereyra 1973, SIAM J. Numerical Analysis 10,
    413-432), so only those two are searched: on a grid laid through the quantiles of x, then by least squares
    from its best points of different slope. The slope has a bound (`Curves.within`).
    Isotonic regression stands in where the search fails, or where x has fewer distinct values than the
    function has parameters.

    Args:
        x: Distances `[P]`, finite, not all equal.
        y: Human scores `[P]`, finite, not all equal.
        parameters: 4 or 5.
    """
    codes = np.zeros(x.size, dtype=np.int64)
    turn = float(_directions(x, y, codes, np.ones((1, 1)), 1.0)[0])
    curves = _curves(x, y, codes, parameters)
    optimum = _search(curves, turn, parameters)
    if optimum.failure:
        return _isotonic(x, y, turn, optimum.failure)
    centre, unit, level, height = _units(x, y)
    a, b, c = curves.fit(optimum.theta, turn)
    slope, middle = np.exp(optimum.theta[0]) / unit, centre + unit * optimum.theta[1]
    a, b, c = a * height, b * height / unit, level + height * c - b * height / unit * centre
    found = [a, slope, middle, b, c + a / 2.0] if parameters == 5 else [c + a, c, middle, 1.0 / slope]
    return Fit(np.array(found), True, _name(parameters))


def fitted(  # noqa: PLR0913 - the whole of a benchmark's judgements, and the form of the function
    distances: FloatArray,
    scores: FloatArray,
    codes: IntArray,
    draws: IntArray,
    *,
    higher_is_better: bool,
    parameters: int = 5,
) -> tuple[FloatArray, FloatArray, list[str]]:
    """Return plcc_logistic `[R, B]`, rmse `[R, B]` and the name of each row's fit (R of them).

    The correlation is that of the scores with the fitted function. It has the sign of the function's
    direction, negative where the scores fall as distances grow: sign and polarity are those of the raw plcc.
    The direction is that of the data (of the covariance of ranks), never what would be human-like, and each
    resample has its own. rmse is the root of the mean squared residual (divisor P; its polarity is -1).

    Every resample is fitted anew, not judged by the fit of all data: for a given slope and centre its squared
    error is a sum over clusters, taken on the grid of `fit_logistic` and on a finer one about the fit of all
    data, where a parabola through the best point's neighbours finds the optimum. That is a Newton step as in
    Davidson & MacKinnon (1999, International Economic Review 40, 487-508), from the best of many points.

    NaN where all distances or all scores of a resample are equal; a row of equal distances has the fit "".

    Args:
        distances: `[R, P]`, finite.
        scores: `[P]`, finite.
        codes: Cluster of each pair `[P]`, 0 .. C - 1.
        draws: How often each resample holds each cluster `[B, C]`; the first row is 1: all data.
        higher_is_better: Whether a human-like distance falls as the score rises: the direction where ranks
            have no covariance.
        parameters: 4 or 5, of `fit_logistic`.
    """
    human = -1.0 if higher_is_better else 1.0
    weights = draws.astype(np.float64)
    rows = [_row(x, scores, codes, weights, human, parameters) for x in distances]
    correlation, error, names = zip(*rows, strict=True)
    return np.stack(correlation), np.stack(error), list(names)


def _row(  # noqa: PLR0913 - one row of `fitted`
    x: FloatArray, y: FloatArray, codes: IntArray, draws: FloatArray, human: float, parameters: int
) -> tuple[FloatArray, FloatArray, str]:
    undefined = _constant(x, codes, draws) | _constant(y, codes, draws)
    if undefined[0]:
        return np.full(len(draws), np.nan), np.full(len(draws), np.nan), ""
    turns = _directions(x, y, codes, draws, human)
    curves = _curves(x, y, codes, parameters)
    optimum = _search(curves, float(turns[0]), parameters)
    if optimum.failure:
        name = _isotonic(x, y, turns[0], optimum.failure).name
        share = np.array([explained(x, t * y, draw[codes]) for t, draw in zip(turns, draws, strict=True)])
    else:
        name, share = _name(parameters), _best(curves, optimum, draws, turns)
    n, _, v, _, vv, _ = curves.sums(draws)[:, :, 0]
    error = _units(x, y)[3] * np.sqrt((vv / n - (v / n) ** 2) * (1.0 - share))
    return np.where(undefined, np.nan, turns * np.sqrt(share)), np.where(undefined, np.nan, error), name


def _name(parameters: int) -> str:
    return f"logistic, {parameters} parameters"


def _units(x: FloatArray, y: FloatArray) -> tuple[float, float, float, float]:
    """Return centre and unit of x, by quartiles for the sake of long tails, and of y."""
    low, centre, high = np.quantile(x, [0.25, 0.5, 0.75])
    unit = high - low if high > low else np.abs(x - centre).mean()
    return float(centre), float(unit), float(y.mean()), float(y.std())


def _curves(x: FloatArray, y: FloatArray, codes: IntArray, parameters: int) -> Curves:
    centre, unit, level, height = _units(x, y)
    return Curves((x - centre) / unit, (y - level) / height, codes, linear=parameters == 5)


def _search(curves: Curves, turn: float, parameters: int) -> _Optimum:
    """Return the curve that explains most of all data."""
    if np.unique(curves.u).size < parameters:
        return _Optimum(np.empty(2), np.empty((2, 2)), f"fewer than {parameters} distances differ")
    clusters = int(curves.codes.max()) + 1
    flat = curves.grid.reshape(-1, 2)
    explained = curves.explained(flat, np.ones((1, clusters)), np.array([turn])).reshape(
        curves.grid.shape[:2]
    )
    by_slope = np.argsort(-explained.max(axis=1), kind="stable")[:_STARTS]
    starts = [curves.grid[row, np.argmax(explained[row])] for row in by_slope]

    def run(start: FloatArray) -> tuple[float, FloatArray, bool]:
        unit = np.array([1.0, np.exp(-start[0])])

        def missed(step: FloatArray) -> float:
            theta = curves.within(start + unit * step)
            a, b, c = curves.fit(theta, turn)
            residual = a * curves.shape(theta[np.newaxis])[:, 0] + b * curves.u + c - curves.v
            return float(residual @ residual) / residual.size

        found = minimize(missed, np.zeros(2), method="Nelder-Mead", options=_SEARCH)
        return float(found.fun), curves.within(start + unit * found.x), bool(found.success)

    variance, theta, success = min((run(start) for start in starts), key=lambda one: one[0])
    failure = "" if success else "the logistic did not converge"
    return _Optimum(theta, _spread(curves, theta, turn, max(variance, 1e-12)), failure)


def _spread(curves: Curves, theta: FloatArray, turn: float, variance: float) -> FloatArray:
    """Return a root `[2, 2]` of the covariance of log slope and centre, from the curve's derivatives.

    The errors of a slope and a centre that the data leave open are kept within a factor e and one width.
    """
    shape = curves.shape(theta[np.newaxis])[:, 0]
    slope = np.exp(theta[0])
    rise = curves.fit(theta, turn)[0] * shape * (1.0 - shape) * slope
    derivatives = np.stack([rise * (curves.u - theta[1]), -rise], axis=1)
    others = np.stack([np.ones_like(shape), shape, curves.u], axis=1)[:, : 3 if curves.linear else 2]
    own = derivatives - others @ np.linalg.lstsq(others, derivatives)[0]
    precision = own.T @ own / variance + np.diag([1.0, slope**2])
    return np.asarray(np.linalg.cholesky(np.linalg.inv(precision)))


def _best(curves: Curves, optimum: _Optimum, draws: FloatArray, turns: FloatArray) -> FloatArray:
    """Return the share of the variance `[B]` that the best curve of each resample explains."""
    side = _STEPS.size
    steps = np.stack(np.meshgrid(_STEPS, _STEPS, indexing="ij"), axis=-1).reshape(-1, 2)
    near = curves.within(optimum.theta + steps @ optimum.spread.T)
    close = curves.explained(near, draws, turns).reshape(-1, side, side)
    far = curves.explained(curves.grid.reshape(-1, 2), draws, turns).max(axis=1)
    found = np.maximum(vertex(close), far)
    found[0] = close[0, side // 2, side // 2]
    return np.asarray(found)


def _isotonic(x: FloatArray, y: FloatArray, turn: float, failure: str) -> Fit:
    places, levels, _ = steps(x, turn * y, np.ones(x.size))
    return Fit(np.empty(0), False, f"isotonic: {failure}", np.stack([places, turn * levels]))


def _directions(
    x: FloatArray, y: FloatArray, codes: IntArray, draws: FloatArray, otherwise: float
) -> FloatArray:
    """Return +1 where the ranks of x and y rise together in a resample, -1 where not `[B]`.

    Ranks are those among all data, so that for all data the sign is that of Spearman's correlation.
    """
    a, b = (rankdata(side) - (side.size + 1) / 2.0 for side in (x, y))
    terms = (np.ones_like(a), a, b, a * b)
    sums = np.stack([np.bincount(codes, term, minlength=draws.shape[1]) for term in terms], axis=1)
    n, first, second, both = (draws @ sums).T
    signs = np.sign(n * both - first * second)
    return np.where(signs == 0.0, otherwise, signs)


def _constant(values: FloatArray, codes: IntArray, draws: FloatArray) -> NDArray[np.bool_]:
    """Return whether all values of a resample are equal `[B]`."""
    high = np.full(draws.shape[1], -np.inf)
    low = -high
    np.maximum.at(high, codes, values)
    np.minimum.at(low, codes, values)
    drawn = draws > 0.0
    highest = np.max(np.where(drawn, high, -np.inf), axis=1)
    return np.asarray(highest <= np.min(np.where(drawn, low, np.inf), axis=1))
