import numpy as np
import pytest

from percepnet.ablation.report.ranking import all_p
from percepnet.agreement.comparison import pairwise


@pytest.mark.parametrize("left_out", [0, 24])
def test_p_of_all_pairs_is_that_of_the_comparison_of_rows(left_out):
    generator = np.random.default_rng(0)
    draws = generator.normal(size=(6, 1)) * 0.02 + generator.normal(size=(6, 1 + 200 + left_out)) * 0.02
    draws[2] = draws[3]  # no difference, no error
    draws[5, 7:9] = np.nan  # two of 200 resamples are undefined: too many
    expected = pairwise(draws, left_out, 24).p[np.triu_indices(6, 1)]
    np.testing.assert_allclose(all_p(draws, left_out, 24), expected, rtol=1e-9)
    assert np.isnan(expected).sum() == 5
