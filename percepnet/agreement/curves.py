"""What a logistic of given slope and centre explains of human scores, in every resample of the clusters."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import sparse
from scipy.special import expit

if TYPE_CHECKING:
    from percepnet.agreement.contract import FloatArray, IntArray

# Elements of the largest array [pairs or resamples, curves]: 2 MB, which a processor's cache holds.
_BUDGET = 1 << 18
# Two curves whose squared correlation is closer to 1 than this are one: their difference is rounding.
_ALIKE = 1e-9
# A curve of height 1 whose variance is below this is a constant, up to rounding.
_FLAT = 1e-14
# Widths by which a centre may lie beyond the data: an exponential but for e^-6, and still well conditioned.
_BEYOND = 6.0
# The steepest slope, times the width of the tenth of the distinct distances about the centre.
_STEEPEST = 10.0


class Moments(NamedTuple):
    """Second moments about the mean, of broadcastable shapes; those with the scores turned to be positive."""

    ss: FloatArray
    su: FloatArray
    uu: FloatArray
    sv: FloatArray
    uv: FloatArray


@dataclass(frozen=True, eq=False)
class Curves:
    """One row of distances and the scores, in units of their own, ready for any number of curves.

    A curve is `a s((u - centre) exp(log slope)) + b u + c` with s the logistic function and a, b of 0 or more
    times the direction of the resample. The best a, b and c follow from sums over pairs, which for a resample
    are sums over clusters: one curve costs one pass over the pairs however many resamples there are.

    Attributes:
        u: Distances `[P]` about their median, in units of their quartiles.
        v: Scores `[P]` about their mean, in units of their standard deviation.
        codes: Cluster of each pair `[P]`, 0 .. C - 1.
        linear: Whether there is a `b`.
    """

    u: FloatArray
    v: FloatArray
    codes: IntArray
    linear: bool

    @cached_property
    def _limits(self) -> tuple[FloatArray, FloatArray, float]:
        """The twentieths of the distinct distances `[21]`, the steepest log slope there, the flattest."""
        places = np.quantile(np.unique(self.u), np.linspace(0.0, 1.0, 21))
        around = np.r_[places[1:], places[-1]] - np.r_[places[0], places[:-1]]
        whole = float(places[-1] - places[0])
        return places, np.log(_STEEPEST / np.maximum(around, 1e-9 * whole)), float(np.log(0.5 / whole))

    @cached_property
    def grid(self) -> FloatArray:
        """Log slopes and centres `[K, 25, 2]`, from nearly straight to nearly a step, that any data may need.

        Centres lie at every twentieth of the distinct distances, and beyond both ends, where only the bend of
        a logistic is left.
        """
        places, steepest, flattest = self._limits
        caps = np.concatenate([steepest[[0, 0]], steepest, steepest[[-1, -1]]])
        count = int(np.clip(np.ceil((caps.max() - flattest) / 0.4), 8, 24))
        slopes = np.linspace(np.full(caps.size, flattest), caps, count)
        beyond = np.array([4.0, 2.0]) * np.exp(-slopes[:, :2]), np.array([2.0, 4.0]) * np.exp(-slopes[:, -2:])
        inside = np.broadcast_to(places, (count, places.size))
        return np.stack([slopes, np.hstack([places[0] - beyond[0], inside, places[-1] + beyond[1]])], axis=-1)

    def within(self, theta: FloatArray) -> FloatArray:
        """Return curves `theta` `[..., 2]` with slope and centre moved to the nearest that are allowed.

        The steepest slope is that whose rise from 12 to 88 % takes 4 % of the distinct distances: a step has
        no finite slope, and would follow whatever noise lies between two neighbours.
        """
        places, steepest, flattest = self._limits
        slope = np.maximum(theta[..., 0], flattest)
        beyond = _BEYOND * np.exp(-slope)
        centre = np.clip(theta[..., 1], places[0] - beyond, places[-1] + beyond)
        return np.stack([np.minimum(slope, np.interp(centre, places, steepest)), centre], axis=-1)

    def shape(self, theta: FloatArray) -> FloatArray:
        """Return the logistic part `[P, G]` of the curves `theta` `[G, 2]`, between 0 and 1."""
        return np.asarray(expit((self.u[:, np.newaxis] - theta[:, 1]) * np.exp(theta[:, 0])))

    def explained(self, theta: FloatArray, draws: FloatArray, turns: FloatArray) -> FloatArray:
        """Return the share of the scores' variance `[B, G]` that curves `theta` `[G, 2]` explain at best.

        Args:
            theta: Log slope and centre of each curve.
            draws: How often each cluster was drawn `[B, C]`.
            turns: +1 or -1 `[B]`, whether the curve rises or falls.
        """
        step = max(1, _BUDGET // max(self.u.size, *draws.shape))
        blocks = [
            self._block(theta[first : first + step], draws, turns) for first in range(0, len(theta), step)
        ]
        return np.concatenate(blocks, axis=1)

    def fit(self, theta: FloatArray, turn: float) -> tuple[float, float, float]:
        """Return the best a, b and c of one curve `theta` `[2]` for all data."""
        shape = self.shape(theta[np.newaxis])[:, 0]
        s, u = shape - shape.mean(), self.u - self.u.mean()
        sums = np.array([s @ s, s @ u, u @ u, turn * (s @ self.v), turn * (u @ self.v)]) / s.size
        a, b = (turn * float(part) for part in solve(Moments(*sums), self.linear))
        return a, b, float(-a * shape.mean() - b * self.u.mean())

    @cached_property
    def _members(self) -> sparse.csr_array:
        """Which pairs a cluster holds `[C, P]`."""
        places = (self.codes, np.arange(self.codes.size))
        return sparse.csr_array((np.ones(self.codes.size), places))

    def sums(self, draws: FloatArray) -> FloatArray:
        """Return n and the sums of u, v, u u, v v and u v in each resample, `[6, B, 1]`."""
        terms = (np.ones_like(self.u), self.u, self.v, self.u**2, self.v**2, self.u * self.v)
        return np.asarray(draws @ (self._members @ np.stack(terms, axis=1))).T[:, :, np.newaxis]

    def _block(self, theta: FloatArray, draws: FloatArray, turns: FloatArray) -> FloatArray:
        s = self.shape(theta)
        s -= s.mean(axis=0)
        columns = (s, s * s, s * self.u[:, np.newaxis], s * self.v[:, np.newaxis])
        s_, ss, su, sv = (draws @ (self._members @ column) for column in columns)
        n, u, v, uu, vv, uv = self.sums(draws)
        turn = turns[:, np.newaxis]
        moments = Moments(
            n * ss - s_ * s_,
            n * su - s_ * u,
            n * uu - u * u,
            turn * (n * sv - s_ * v),
            turn * (n * uv - u * v),
        )
        scaled = Moments(*(moment / (n * n) for moment in moments))
        a, b = solve(scaled, self.linear)
        with np.errstate(divide="ignore", invalid="ignore"):
            share = (a * scaled.sv + b * scaled.uv) / ((n * vv - v * v) / (n * n))
        return np.asarray(np.clip(share, 0.0, 1.0))


def solve(moments: Moments, linear: bool) -> tuple[FloatArray, FloatArray]:
    """Return the a and b of 0 or more with the least squared error; b is 0 unless `linear`.

    Two unknowns: where the free optimum is not allowed, the best allowed one has one of them at 0.
    """
    ss, su, uu, sv, uv = moments
    with np.errstate(divide="ignore", invalid="ignore"):
        only_a = np.where(ss > _FLAT, np.maximum(sv, 0.0) / ss, 0.0)
        if not linear:
            return only_a, np.zeros_like(only_a)
        only_b = np.where(uu > 0.0, np.maximum(uv, 0.0) / uu, 0.0)
        determinant = ss * uu - su * su
        a, b = uu * sv - su * uv, ss * uv - su * sv
        both = (a > 0.0) & (b > 0.0) & (determinant > _ALIKE * ss * uu) & (ss > _FLAT)
        curved = only_a * sv >= only_b * uv
        a = np.where(both, a / determinant, np.where(curved, only_a, 0.0))
        b = np.where(both, b / determinant, np.where(curved, 0.0, only_b))
    return a, b


def vertex(values: FloatArray) -> FloatArray:
    """Return the highest value `[B]` of parabolas through the best of `[B, N, N]` and its 8 neighbours."""
    side = values.shape[1]
    place = values.reshape(len(values), -1).argmax(axis=1)
    rows, columns = np.clip(np.divmod(place, side), 1, side - 2)
    around = np.arange(-1, 2)
    near = values[
        np.arange(len(values))[:, None, None],
        rows[:, None, None] + around[:, None],
        columns[:, None, None] + around,
    ]
    middle = near[:, 1, 1]
    first = np.stack([near[:, 2, 1] - near[:, 0, 1], near[:, 1, 2] - near[:, 1, 0]], axis=1) / 2.0
    aa = near[:, 2, 1] - 2.0 * middle + near[:, 0, 1]
    bb = near[:, 1, 2] - 2.0 * middle + near[:, 1, 0]
    ab = (near[:, 2, 2] - near[:, 2, 0] - near[:, 0, 2] + near[:, 0, 0]) / 4.0
    determinant = aa * bb - ab * ab
    with np.errstate(divide="ignore", invalid="ignore"):
        step_a = (ab * first[:, 1] - bb * first[:, 0]) / determinant
        step_b = (ab * first[:, 0] - aa * first[:, 1]) / determinant
    inside = (aa < 0.0) & (determinant > 0.0) & (np.abs(step_a) <= 1.0) & (np.abs(step_b) <= 1.0)
    peak = middle + (first[:, 0] * step_a + first[:, 1] * step_b) / 2.0
    highest = values.reshape(len(values), -1).max(axis=1)
    return np.asarray(np.where(inside, np.clip(peak, highest, 1.0), highest))
