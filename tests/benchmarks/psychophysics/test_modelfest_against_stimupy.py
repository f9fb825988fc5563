"""The 43 stimuli beside those of an independent package, which is installed for this test alone."""

import subprocess
import sys
import venv
from pathlib import Path

import numpy as np
import pytest

pytestmark = [pytest.mark.network, pytest.mark.slow]

DRAW = """
import sys
import numpy as np
from stimupy.papers import modelfest
np.savez(sys.argv[1], *[getattr(modelfest, name)()["img"] for name in modelfest.__all__])
"""
# its disk lies two pixels off the centre; everything else agrees within one
SHIFTS = {40: 2}
BORDER = 4


@pytest.fixture(scope="module")
def drawings(tmp_path_factory: pytest.TempPathFactory) -> dict[int, np.ndarray]:
    """The package's images `[256, 256]` by number, around 0."""
    folder = tmp_path_factory.mktemp("stimupy")
    venv.create(folder / "venv", with_pip=True)
    python = str(folder / "venv" / "bin" / "python")
    subprocess.run([python, "-m", "pip", "install", "-q", "stimupy==1.2.0"], check=True)
    subprocess.run([python, "-W", "ignore", "-c", DRAW, str(folder / "drawn.npz")], check=True)
    with np.load(folder / "drawn.npz") as drawn:
        return {number: drawn[f"arr_{number - 1}"] - 0.5 for number in range(1, 44)}


def correlation(ours: np.ndarray, theirs: np.ndarray, shift: int) -> float:
    """Return the largest correlation over shifts of up to `shift` pixels, sign kept."""
    inner = (slice(BORDER, -BORDER), slice(BORDER, -BORDER))
    steps = range(-shift, shift + 1)
    rolled = [np.roll(theirs, (down, right), (0, 1)) for down in steps for right in steps]
    return max(float(np.corrcoef(ours[inner].ravel(), other[inner].ravel())[0, 1]) for other in rolled)


def test_every_stimulus_looks_like_the_independent_drawing(modelfest, drawings):
    found = {
        number: correlation(modulation, drawings[number], SHIFTS.get(number, 1))
        for number, modulation in modelfest.images.modulations.items()
    }
    assert len(found) == 43
    assert {number: value for number, value in found.items() if value <= 0.999} == {}


def test_the_package_is_not_imported_here():
    assert "stimupy" not in sys.modules
    package = Path(__file__).parents[3] / "percepnet"
    assert not [path for path in package.rglob("*.py") if "import stimupy" in path.read_text()]
