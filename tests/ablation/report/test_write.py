"""The files beside the page: every table and every figure, the numbers those of the page."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from percepnet.ablation.report.parts import Figure, Table


def test_every_file_that_is_named_is_there_and_no_other(report):
    folder, files, items = report
    assert sorted(files) == sorted(path for path in folder.rglob("*") if path.is_file())
    assert all(path.stat().st_size > 0 for path in files)
    tables = {item.name for item in items if isinstance(item, Table)}
    figures = {item.name for item in items if isinstance(item, Figure)}
    assert {path.name for path in (folder / "tables").iterdir()} == {
        f"{name}.{end}" for name in tables for end in ("csv", "parquet", "tex")
    }
    assert {path.name for path in (folder / "figures").iterdir()} == {
        f"{name}.{end}" for name in figures for end in ("svg", "png")
    }
    assert {"summary", "ranking-tid2013-srcc", "depth-kadid10k-plcc", "claims", "versions"} <= tables
    assert {"contrasts-tid2013-srcc", "interaction-tid2013-srcc", "by-kind-kadid10k-srcc"} <= figures


def test_csv_and_parquet_read_back_to_the_same_numbers_and_latex_has_every_row(report):
    folder, _, items = report
    for table in (item for item in items if isinstance(item, Table)):
        stored = pd.read_parquet(folder / "tables" / f"{table.name}.parquet")
        pd.testing.assert_frame_equal(stored, table.frame.reset_index(drop=True), check_dtype=False)
        from_text = pd.read_csv(folder / "tables" / f"{table.name}.csv")
        assert list(from_text.columns) == list(table.frame.columns)
        for name in table.frame.select_dtypes("number"):
            np.testing.assert_allclose(from_text[name], table.frame[name], rtol=1e-12)
        tex = (folder / "tables" / f"{table.name}.tex").read_text(encoding="utf-8")
        body = tex[tex.index(r"\endlastfoot") :]
        assert body.count(r" \\") == len(table.frame)
        assert all(rule in tex for rule in (r"\toprule", r"\midrule", r"\bottomrule"))


def test_the_ranking_file_holds_what_was_measured(report):
    folder, _, _ = report
    ranking = pd.read_csv(folder / "tables" / "ranking-kadid10k-srcc.csv").set_index("label")
    assert ranking["value"].is_monotonic_decreasing
    assert ranking.loc["dists", "value"] == pytest.approx(0.79)
    assert ranking.loc["vgg16.tv1 · gram", "behind"] == pytest.approx(-0.03)
    assert ranking.loc["vgg16.tv1 · gram", "share"] == pytest.approx(0.76 / 0.98)
    assert ranking.loc["ssim", "standing"] == "less human-like than the best"
    assert (ranking["holm"].dropna() >= ranking["p"].dropna()).all()


def test_the_contrasts_file_holds_the_differences_that_were_put_in(report):
    folder, _, _ = report
    contrasts = pd.read_csv(folder / "tables" / "contrasts-tid2013-srcc.csv").set_index(["factor", "level"])
    assert contrasts["value"].abs()[("arch", "alexnet")] == pytest.approx(0.04)
    assert contrasts.loc[("goal", "jigsaw"), "value"] == pytest.approx(0.0)
    assert contrasts.loc[("goal", "jigsaw"), "n"] == 2  # its Gram matrices were not read


def test_names_are_escaped_for_latex(report):
    folder, _, _ = report
    tex = (folder / "tables" / "by-kind-tid2013-srcc.tex").read_text(encoding="utf-8")
    assert r"$<$jpeg$>$ \& co" in tex
    assert "& co &" not in tex.replace(r"\&", "")


def test_pictures_are_pictures_of_what_was_drawn(report):
    folder, files, _ = report
    for path in (path for path in files if path.suffix == ".png"):
        with Image.open(path) as image:
            assert image.width > 300
            assert np.unique(np.asarray(image.convert("L").reduce(4))).size > 5
    drawn = (folder / "figures" / "ranking-tid2013-srcc.svg").read_text(encoding="utf-8")
    assert "vgg16.tv1 · gram" in drawn
    assert "NaN" not in drawn
