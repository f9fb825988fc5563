from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import curve_fit

from percepnet.agreement.contract import Bootstrap
from percepnet.agreement.power_law import fit
from tests.agreement.naive import written_out

if TYPE_CHECKING:
    from pathlib import Path

    from percepnet.agreement.contract import FloatArray, IntArray
    from percepnet.agreement.power_law import PowerLaw

TIGHT = {"ftol": 1e-15, "xtol": 1e-15, "gtol": 1e-15}


def law(distance: FloatArray, factor: float, exponent: float) -> FloatArray:
    return np.asarray(factor * distance**exponent)


def fit_all(distances: FloatArray, degradation: FloatArray) -> PowerLaw:
    return fit(distances, degradation, np.zeros(distances.size, dtype=np.int64), np.ones((1, 1)))


def noisy(seed: int = 0) -> tuple[FloatArray, FloatArray, IntArray]:
    generator = np.random.default_rng(seed)
    distances = generator.lognormal(sigma=1.0, size=240)
    degradation = law(distances, 0.4, 0.35) + generator.normal(0, 0.08, 240)
    return distances, degradation, np.repeat(np.arange(12), 20)


@given(st.floats(0.05, 5.0), st.floats(-6.0, 6.0), st.floats(0.01, 100.0))
def test_an_exact_law_is_recovered_in_any_unit_of_distance(exponent, log_unit, factor):
    distances = np.geomspace(0.1, 1.0, 20) * 10.0**log_unit
    found = fit_all(distances, law(distances / 10.0**log_unit, factor, exponent))
    assert found.exponent[0] == pytest.approx(exponent, rel=1e-4)
    middle = law(np.array(0.3), factor, exponent)
    assert found.log_distance(float(middle))[0] == pytest.approx(np.log10(0.3) + log_unit, abs=1e-4)


def test_every_resample_is_fitted_as_scipy_fits_the_pairs_written_out():
    distances, degradation, codes = noisy()
    draws = Bootstrap(20).multiplicities(12)
    found = fit(distances, degradation, codes, draws.astype(float))
    for draw, log_factor, exponent in zip(draws, found.log_factor, found.exponent, strict=True):
        rows = written_out(codes, draw)
        expected, _ = curve_fit(law, distances[rows], degradation[rows], [1.0, 0.5], **TIGHT)
        np.testing.assert_allclose([10.0**log_factor, exponent], expected, rtol=1e-4)


def test_zero_distances_are_part_of_the_fit():
    distances, degradation, _ = noisy()
    distances[:5], degradation[:5] = 0.0, 0.2
    expected, _ = curve_fit(law, distances, degradation, [1.0, 0.5], **TIGHT)
    found = fit_all(distances, degradation)
    np.testing.assert_allclose([10.0 ** found.log_factor[0], found.exponent[0]], expected, rtol=1e-4)


@pytest.mark.parametrize(
    "distances",
    [np.zeros(20), np.full(20, 3.0), np.geomspace(1.0, 0.1, 20)],
    ids=["zero", "constant", "falling"],
)
def test_distances_that_do_not_grow_with_degradation_have_no_law(distances):
    found = fit_all(distances, np.linspace(0.2, 0.9, 20))
    assert np.isnan(found.log_factor[0])
    assert np.isnan(found.exponent[0])
    assert np.isnan(found.log_distance(0.445)[0])


def test_the_published_law_of_rmse_comes_out_of_all_3000_pairs_of_tid2013(shared_data: Path):
    """README of Rietta5/InvarianceTestIQA: 1.2398322 and 0.2645684; the exact optimum is within 0.02 %."""
    folder = shared_data / "tid2013"
    with (folder / "psnr.csv").open(newline="") as stream:
        psnr = {row["dis"].lower(): float(row["pred"]) for row in csv.DictReader(stream)}
    rows = [line.split() for line in (folder / "mos_with_names.txt").read_text().splitlines()]
    rmse = np.array([10.0 ** (-psnr[name.lower()] / 20.0) for _, name in rows])
    degradation = np.array([(10.0 - float(mos)) / 10.0 for mos, _ in rows])
    assert rmse.size == 3000
    found = fit_all(rmse, degradation)
    assert 10.0 ** found.log_factor[0] == pytest.approx(1.2398322, rel=2e-4)
    assert found.exponent[0] == pytest.approx(0.2645684, rel=2e-4)
