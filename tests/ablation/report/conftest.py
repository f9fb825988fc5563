import pytest

from percepnet.ablation.report.page import sections
from percepnet.ablation.report.parts import every
from percepnet.ablation.report.study import read_study
from percepnet.ablation.report.write import write_page
from tests.ablation.report.sweep import write_sweep


@pytest.fixture(scope="package")
def report(tmp_path_factory):
    """The folder of a small sweep's report, the files written to it, and its tables and figures."""
    folder = tmp_path_factory.mktemp("sweep")
    write_sweep(folder)
    chapters = sections(read_study(folder, None), ())
    written = write_page("A title", chapters, folder / "report")
    return folder / "report", written, list(every(chapters))
