import pandas as pd

from percepnet.ablation.report.names import labels
from tests.fakes import result_rows


def test_a_run_is_named_apart_only_from_others_on_its_benchmark():
    rows = pd.DataFrame(
        result_rows(run_id="run-aaaaaa", benchmark="tid2013")
        + result_rows(run_id="run-bbbbbb", benchmark="kadid10k")
        + result_rows(run_id="run-cccccc", benchmark="kadid10k")
    )
    named = labels(rows)
    assert named["run-bbbbbb"] == f"{named['run-aaaaaa']} (bbbbbb)"
    assert named["run-cccccc"] == f"{named['run-aaaaaa']} (cccccc)"
