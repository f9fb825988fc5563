"""The paper's claims on a fabricated sweep: every one is evaluated, and those that are known come out so."""

import shlex
from itertools import product

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from percepnet.ablation.claims import PAPER, evaluate, load
from percepnet.ablation.evidence import gather
from percepnet.errors import NothingThereError
from percepnet.networks.lookup import choose
from tests.fakes import finished_run, result_rows

CLAIMS = {claim.id: claim for claim in load([PAPER])}
RISING = [-0.5, -0.6, -0.65, -0.7, -0.75, -0.8, -0.84, -0.7]
FALLING = [-0.8, -0.79, -0.7, -0.69, -0.68, -0.67, -0.66, -0.65]
NETWORKS = {
    ("alexnet.tv1", "alexnet", "", "classification", "imagenet1k"): RISING,
    ("vgg16.tv1", "vgg", "16", "classification", "imagenet1k"): RISING,
    ("resnet18.tv1", "resnet", "18", "classification", "imagenet1k"): FALLING,
    ("resnet50.tv1", "resnet", "50", "classification", "imagenet1k"): FALLING,
    ("resnet101.tv1", "resnet", "101", "classification", "imagenet1k"): FALLING,
    ("densenet121.tv1", "densenet", "121", "classification", "imagenet1k"): FALLING,
    ("alexnet.classification.places365", "alexnet", "", "classification", "places365"): RISING,
    ("alexnet-jigsaw.jigsaw.in1k", "alexnet", "", "jigsaw", "imagenet1k"): [value + 0.1 for value in RISING],
}
BASELINES = {
    "ssim": -0.6,
    "ssim_downsampled": -0.83,
    "lpips_vgg": -0.5,
    "lpips_alex": -0.7,
    "dists": -0.85,
    "dists_256": -0.9,
}


def of_baseline(name):
    factors = {"goal": "baseline", "dataset": "none", "arch": name, "variant": "as its library has it"}
    return factors | {"network": f"baseline.{name}", "readout": "baseline", "distance": name}


def run(results, name, values, benchmark="tid2013", **changes):
    rows = result_rows(values, run_id=name, benchmark=benchmark, **changes)
    for place, row in enumerate(rows):
        row["depth"] = (place + 1) / len(rows)
    finished_run(results, name, rows, spread=0.002)


@pytest.fixture(scope="module")
def sweep(tmp_path_factory):
    results = tmp_path_factory.mktemp("sweep")
    for (network, arch, variant, goal, dataset), values in NETWORKS.items():
        known = {"network": network, "arch": arch, "variant": variant, "goal": goal, "dataset": dataset}
        run(results, network, values, **known)
        for distance, by in (("cosine", 0.003), ("channel_equalised", -0.01)):
            run(
                results, f"{network}-{distance}", [value + by for value in values], distance=distance, **known
            )
    for readout, value in (
        ("concatenated", -0.839),
        ("best", -0.838),
        ("gram", -0.95),
        ("spatial_mean", -0.838),
    ):
        distance = readout if readout in ("gram", "spatial_mean") else "euclidean"
        run(results, readout, [value], readout=readout, distance=distance, layer="x")
    for name, value in BASELINES.items():
        run(results, name, [value], **of_baseline(name))
    learned = result_rows([-0.9, -0.84], run_id="learned", readout="channel_relevance", layer="x")
    learned[1]["layer"] = "x (uniform)"
    finished_run(results, "learned", learned, spread=0.002)
    return gather(results)


def verdicts(sweep, name):
    return {(found.version, found.case): found for found in evaluate(CLAIMS[name], sweep)}


@pytest.mark.parametrize("name", CLAIMS)
def test_every_claim_says_what_it_lacks_where_there_is_nothing(name):
    for found in evaluate(CLAIMS[name], []):
        assert found.verdict == "not testable"
        assert found.missing
        assert found.effect is None
        assert "python -m percepnet.sweep" in found.missing[-1] or found.case == "along training"


