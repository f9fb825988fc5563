"""LPIPS, ST-LPIPS and DISTS: the libraries' own numbers on trunks that percepnet has loaded."""

import lpips
import numpy as np
import piq
import pytest
import torch
from torch import nn

from percepnet.baselines import dists, learned
from percepnet.baselines.contract import Ready, planes
from percepnet.errors import InputError, NothingThereError
from percepnet.networks.build import Place, build
from percepnet.networks.catalogue import find, untrained
from percepnet.sources.cache import cache_root


@pytest.fixture
def images():
    generator = np.random.default_rng(3)
    return generator.integers(0, 256, (2, 64, 72, 3), np.uint8)


def network(arch, variant=""):
    return build(untrained(arch, variant, 0), Place(cache_root()))


def lpips_of_random_trunk(tmp_path, monkeypatch, net, arch, variant=""):
    trunk = network(arch, variant)
    monkeypatch.setattr(learned, "trunk", lambda *_, **__: trunk)
    return trunk, learned.LPIPS("lpips", net).prepare(Place(tmp_path))


@pytest.mark.slow
@pytest.mark.parametrize(("net", "arch", "variant"), [("alex", "alexnet", ""), ("vgg", "vgg", "16")])
def test_lpips_is_its_equation_on_the_trunks_own_responses(tmp_path, monkeypatch, images, net, arch, variant):
    # Zhang et al. 2018, equation 1, from the responses that percepnet itself observes
    trunk, ready = lpips_of_random_trunk(tmp_path, monkeypatch, net, arch, variant)
    stages = {"alex": (1, 4, 7, 9, 11), "vgg": (3, 8, 15, 22, 29)}[net]
    found = []
    for image in images:
        kept: dict[str, torch.Tensor] = {}
        trunk.observe(
            torch.from_numpy(image)[None], lambda tap, value, kept=kept: kept.update({tap: value.clone()})
        )
        found.append([kept[f"features.{index}"] for index in stages])
    path = f"{lpips.__path__[0]}/weights/v0.1/{net}.pth"
    heads = torch.load(path, map_location="cpu", weights_only=True)
    total = 0.0
    for index, (one, other) in enumerate(zip(*found, strict=True)):
        units = [value / (value.norm(dim=1, keepdim=True) + 1e-10) for value in (one, other)]
        weighted = (units[0] - units[1]) ** 2 * heads[f"lin{index}.model.1.weight"]
        total += float(weighted.sum(dim=1).mean())
    assert ready.distance(*images) == pytest.approx(total, rel=1e-4)
    assert ready.distance(images[0], images[0]) == 0.0
    assert len(ready.weights_hash) == 64


@pytest.mark.slow
@pytest.mark.parametrize(("net", "arch", "variant"), [("alex", "alexnet", ""), ("vgg", "vgg", "16")])
def test_lpips_names_the_smallest_image_that_its_trunk_can_pool(tmp_path, monkeypatch, net, arch, variant):
    _, ready = lpips_of_random_trunk(tmp_path, monkeypatch, net, arch, variant)
    generator = np.random.default_rng(4)
    least = generator.integers(0, 256, (2, ready.smallest, ready.smallest, 3), np.uint8)
    assert ready.distance(*least) > 0
    with pytest.raises(NothingThereError, match="as small as these"):
        ready.distance(*least[:, :-1])
    with pytest.raises(RuntimeError):
        ready.metric(*(planes(image[:-1, :-1]) for image in least))


def dists_weights():
    torch.manual_seed(5)
    return {name: torch.rand(1, sum(dists.CHANNELS), 1, 1) / 2000 for name in ("alpha", "beta")}


@pytest.mark.slow
@pytest.mark.parametrize(("size", "resize"), [((48, 40), False), ((48, 40), True), ((262, 280), True)])
def test_dists_is_piqs_own_where_its_downloads_are_replaced(monkeypatch, size, resize):
    weights = dists_weights()
    trunk = network("vgg", "16")
    state = {name: value.clone() for name, value in trunk.trunk.state_dict().items()}
    ours = dists.dists_with(trunk, weights)
    generator = np.random.default_rng(6)
    pair = generator.integers(0, 256, (2, *size, 3), np.uint8)
    ready = Ready("dists", "", lambda *two: (dists._resized if resize else dists._native)(ours, *two))

    class Vgg(nn.Module):
        def __init__(self, **_):
            super().__init__()
            self.features = network("vgg", "16").trunk.get_submodule("features")
            self.features.load_state_dict(
                {name.removeprefix("features."): value for name, value in state.items()}
            )

    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", lambda *_, **__: weights)
    monkeypatch.setattr("piq.perceptual.vgg16", Vgg)
    theirs = piq.DISTS()
    with torch.inference_mode():
        expected = float(theirs(*(planes(image).float() for image in pair)))
    assert ready.distance(*pair) == pytest.approx(expected, abs=1e-6)
    assert expected > 0.01


