import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from percepnet.errors import InputError
from percepnet.results.rows import SCHEMA, best_layers, read_results, read_run, whole, write_rows
from tests.fakes import result_rows


def test_rows_come_back_as_they_were_written(tmp_path):
    rows = result_rows()
    write_rows(tmp_path, rows)
    found = read_run(tmp_path)
    assert found is not None
    assert list(found.columns) == SCHEMA.names
    np.testing.assert_array_equal(found["value"], [row["value"] for row in rows])


def test_an_undefined_score_stays_undefined(tmp_path):
    write_rows(tmp_path, [{**result_rows()[0], "value": float("nan")}])
    found = read_run(tmp_path)
    assert found is not None
    assert found["value"].isna().all()


def test_a_run_that_has_not_finished_has_no_rows(tmp_path):
    assert read_run(tmp_path) is None
    assert read_results(tmp_path).empty


def test_results_are_the_rows_of_every_finished_run(tmp_path):
    for run in ("a", "b"):
        (tmp_path / "runs" / run).mkdir(parents=True)
        write_rows(tmp_path / "runs" / run, result_rows(run_id=run))
    (tmp_path / "runs" / "unfinished").mkdir()
    assert set(read_results(tmp_path)["run_id"]) == {"a", "b"}


def test_a_damaged_file_of_rows_says_what_to_do(tmp_path):
    write_rows(tmp_path, result_rows())
    path = tmp_path / "rows.parquet"
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(InputError, match="delete it"):
        read_run(tmp_path)


def test_the_best_layer_is_the_most_human_like_whatever_the_sign():
    falling = pd.DataFrame(result_rows(values=[-0.2, -0.9, 0.95], polarity=-1))
    rising = pd.DataFrame(result_rows(values=[-0.2, -0.9, 0.95], polarity=1, run_id="up"))
    best = best_layers(pd.concat([falling, rising], ignore_index=True))
    assert best["value"].tolist() == [-0.9, 0.95]


def test_a_layer_without_a_defined_score_is_never_the_best():
    rows = pd.DataFrame(result_rows(values=[np.nan, -0.1, np.nan]))
    assert best_layers(rows)["value"].tolist() == [-0.1]


def test_parts_of_the_judgements_are_no_candidates_for_the_best_layer():
    part = result_rows(values=[-0.99], subset="kind=jpeg")
    rows = pd.DataFrame([*result_rows(values=[-0.2, -0.9]), *part])
    assert best_layers(rows)["value"].tolist() == [-0.9]
    assert len(whole(rows)) == 2


def test_the_first_metric_of_each_benchmark_decides_unless_another_is_named():
    stress = result_rows(values=[60.0, 30.0], metric="stress", benchmark="combvd", polarity=-1)
    srcc = result_rows(values=[0.8, 0.7], metric="srcc", benchmark="combvd", polarity=1)
    rows = pd.DataFrame([*stress, *srcc, *result_rows(values=[-0.2, -0.9])])
    assert best_layers(rows)[["benchmark", "value"]].to_numpy().tolist() == [
        ["combvd", 30.0],
        ["tid2013", -0.9],
    ]
    assert best_layers(rows, "srcc")["value"].tolist() == [0.8, -0.9]


def test_rows_of_a_version_without_parts_are_rows_of_all_judgements(tmp_path):
    kept = [name for name in SCHEMA.names if name not in {"subset", "ceiling_method"}]
    table = pa.Table.from_pylist([{name: row[name] for name in kept} for row in result_rows()])
    pq.write_table(table, tmp_path / "rows.parquet")
    found = read_run(tmp_path)
    assert found is not None
    assert set(found["subset"]) == {"all"}
