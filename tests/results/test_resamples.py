import numpy as np
import pytest

from percepnet.errors import InputError
from percepnet.results.resamples import read_resamples, write_resamples


def test_each_layer_has_the_resamples_that_were_written_for_it(tmp_path):
    values = np.random.default_rng(0).normal(size=(3, 25))
    keys = [("tid2013", "srcc", 0), ("tid2013", "srcc", 2), ("tid2013", "plcc", 0)]
    write_resamples(tmp_path, [(key, 5, row) for key, row in zip(keys, values, strict=True)])
    found = read_resamples(tmp_path, "tid2013", "srcc")
    assert list(found) == [0, 2]
    assert found[2][0] == 5
    np.testing.assert_allclose(found[0][1], values[0], rtol=1e-7)  # float32
    np.testing.assert_allclose(found[2][1], values[1], rtol=1e-7)
    assert read_resamples(tmp_path, "csf", "srcc") == {}


def test_undefined_values_stay_undefined(tmp_path):
    write_resamples(tmp_path, [(("csf", "rmse", 1), 0, np.array([0.5, np.nan, -np.inf]))])
    left_out, values = read_resamples(tmp_path, "csf", "rmse")[1]
    assert left_out == 0
    np.testing.assert_array_equal(values, [0.5, np.nan, -np.inf])


def test_a_run_may_have_nothing_to_compare(tmp_path):
    assert read_resamples(tmp_path, "tid2013", "srcc") == {}
    write_resamples(tmp_path, [])
    assert (tmp_path / "resamples.parquet").exists()
    assert read_resamples(tmp_path, "tid2013", "srcc") == {}


def test_a_damaged_file_says_what_to_do(tmp_path):
    write_resamples(tmp_path, [(("csf", "rmse", 1), 0, np.ones(200))])
    path = tmp_path / "resamples.parquet"
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(InputError, match="the same sweep makes it anew"):
        read_resamples(tmp_path, "csf", "rmse")