@pytest.mark.slow
def test_native_dists_leaves_large_images_at_their_size():
    model = dists.dists_with(network("vgg", "16"), dists_weights())
    generator = np.random.default_rng(7)
    pair = [planes(image) for image in generator.integers(0, 256, (2, 270, 258, 3), np.uint8)]
    sizes = []
    model.model.register_forward_hook(lambda *_: None)
    next(model.model.children()).register_forward_hook(lambda _, given, __: sizes.append(given[0].shape[2:]))
    with torch.inference_mode():
        native, resized = dists._native(model, *pair), dists._resized(model, *pair)
    assert [tuple(size) for size in sizes] == [(270, 258)] * 2 + [(267, 256)] * 2
    assert float(native) != pytest.approx(float(resized), abs=1e-4)


def test_dists_of_identical_images_is_zero_when_its_weights_sum_to_one(images):
    weights = dists_weights()
    total = sum(float(value.sum()) for value in weights.values())
    model = dists.dists_with(network("vgg", "16"), {name: value / total for name, value in weights.items()})
    one = planes(images[0])
    assert float(dists._native(model, one, one)) == pytest.approx(0.0, abs=1e-5)


def test_other_tensors_are_no_weights_of_dists():
    with pytest.raises(InputError, match="no channel weights"):
        dists.dists_with(network("vgg", "16"), {"alpha": torch.zeros(1, 3, 1, 1)})


@pytest.mark.parametrize(
    ("baseline", "file"),
    [
        (learned.LPIPS("a"), "alexnet-owt-7be5be79.pth"),
        (learned.STLPIPS("b", "vgg"), "vgg_shift_tolerant.pth"),
        (dists.DISTS("c"), "dists_weights.pt"),
    ],
)
def test_weights_that_cannot_be_had_are_a_reason_to_skip_that_says_what_to_put_where(
    tmp_path, baseline, file
):
    place = Place(tmp_path / "cache", (tmp_path / "mirror",), network=False)
    with pytest.raises(NothingThereError, match=r"sources\.mirrors") as caught:
        baseline.prepare(place)
    assert file in str(caught.value)
    assert str(tmp_path / "cache") in str(caught.value)


def test_a_trunk_that_does_not_exist_is_refused():
    for kind in (learned.LPIPS, learned.STLPIPS):
        with pytest.raises(InputError, match="alex or vgg"):
            kind("x", "squeeze")


# Values of the official codes have four digits.
REAL = [
    (learned.LPIPS("lpips_alex"), "lpips", 0.0001),
    (dists.DISTS("dists"), "dists", 0.0001),
]


@pytest.mark.slow
@pytest.mark.network
@pytest.mark.parametrize(("baseline", "official", "tolerance"), REAL, ids=["lpips", "dists"])
def test_the_official_values_of_five_tid2013_pairs_come_out(golden, baseline, official, tolerance):
    ready = baseline.prepare(Place(cache_root() / "weights"))
    found = [ready.distance(*pair) for pair in golden[0]]
    assert found == pytest.approx(golden[1][official], abs=tolerance)


@pytest.mark.slow
@pytest.mark.network
def test_dists_at_a_short_side_of_256_is_another_variant(golden):
    ready = dists.DISTS("dists_256", resize=True).prepare(Place(cache_root() / "weights"))
    found = np.array([ready.distance(*pair) for pair in golden[0]])
    deviation = np.abs(found - golden[1]["dists"])
    assert 0.03 < deviation.max() < 0.05


@pytest.mark.slow
@pytest.mark.network
@pytest.mark.parametrize("net", ["alex", "vgg"])
def test_st_lpips_hardly_sees_a_shift_that_lpips_sees(golden, net):
    image = golden[0][3][0][:128, :129]
    place = Place(cache_root() / "weights")
    shifted = (image[:, :-1], image[:, 1:])
    tolerant = learned.STLPIPS("st", net).prepare(place)
    assert tolerant.distance(image, image) == 0.0
    least = [part[: tolerant.smallest, : tolerant.smallest] for part in shifted]
    assert tolerant.distance(*least) > 0
    with pytest.raises(RuntimeError):
        tolerant.metric(*(planes(part[:-1, :-1]) for part in least))
    assert tolerant.distance(*shifted) < learned.LPIPS("l", net).prepare(place).distance(*shifted)
    assert find("perceptual", "bapps", *learned.TRUNKS[net]).recipe == "stlpips"
