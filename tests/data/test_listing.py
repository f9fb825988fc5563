import json
import subprocess
import sys

from percepnet.cli import main
from percepnet.data.options import option_files


def rows(capsys, cache):
    main(["data", "list", "--json", "--cache", str(cache)])
    return {row["name"]: row for row in json.loads(capsys.readouterr().out)}


def test_every_option_is_listed_with_its_judgement_and_what_it_needs(capsys, tmp_path):
    found = rows(capsys, tmp_path)
    assert list(found) == list(option_files())
    assert {row["judgement"] for row in found.values()} == {"opinion", "choice", "psychophysics"}
    assert all(row["summary"] and not row["summary"].startswith("@") for row in found.values())
    assert found["tid2013"]["needs_root"]
    assert not found["modelfest"]["needs_root"]
    assert found["tid2013"]["settings"]["levels"] == 5


def test_how_files_are_had_is_told(capsys, tmp_path):
    found = {name: row["files"] for name, row in rows(capsys, tmp_path).items()}
    assert found["macadam"] == "none"
    assert found["modelfest"] == "by itself"
    assert found["pairs_csv"] == "your own"
    assert found["tid2013"] == "by hand"
    assert found["bapps_2afc"] == "data fetch"
    assert found["tid2013_kodak"] == "data fetch, and by hand"


def test_what_lies_in_the_cache_is_told(capsys, tmp_path):
    folder = tmp_path / "benchmarks" / "csiq" / "files"
    folder.mkdir(parents=True)
    (folder / ".lock").touch()
    before = rows(capsys, tmp_path)
    assert before["macadam"]["on_disk"]
    assert not before["csiq"]["on_disk"]
    (folder / "csiq.DMOS.xlsx").touch()
    assert rows(capsys, tmp_path)["csiq"]["on_disk"]


def test_the_table_fits_and_counts(capsys, tmp_path):
    main(["data", "list", "--cache", str(tmp_path)])
    shown = capsys.readouterr().out
    assert f"{len(option_files())} benchmarks" in shown
    assert "TID2013: 3,000 distorted images" in shown


def test_listing_imports_neither_torch_nor_scipy():
    code = (
        "import sys; from percepnet.cli import main; main(['data', 'list']);"
        "sys.exit(bool({'torch', 'scipy', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