@pytest.mark.parametrize("name", CLAIMS)
def test_every_claim_is_evaluated_on_a_sweep_of_several_networks(sweep, name):
    for found in evaluate(CLAIMS[name], sweep):
        assert found.verdict in ("supported", "contradicted", "inconclusive", "not testable")
        assert (found.verdict == "not testable") == (found.effect is None) == (not found.arithmetic)
        assert found.reason
        assert found.arithmetic or found.missing


@pytest.mark.parametrize(
    ("name", "version", "case", "expected"),
    [
        ("C1", "v1", "against ssim", "supported"),
        ("C1", "v1", "against ssim_downsampled", "contradicted"),
        ("C1", "journal", "against ssim", "supported"),
        ("C1", "journal", "against ssim_downsampled", "contradicted"),
        ("C2", "paper", "against lpips_vgg", "supported"),
        ("C2", "paper", "against lpips_alex", "supported"),
        ("C3", "v1", "against dists", "supported"),
        ("C3", "v1", "against dists_256", "contradicted"),
        ("C3", "journal", "against dists", "contradicted"),
        ("C3", "journal", "against lpips_alex", "supported"),
        ("C4", "v1", "against lpips_vgg", "supported"),
        ("C4", "v1", "against lpips_alex", "supported"),
        ("C5", "journal", "on average", "supported"),
        ("C6", "journal", "along training", "not testable"),
        ("C7", "paper", "simple against very deep", "supported"),
        ("C8", "v1", "", "supported"),
        ("C8", "journal", "", "supported"),
        ("C9", "v1", "", "supported"),
        ("C10", "v1", "on average", "supported"),
        ("C11", "journal", "", "not testable"),
        ("C12", "v1", "on average", "contradicted"),
        ("C12", "v1", "each descriptor", "contradicted"),
        ("C13", "v1", "against the best layer", "supported"),
        ("C13", "v1", "against a layer chosen on other images", "supported"),
        ("C14", "v1", "learned against uniform (direction guessed)", "supported"),
        ("C15", "group", "spread", "supported"),
        ("C15", "group", "cosine against Euclidean", "supported"),
        ("C16", "group", "over layers", "not testable"),
    ],
)
def test_what_is_known_of_the_sweep_comes_out(sweep, name, version, case, expected):
    assert verdicts(sweep, name)[version, case].verdict == expected


def test_the_numbers_of_a_verdict_are_those_of_the_sweep(sweep):
    found = verdicts(sweep, "C4")["v1", "against lpips_vgg"]
    [step] = found.arithmetic
    assert step.ours == "alexnet-jigsaw.jigsaw.in1k layerwise euclidean, features.6"
    assert (step.ours_value, step.theirs_value, step.effect.value) == pytest.approx((0.74, 0.5, 0.24))
    assert step.effect.low < 0.24 < step.effect.high
    missing = verdicts(sweep, "C11")["journal", ""].missing
    assert missing[0].startswith("no network of dataset=cifar10 or cifar100")


COMMANDS = sorted(
    {words for claim in CLAIMS.values() for version in claim.versions for words in version.sweep}
)


@pytest.mark.slow
@pytest.mark.parametrize("place", range(len(COMMANDS)))
def test_what_a_claim_tells_to_run_makes_networks_for_everything_that_it_names(compose, place):
    words = [word for word in shlex.split(COMMANDS[place]) if word != "-m"]
    parsed = OverridesParser.create().parse_overrides(words)
    choices = [
        [f"{one.get_key_element()}={value}" for value in one.sweep_string_iterator()]
        if one.is_sweep_override()
        else [str(one.input_line)]
        for one in parsed
    ]
    assert ("-m" in COMMANDS[place].split()) == any(len(values) > 1 for values in choices)
    networks = [values for values in choices if values[0].startswith(("goal", "dataset", "arch"))]
    made = {word for cell in product(*networks) if exists(compose(*cell)) for word in cell}
    assert {word for values in networks for word in values} == made
    others = [values for values in choices if values not in networks]
    for cell in product(*others):
        compose(*cell)


def exists(settings):
    try:
        choose(settings["arch"], settings["goal"]["name"], settings["dataset"]["name"], settings["recipe"])
    except NothingThereError:
        return False
    return True
