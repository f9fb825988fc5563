"""The walls of the house: who may import whom."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "percepnet"
FILES = sorted(PACKAGE.rglob("*.py"))

FLOORS = [
    {"sweep", "__main__"},
    {"sweeper", "launchers"},
    {"cell", "cli", "composing"},
    {"baseline_cell", "commands", "housekeeping"},
    {"readouts", "baselines", "fetching", "data", "job", "doctor"},
    {"responses"},
    {"benchmarks", "ablation"},
    {"networks", "results"},
    {"unit"},
    {"sources", "config", "agreement"},
    {"errors", "__init__"},
    {"heap"},
]

ONLY_IN = {
    "hydra": {"sweep.py", "sweeper.py", "launchers.py", "composing.py"},
    "hydra_plugins": {"launchers.py"},
    "submitit": {"launchers.py"},
    "joblib": set[str](),
    "wandb": {"results/tracking.py"},
    "wandb_workspaces": {"results/dashboard.py", "results/panels.py"},
    "lightning": {"responses/device.py", "responses/extractor.py", "readouts/relevance/training.py"},
    "piq": {"baselines/classic.py", "baselines/dists.py"},
    "lpips": {"baselines/learned.py"},
    "requests": {"sources/http.py", "sources/pypi.py", "sources/pip_settings.py"},
    "pypi_simple": {"sources/pypi.py"},
    "urllib.request": set[str](),
}


def imported(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def floor(name):
    return next(level for level, rooms in enumerate(FLOORS) if name in rooms)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_room_imports_only_from_floors_below_its_own(path):
    for name in imported(path):
        parts = name.split(".")
        if (
            parts[0] == "percepnet"
            and len(parts) > 1
            and parts[1] != room(path)
            and parts[1] != "__version__"
        ):
            assert floor(parts[1]) > floor(room(path)), f"{path.name} imports {name}"


@pytest.mark.parametrize("library", ONLY_IN)
def test_a_library_with_side_effects_is_imported_in_its_own_place_alone(library):
    users = {
        str(path.relative_to(PACKAGE))
        for path in FILES
        if any(name == library or name.startswith(f"{library}.") for name in imported(path))
    }
    assert users <= ONLY_IN[library]


@pytest.mark.parametrize(
    ("place", "forbidden"),
    [
        ("agreement", {"torch", "pandas"}),
        ("readouts", {"percepnet.networks", "percepnet.benchmarks", "PIL"}),
        ("networks", {"percepnet.benchmarks", "percepnet.agreement"}),
    ],
)
def test_what_a_room_must_know_nothing_of(place, forbidden):
    for path in (PACKAGE / place).rglob("*.py"):
        for name in imported(path):
            assert not any(name == other or name.startswith(f"{other}.") for other in forbidden), path


def test_no_file_is_too_large_to_be_read_in_one_go():
    assert {path.name: n for path in FILES if (n := len(path.read_text().splitlines())) > 260} == {}
