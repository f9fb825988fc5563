"""From a data set of colours to judged pairs of patches, and why some cannot be shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from percepnet.benchmarks.contract import Pair
from percepnet.benchmarks.psychophysics import colour_space
from percepnet.benchmarks.psychophysics.combvd_data import first_equal
from percepnet.benchmarks.psychophysics.patches import written

if TYPE_CHECKING:
    from collections.abc import Mapping

    from percepnet.agreement.contract import FloatArray, IntArray
    from percepnet.benchmarks.psychophysics.combvd_data import ColourSet


@dataclass(frozen=True)
class Judgement:
    """One judged pair of colours.

    Attributes:
        name: Its data set and its place in the file, `leeds-0131`.
        pair: What is judged; image keys are a data set and the first place of a colour, `leeds:131`.
        colours: Linear sRGB `[3]` of both, by key.
        reason: Why it cannot be shown; "" where it can.
    """

    name: str
    pair: Pair
    colours: Mapping[str, FloatArray]
    reason: str = ""


def judgements(data: ColourSet) -> list[Judgement]:
    """Return every judgement of a data set, those of one reference together, equal colours under one key."""
    linear = colour_space.xyz_to_linear_srgb(colour_space.adapted(data.xyz, data.white) / data.white[1])
    pairs = first_equal(data.xyz)[data.pairs]
    clusters = _clusters(pairs, len(data.xyz))
    found = []
    for place in np.lexsort((np.arange(len(pairs)), pairs[:, 0], clusters)):
        reference, distorted = (f"{data.name}:{colour}" for colour in pairs[place])
        colours = {reference: linear[pairs[place, 0]], distorted: linear[pairs[place, 1]]}
        cluster = f"{data.name}:{clusters[place]}"
        pair = Pair(reference, distorted, cluster, float(data.differences[place]), kind=data.name)
        found.append(Judgement(f"{data.name}-{place:04d}", pair, colours, _reason(colours)))
    return found


def _reason(colours: Mapping[str, FloatArray]) -> str:
    """Return which of the colours cannot be shown, "" if all can."""
    hidden = [key for key, linear in colours.items() if not colour_space.in_gamut(linear)]
    listed = "; ".join(f"{key} is {written(colours[key])}" for key in hidden)
    return f"outside sRGB, in linear light: {listed}" if hidden else ""


def _clusters(pairs: IntArray, colours: int) -> IntArray:
    """Return for each pair `[P]` the lowest colour that is linked with it by shared colours."""
    links = sparse.coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(colours, colours))
    _, labels = csgraph.connected_components(links, directed=False)
    return np.asarray(first_equal(labels[:, np.newaxis])[pairs[:, 0]])
