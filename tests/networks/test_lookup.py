import pytest
import torch
from torch import nn

from percepnet.errors import InputError, NothingThereError
from percepnet.networks.build import Place, build
from percepnet.networks.lookup import choose, own_folder

BUILDER = "tests.networks.test_lookup:small_network"


def small_network(width=4):
    body = nn.Sequential(nn.Conv2d(3, width, 3), nn.ReLU(inplace=True), nn.Conv2d(width, 5, 3, stride=2))
    return nn.Sequential(body, nn.Flatten(), nn.LazyLinear(2) if width < 0 else nn.Identity())


def own(path, **more):
    custom = {"module": BUILDER, "checkpoint": str(path), **more}
    return {"name": "custom", "variant": "", "tokens": "patches", "custom": custom}


def saved(tmp_path, state):
    path = tmp_path / "mine.pth"
    torch.save(state, path)
    return path


def built(arch, tmp_path, **more):
    row = choose(arch, "mine", "holidays", None, **more)
    return row, build(row, Place(tmp_path / "cache", own_folder(arch), network=False))


def test_a_network_of_your_own_is_built_loaded_and_read_everywhere(tmp_path):
    torch.manual_seed(3)
    theirs = small_network()
    path = saved(tmp_path, theirs.state_dict())
    row, network = built(own(path), tmp_path)
    assert (row.goal, row.dataset, row.arch) == ("mine", "holidays", "custom")
    assert [tap.name for tap in network.taps] == ["input", "0.0", "0.1", "0.2"]
    image = torch.zeros(1, 8, 9, 3)
    seen: dict[str, torch.Tensor] = {}
    network.observe(image, lambda tap, response: seen.__setitem__(tap, response.clone()))
    expected = theirs[0](network.preprocessing(image.permute(0, 3, 1, 2)))
    torch.testing.assert_close(seen["0.2"], expected)


def test_its_file_may_have_other_names_which_a_map_in_the_command_turns(tmp_path):
    state = {f"module.net.{name}": tensor for name, tensor in small_network().state_dict().items()}
    path = saved(tmp_path, {"model": state, "epoch": 3})
    layout = {"inside": ["model"], "strip": ["module."], "rename": [[r"^net\.", ""]]}
    _, network = built(own(path, layout=layout, options={"width": 4}, stages=["0.2"]), tmp_path)
    assert torch.equal(network.trunk.state_dict()["0.0.weight"], state["module.net.0.0.weight"])
    assert network.stages == ("0.2",)


def test_its_untrained_control_needs_no_file(tmp_path):
    arch = own("", module=BUILDER)
    row = choose(arch, "untrained", "none", None, seed=2)
    assert (row.goal, row.sources, row.id) == ("untrained", (), "custom.untrained.2")


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"module": None}, "names no function"),
        ({"module": "tests.networks.test_lookup:smal_network"}, "smal_network"),
        ({"checkpoint": "/does/not/exist.pth"}, "is no file"),
        ({"chekpoint": "x"}, "did you mean checkpoint"),
        ({"input": "imagenett"}, "did you mean imagenet"),
        ({"layout": "state_dikt"}, "state_dict"),
        ({"options": {"width": 7}}, "1 of 4 tensors fit"),
    ],
)
def test_what_is_wrong_with_it_is_named(tmp_path, more, message):
    path = saved(tmp_path, small_network().state_dict())
    with pytest.raises(InputError, match=message):
        built({**own(path), "custom": {**own(path)["custom"], **more}}, tmp_path)


def arch(name, variant="", tokens="patches"):
    return {"name": name, "variant": variant, "tokens": tokens, "custom": {}}


def test_untrained_is_a_goal_too():
    assert choose(arch("vgg", "16"), "untrained", "none", None, seed=4).id == "vgg16.untrained.4"


def test_the_first_real_ablation_of_goals_finds_its_four_networks():
    wanted = {"classification": "imagenet1k", "edges": "bsds500", "perceptual": "bapps", "untrained": "none"}
    found = [choose(arch("vgg", "16"), goal, dataset, None).id for goal, dataset in wanted.items()]
    assert found == ["vgg16.tv1", "vgg16.edge.bsds500", "vgg16-st.perceptual.bapps", "vgg16.untrained.0"]


def test_tokens_are_part_of_the_architecture():
    row = choose(arch("vit", "s_16", "class"), "dino", "imagenet1k", None)
    assert row.architecture.form.tokens == "class"
    with pytest.raises(InputError, match="no class token"):
        choose(arch("resnet", "50", "class"), "dino", "imagenet1k", None)


def test_a_licence_that_asks_for_it_has_to_be_accepted():
    wanted = (arch("vit", "b_16"), "dinov3", "lvd1689m", None)
    with pytest.raises(NothingThereError, match=r"sources\.accept=\[\"DINOv3 licence\"\]"):
        choose(*wanted)
    assert choose(*wanted, accepted=["DINOv3 licence"]).id == "vit_base_patch16_dinov3.lvd1689m"


def test_weights_are_pretrained_or_random():
    with pytest.raises(InputError, match="pretrained or random"):
        choose(arch("vgg", "16"), "classification", "imagenet1k", None, weights="trained")
