"""Distances between the responses to two images, computed from stored pair statistics.

A distance compares either the responses themselves or what a descriptor keeps of them. Most are sums of
non-negative terms over channels and taps, then a last step: then terms of several taps add up and the last
step comes once, which makes the concatenation of taps exact. `Angle` is the exception.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from percepnet.errors import InputError, nearest

FloatArray = NDArray[np.float64]
Kept = Mapping[str, NDArray[np.float32]]
"""statistic -> `[n, K]` of one tap; `positions` is `[n]`."""


@dataclass(frozen=True, slots=True)
class Sum:
    """A distance that is a sum over channels and taps.

    Attributes:
        statistics: What it needs to be stored.
        channels: One tap's kept statistics -> non-negative terms `[n, K]`.
        last: Applied to the sum of all terms.
        degree: Power of the responses' unit in which the terms are: 2 for squared differences; 0 where the
            unit cancels.
        equalised: Whether each channel is first divided by its mean over all pairs.
    """

    statistics: tuple[str, ...]
    channels: Callable[[Kept], FloatArray]
    last: Callable[[FloatArray], FloatArray]
    degree: int
    equalised: bool = False

    def between(self, parts: Sequence[Kept], weights: Sequence[float | FloatArray]) -> FloatArray:
        """Return the distance `[n]` of some taps laid end to end.

        Args:
            parts: What is kept of each tap.
            weights: Of each tap's terms: a number, or one per channel `[K]`.
        """
        terms = [
            (self.channels(kept) * weight).sum(axis=1) for kept, weight in zip(parts, weights, strict=True)
        ]
        total: FloatArray = np.sum(terms, axis=0)
        return self.last(total)


@dataclass(frozen=True, slots=True)
class Angle:
    """1 - cosine of the angle between the responses, or between their deviations from the mean.

    Half the squared distance of unit vectors, summed over taps (and, for deviations, over the taps' means):
    (a - b)^2 + 2 a b d for a tap with the shares a, b of the whole lengths and the distance d of its own.
    Nothing cancels, and identical images are exactly at 0. A response without length has no direction: its
    distance is 0 from another such, else 1/2.

    Attributes:
        centred: Whether the mean over all taps, channels and positions is subtracted (Pearson correlation).
    """

    centred: bool
    degree: int = 1
    equalised: bool = False

    @property
    def statistics(self) -> tuple[str, ...]:
        """What it needs to be stored."""
        own = "correlation_distance" if self.centred else "cosine_distance"
        return (own, "reference_mean", "reference_deviation", "mean_difference", "deviation_difference")

    def between(self, parts: Sequence[Kept], weights: Sequence[float | FloatArray]) -> FloatArray:
        """Return the distance `[n]` of some taps laid end to end, each tap's responses times its weight."""
        own = np.stack([kept[self.statistics[0]].astype(np.float64).sum(axis=1) for kept in parts])
        if len(parts) == 1:
            return np.asarray(own[0])
        scale = np.array([[float(weight)] for weight in weights])
        sizes = np.stack([kept["positions"].astype(np.float64) * _width(kept) for kept in parts])
        first, second = zip(*(_moments(kept) for kept in parts), strict=True)
        one, other = _Side.of(first, sizes, scale), _Side.of(second, sizes, scale)
        if not self.centred:
            a, b = one.lengths(centred=False), other.lengths(centred=False)
            return _blocks(a, b, own)
        a, b = one.lengths(centred=True), other.lengths(centred=True)
        return _blocks(a, b, own, one.offsets(), other.offsets())


@dataclass(frozen=True, slots=True)
class _Side:
    """One of the two images: mean, variance and number of elements at each of T taps, `[T, n]`."""

    means: FloatArray
    variances: FloatArray
    sizes: FloatArray

    @classmethod
    def of(
        cls, moments: Sequence[tuple[FloatArray, FloatArray]], sizes: FloatArray, scale: FloatArray
    ) -> _Side:
        means, variances = (np.stack(each) for each in zip(*moments, strict=True))
        return cls(means * scale, variances * scale**2, sizes)

    def lengths(self, *, centred: bool) -> FloatArray:
        """Return the length of every tap's vector, about its own mean or about 0, `[T, n]`."""
        power = self.variances if centred else self.variances + self.means**2
        return np.asarray(np.sqrt(power * self.sizes))

    def offsets(self) -> FloatArray:
        """Return the signed length of every tap's mean about the mean over all taps, `[T, n]`."""
        overall = (self.means * self.sizes).sum(axis=0) / self.sizes.sum(axis=0)
        return np.asarray((self.means - overall) * np.sqrt(self.sizes))


def _blocks(a: FloatArray, b: FloatArray, own: FloatArray, *offsets: FloatArray) -> FloatArray:
    """Return half the squared distance of unit vectors, `[n]`, from lengths and distances `[T, n]`."""
    first, second = offsets or (np.zeros_like(a), np.zeros_like(b))
    total_a = np.sqrt((a**2 + first**2).sum(axis=0))
    total_b = np.sqrt((b**2 + second**2).sum(axis=0))
    inverse_a = np.divide(1.0, total_a, out=np.zeros_like(total_a), where=total_a > 0.0)
    inverse_b = np.divide(1.0, total_b, out=np.zeros_like(total_b), where=total_b > 0.0)
    a, b, first, second = a * inverse_a, b * inverse_b, first * inverse_a, second * inverse_b
    squares = (a - b) ** 2 + 2.0 * a * b * own + (first - second) ** 2
    return np.asarray(0.5 * squares.sum(axis=0))


def _moments(kept: Kept) -> tuple[tuple[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]:
    """Return mean and variance over all elements of a tap, `[n]` each, of the reference and of the other."""
    means = kept["reference_mean"].astype(np.float64)
    deviations = kept["reference_deviation"].astype(np.float64)
    return (
        _pooled(means, deviations),
        _pooled(means + kept["mean_difference"], deviations + kept["deviation_difference"]),
    )


def _pooled(means: FloatArray, deviations: FloatArray) -> tuple[FloatArray, FloatArray]:
    overall = means.mean(axis=1)
    variance = (deviations**2 + (means - overall[:, None]) ** 2).mean(axis=1)
    return overall, variance


def _width(kept: Kept) -> int:
    return int(kept["reference_mean"].shape[1])


def _over_positions(name: str) -> Callable[[Kept], FloatArray]:
    """Return the sum over positions of a statistic that is a mean over them."""
    return lambda kept: kept[name].astype(np.float64) * kept["positions"][:, None]


def _plain(*names: str) -> Callable[[Kept], FloatArray]:
    return lambda kept: np.concatenate([kept[name].astype(np.float64) for name in names], axis=1)


def _squares(*names: str) -> Callable[[Kept], FloatArray]:
    return lambda kept: np.concatenate([kept[name].astype(np.float64) ** 2 for name in names], axis=1)


def _mean_of(*names: str) -> Callable[[Kept], FloatArray]:
    """Return terms whose sum is the mean over channels and statistics."""
    return lambda kept: _plain(*names)(kept) / sum(kept[name].shape[1] for name in names)


def _same(values: FloatArray) -> FloatArray:
    return values


MOMENTS = ("mean_difference", "deviation_difference", "third_moment_difference", "fourth_moment_difference")

DISTANCES: Mapping[str, Sum | Angle] = MappingProxyType(
    {
        # sqrt(sum over H, W, C of (f(a) - f(b))^2): the measuring code of Hernandez-Camara et al. (2023).
        "euclidean": Sum(("squared_difference",), _over_positions("squared_difference"), np.sqrt, 2),
        # Sum over H, W, C of |f(a) - f(b)|.
        "manhattan": Sum(("absolute_difference",), _over_positions("absolute_difference"), _same, 1),
        # 1 - cosine of the whole response tensors, as in the CLIP study of the same group (2024).
        "cosine": Angle(centred=False),
        # 1 - Pearson correlation of the whole response tensors (scipy.spatial.distance.correlation).
        "correlation": Angle(centred=True),
        # LPIPS without its learned weights (Zhang et al., CVPR 2018, eq. 1 with w = 1).
        "unit_normalised": Sum(("unit_squared_difference",), _plain("unit_squared_difference"), _same, 0),
        # "Normalised Euclidean" of the CLIP study: every channel counts the same over the database.
        "channel_equalised": Sum(
            ("squared_difference",), _mean_of("squared_difference"), np.sqrt, 0, equalised=True
        ),
        # Euclidean distance of what a descriptor keeps of each channel. The mean: "mean-pool" of Kumar et al.
        # (2022). Mean and standard deviation: Huang and Belongie (2017). Four marginal moments: Portilla and
        # Simoncelli (2000), here as roots of central moments, in the unit of the response.
        "spatial_mean": Sum(MOMENTS[:1], _squares(*MOMENTS[:1]), np.sqrt, 2),
        "mean_deviation": Sum(MOMENTS[:2], _squares(*MOMENTS[:2]), np.sqrt, 2),
        "four_moments": Sum(MOMENTS, _squares(*MOMENTS), np.sqrt, 2),
        # Frobenius distance of Gram matrices over channels, F F^T / positions (Gatys et al., CVPR 2016).
        "gram": Sum(("gram_squared_difference",), _plain("gram_squared_difference"), np.sqrt, 4),
        # Mean over channels of the 1-Wasserstein distance of their values over the image (sorted values;
        # Peyre and Cuturi 2019, remark 2.28), and of the same over windows of 8 x 8 (after Liao et al.,
        # DeepWSD, 2022).
        "wasserstein": Sum(("wasserstein",), _mean_of("wasserstein"), _same, 1),
        "local_wasserstein": Sum(("local_wasserstein",), _mean_of("local_wasserstein"), _same, 1),
        # DISTS with equal weights (Ding et al. 2020, eq. 4, 5, 8): mean over channels of 1 - texture
        # similarity and 1 - structure similarity.
        "structure_texture": Sum(
            ("texture_difference", "structure_difference"),
            _mean_of("texture_difference", "structure_difference"),
            _same,
            0,
        ),
        # 1 - squared distance correlation over channels (Szekely et al. 2007; Zhu et al., DeepDC, 2022).
        "distance_correlation": Sum(("distance_correlation",), _plain("distance_correlation"), _same, 0),
    }
)


def distance_called(name: str) -> Sum | Angle:
    """Return the distance of this name.

    Raises:
        InputError: There is none; tells the nearest.
    """
    if name not in DISTANCES:
        raise InputError(f"unknown readout.distance {name!r}", remedy=nearest(name, DISTANCES))
    return DISTANCES[name]
