"""Own nets: parameters as published, backbones as in torchvision's detectors, filters as written down."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional
from torchvision import models

from percepnet.errors import InputError
from percepnet.networks import modules
from percepnet.networks.build import bare_module, replace_head, tensor_hash
from percepnet.networks.builders import builder, constant
from percepnet.networks.layout import find as find_layout
from percepnet.networks.layouts import renamed
from percepnet.networks.modules.hed import edge_map
from percepnet.networks.modules.sobel import Sobel
from percepnet.networks.modules.stlpips import BlurDown, distance

# Parameters as in the publishers' tables (trunks without heads).
PARAMETERS = {
    "vissl_alexnet_bvlc": 2_334_080,
    "vissl_alexnet_jigsaw": 2_336_128,
    "vissl_alexnet_colorization": 2_313_600,
    "vissl_alexnet_rotnet": 2_472_000,
    "vissl_alexnet_deepcluster": 3_738_336,
    "ipcl_alexnet_gn": 58_823_520,
    "alexnet_gn": 58_823_520,
    "deepcluster_vgg16": 14_722_560,
    "hed_vgg16": 14_716_171,
    "stlpips_alexnet": 2_469_696 + 1_152,
    "stlpips_vgg16": 14_714_688 + 1_472,
    "cifar_resnet": 272_474,
    "lpips_heads": 1_152,
}


def built(name, **options) -> Any:
    with constant():
        return builder(name)(**options)


def parameters(module):
    return sum(tensor.numel() for tensor in module.parameters())


@pytest.mark.parametrize("name", PARAMETERS)
def test_own_nets_have_the_published_number_of_parameters(name):
    assert parameters(built(f"percepnet:{name}")) == PARAMETERS[name]


def test_variants_have_the_published_number_of_parameters():
    assert parameters(built("percepnet:ipcl_alexnet_gn", out_dim=1000, l2norm=False)) == 62_396_104
    headless = built("percepnet:vissl_resnet50_colorization")
    replace_head(headless, "fc")
    assert parameters(headless) == 23_501_760
    assert parameters(built("percepnet:cifar_resnet", depth=56)) == 855_770


def test_the_wide_resnet_200_is_twice_as_wide_everywhere():
    module = built("percepnet:resnet200w2")
    assert [*module.conv1.weight.shape] == [128, 3, 7, 7]
    assert [*module.layer4[2].conv3.weight.shape] == [4096, 1024, 1, 1]
    assert [len(stage) for stage in (module.layer1, module.layer2, module.layer3, module.layer4)] == [
        3,
        24,
        36,
        3,
    ]


# Layout, torchvision's own builder, percepnet's backbone: the builder's names are the file's.
BUILDERS = [
    ("segmentation_backbone", "segmentation.fcn_resnet50", "torchvision:resnet50", ("fc",)),
    (
        "segmentation_mobilenet",
        "segmentation.lraspp_mobilenet_v3_large",
        "torchvision:mobilenet_v3_large",
        ("classifier",),
    ),
    ("detection_backbone", "detection.fasterrcnn_resnet50_fpn", "percepnet:detection_resnet50", ("fc",)),
    (
        "detection_mobilenet",
        "detection.fasterrcnn_mobilenet_v3_large_fpn",
        "percepnet:detection_mobilenet_v3_large",
        ("classifier",),
    ),
    ("ssd_vgg16", "detection.ssd300_vgg16", "percepnet:ssd_vgg16", ()),
    ("ssdlite", "detection.ssdlite320_mobilenet_v3_large", "percepnet:ssdlite_mobilenet_v3_large", ()),
]


@pytest.mark.parametrize(("layout", "theirs", "ours", "heads"), BUILDERS, ids=[row[0] for row in BUILDERS])
def test_every_backbone_tensor_of_torchvisions_builders_has_its_place(layout, theirs, ours, heads, tmp_path):
    family, _, name = theirs.partition(".")
    with constant():
        whole = getattr(getattr(models, family), name)(weights=None, weights_backbone=None)
    module = built(ours)
    for head in heads:
        replace_head(module, head)
    wanted = find_layout(layout)
    kept = {
        name: tensor for name, tensor in whole.state_dict().items() if name.startswith(tuple(wanted.keep))
    }
    found = renamed(kept, wanted, tmp_path, module)
    assert shapes(found) == shapes(module.state_dict())


def shapes(state):
    return {name: [*tensor.shape] for name, tensor in state.items() if "num_batches" not in name}


@pytest.mark.parametrize("eps", [0.0, 1e-5])
def test_frozen_normalisation_has_the_eps_asked_for(eps):
    module = built("percepnet:detection_resnet50", eps=eps)
    norms = [child for child in module.modules() if hasattr(child, "running_var")]
    assert {(type(norm).__name__, norm.eps) for norm in norms} == {("FrozenBatchNorm2d", eps)}


def test_the_third_pooling_of_ssd_rounds_up_like_torchvisions():
    with constant():
        theirs = models.detection.ssd300_vgg16(weights=None, weights_backbone=None).backbone.features
    ours = built("percepnet:ssd_vgg16").features
    assert [str(layer) for layer in ours] == [str(layer) for layer in theirs]


def test_sobel_finds_slopes_of_grey_and_no_colour():
    ramp = torch.arange(6.0).expand(1, 3, 5, 6)
    horizontal, vertical = Sobel(padding=0)(ramp)[0]
    # The kernel is correlated, not flipped: left minus right, weights 1 2 1.
    assert torch.allclose(horizontal, torch.full_like(horizontal, -8.0))
    assert vertical.abs().max() < 1e-5
    colour = torch.stack([ramp[0, 0], -ramp[0, 0], torch.zeros(5, 6)])[None]
    assert Sobel()(colour).abs().max() < 1e-5


def test_the_padding_of_the_later_release_changes_the_border_alone():
    torch.manual_seed(0)
    image = torch.rand(1, 3, 16, 20)
    early, late = (built("percepnet:deepcluster_vgg16", pad=pad).sobel(image) for pad in (0, 2))
    assert [*late.shape] == [1, 2, 18, 22]
    assert torch.allclose(early[..., 1:-1, 1:-1], late[..., 2:-2, 2:-2])


def test_blurred_reduction_is_the_binomial_filter_and_loses_nothing_of_a_constant():
    blur: Any = BlurDown(2)
    assert torch.equal(
        blur.filt[0, 0] * 16, torch.tensor([[1.0, 2.0, 1.0], [2.0, 4.0, 2.0], [1.0, 2.0, 1.0]])
    )
    assert torch.equal(blur(torch.ones(1, 2, 8, 9)), torch.ones(1, 2, 5, 6))


def test_colorization_keeps_the_size_of_its_last_stage():
    module = built("percepnet:vissl_resnet50_colorization")
    maps = []
    for stage in (module.layer3, module.layer4):
        stage.register_forward_hook(lambda _m, _i, out: maps.append([*out.shape[2:]]))
    module.eval()(torch.zeros(1, 1, 64, 64))
    assert maps == [[4, 4], [4, 4]]


def test_the_dilated_resnet_18_keeps_an_eighth_of_the_size():
    module = built("percepnet:mmseg_resnet18")
    replace_head(module, "avgpool")
    replace_head(module, "fc")
    assert [*module.eval()(torch.zeros(1, 3, 64, 64)).shape] == [1, 512 * 8 * 8]
    dilations = [block.conv1.dilation[0] for stage in (module.layer3, module.layer4) for block in stage]
    assert dilations == [1, 2, 2, 4]


def test_hed_pools_an_odd_size_up_as_keras_does():
    pooled = built("percepnet:hed_vgg16").features[:5](torch.zeros(1, 3, 7, 9))
    assert [*pooled.shape[2:]] == [4, 5]
    assert [*built("percepnet:hed_vgg16", same=False).features[:5](torch.zeros(1, 3, 7, 9)).shape[2:]] == [
        3,
        4,
    ]


def test_edges_and_distances_need_the_network_that_has_them():
    other: Any = SimpleNamespace(trunk=nn.Identity(), id="alexnet.tv1")
    with pytest.raises(TypeError, match=r"alexnet\.tv1 finds no edges"):
        edge_map(other, torch.zeros(8, 8, 3))
    with pytest.raises(TypeError, match="no heads of ST-LPIPS"):
        distance(other, torch.zeros(1, 8, 8, 3), torch.zeros(1, 8, 8, 3))


def test_ipcl_embeds_on_the_unit_sphere():
    torch.manual_seed(0)
    module = modules.ipcl_alexnet_gn().eval()
    embedding = module(torch.rand(2, 3, 224, 224))
    assert torch.allclose(embedding, functional.normalize(embedding))


UNTRAINED_ALEXNET = "af480843a9246593fc71d133cc94b74632cf25ebcf0c9e8590e207adb396f68d"


def architecture(name, *without, **options) -> Any:
    return SimpleNamespace(builder=name, options=options, without=without)


def test_untrained_weights_are_the_librarys_own_and_stay_what_they_were():
    alexnet = architecture("torchvision:alexnet", "avgpool", "classifier")
    assert tensor_hash(bare_module(alexnet, 0).state_dict()) == UNTRAINED_ALEXNET
    torch.manual_seed(0)
    theirs = models.alexnet(weights=None).features.state_dict()
    ours = bare_module(alexnet, 0).state_dict()
    assert all(torch.equal(ours[f"features.{name}"], tensor) for name, tensor in theirs.items())


@pytest.mark.parametrize(
    "name", ["torchvision:swin_t", "timm:swin_tiny_patch4_window7_224", "torchvision:mobilenet_v2"]
)
def test_the_fast_path_changes_no_table(name):
    slow, fast = (bare_module(architecture(name), seed) for seed in (0, None))
    tables = dict(slow.named_buffers())
    assert tables
    assert all(torch.equal(tensor, tables[buffer]) for buffer, tensor in fast.named_buffers())


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("torchvision:resnet51", {}, "did you mean resnet50"),
        ("timm:convnext_atom", {}, "did you mean convnext_atto"),
        ("percepnet:hed_vgg", {}, "did you mean hed_vgg16"),
        ("percepnet:cifar_resnet", {"deepness": 20}, "deepness"),
        ("python:nowhere.file:build", {}, "run from the folder that holds it"),
        ("keras:vgg16", {}, "python:PACKAGE.FILE:FUNCTION"),
    ],
)
def test_a_builder_that_does_not_exist_says_what_does(name, options, message):
    with pytest.raises(InputError, match=message):
        bare_module(architecture(name, **options), 0)


def test_a_head_that_does_not_exist_is_an_error():
    with pytest.raises(InputError, match=r"(?s)no module is called 'clasifier'.*did you mean classifier"):
        bare_module(architecture("torchvision:alexnet", "clasifier"), None)
