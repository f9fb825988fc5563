"""Checkpoint files as their publishers write them, made from a module's tensors.

The key names and prefixes are those of the publishers' own loading code; published_cases.py says which
module is written in which of them.
"""

import argparse
import io
import pickle
import re
from collections import OrderedDict

import h5py
import numpy as np
import torch
from lightning.fabric.utilities.data import AttributeDict

from percepnet.networks.modules.hed import STAGES
from tests.networks import python2

HEAD = {"fc.0.weight": torch.ones(2, 2), "fc.2.bias": torch.ones(2)}
"""A projection head, where the publisher's network has one and ours has not."""
SOBEL = {"sobel.0.weight": torch.ones(1, 3, 1, 1), "sobel.1.bias": torch.zeros(2)}


def saved(content, **how):
    """The bytes of torch.save."""
    file = io.BytesIO()
    torch.save(content, file, **how)
    return file.getvalue()


def under(prefix, state):
    return OrderedDict((prefix + name, tensor) for name, tensor in state.items())


def training(**parts):
    """What training scripts save beside the tensors."""
    optimizer = {
        "state": {0: {"momentum_buffer": torch.ones(2)}},
        "param_groups": [{"lr": 0.1, "params": [0]}],
    }
    return saved({"epoch": 200, "arch": "resnet50", "optimizer": optimizer, **parts})


def vissl(state):
    heads = {"0.clf.0.weight": torch.ones(2, 2)}
    model = {"trunk": under("_feature_blocks.", state), "heads": heads}
    base = {"model": model, "meters": {}, "loss": {}}
    classy = {"base_model": base, "optimizer": {}, "train": True, "phase_idx": np.int64(104)}
    return saved({"phase": 104, "loss": np.float64(1.5), "classy_state_dict": classy, "type": "consolidated"})


def vissl_alexnet(state):
    return saved(
        {"model_state_dict": {name.replace("features.", "_feature_blocks."): t for name, t in state.items()}}
    )


def inner_parallel(state):
    """AlexNet and VGG of PyTorch's example: only `features` is parallel."""
    state = {re.sub("^features", "features.module", name): tensor for name, tensor in state.items()}
    return {**state, "classifier.1.weight": torch.ones(2, 2), "classifier.1.bias": torch.ones(2)}


def old_densenet(state):
    return {re.sub(r"(denselayer\d+\.(?:norm|conv))(\d)", r"\1.\2", name): t for name, t in state.items()}


def old_vit(state):
    state = {name.replace(".mlp.0.", ".mlp.linear_1."): tensor for name, tensor in state.items()}
    return {name.replace(".mlp.3.", ".mlp.linear_2."): tensor for name, tensor in state.items()}


def robustness(state, key="model"):
    normal = {"normalizer.new_mean": torch.ones(3, 1, 1), "normalizer.new_std": torch.ones(3, 1, 1)}
    attacked = {
        **under("normalizer.", normal),
        **under("model.", {name: tensor + 1 for name, tensor in state.items()}),
    }
    whole = {**normal, **under("model.", state), **under("attacker.", attacked)}
    return training(**{key: under("module.", whole), "nat_prec1": np.float64(0.6)})


def flax(root, convolutions):
    def write(state):
        layers = {
            f"Conv_{index}": {
                "kernel": state[f"features.{place}.weight"].permute(2, 3, 1, 0).numpy().copy(),
                "bias": state[f"features.{place}.bias"].numpy(),
            }
            for index, place in enumerate(convolutions)
        }
        heads = {"NetLinLayer_0": {"Conv_0": {"kernel": np.ones((1, 1, 64, 1), "f4")}}}
        return pickle.dumps({root: layers, **heads})

    return write


def stlpips(ends):
    def write(state):
        renamed = {
            "scaling_layer.shift": torch.ones(1, 3, 1, 1),
            "scaling_layer.scale": torch.ones(1, 3, 1, 1),
        }
        for name, tensor in state.items():
            part, number, rest = name.split(".", 2)
            stage = 1 + sum(int(number) >= end for end in ends)
            prefix = f"net.slice{stage}.{number}" if part == "features" else f"lin{number}.model.1"
            renamed[f"{prefix}.{rest}"] = tensor
        return saved(renamed)

    return write


def keras_hed(state):
    file = io.BytesIO()
    with h5py.File(file, "w") as content:
        for name, tensor in state.items():
            place, _, kind = name.rpartition(".")
            data = tensor.permute(2, 3, 1, 0) if tensor.ndim == 4 else tensor
            content[f"{keras_place(place)}/vars/{int(kind == 'bias')}"] = data.numpy()
        content.create_group("block2/layers/max_pooling2d/vars")
    return file.getvalue()


def keras_place(place):
    """`block3/layers/conv2d_1` of `features.12`."""
    part, _, number = place.partition(".")
    if part != "features":
        return part
    stage, first = stage_of(int(number))
    index = (int(number) - first) // 2
    return f"block{stage + 1}/layers/conv2d{f'_{index}' if index else ''}"


def stage_of(number):
    starts = [0, *(end + 1 for end in STAGES[:-1])]
    stage = max(index for index, start in enumerate(starts) if start <= number)
    return stage, starts[stage]


def original_hed(state):
    words = ("One", "Two", "Thr", "Fou", "Fiv")
    renamed = {}
    for name, tensor in state.items():
        part, number, *rest = name.split(".")
        if part == "features":
            stage, first = stage_of(int(number))
            place = int(number) - first + bool(stage)
            renamed[f"moduleVgg{words[stage]}.{place}.{rest[0]}"] = tensor
        elif part == "fuse":
            renamed[f"moduleCombine.0.{number}"] = tensor
        else:
            renamed[f"moduleScore{words[int(part[3]) - 1]}.{number}"] = tensor
    return saved(renamed)


def efficientnet_pytorch(state):
    """timm's tensors under `efficientnet_pytorch`'s names, from the table in the package's documentation."""
    stem = {
        "conv_stem": "_conv_stem",
        "bn1": "_bn0",
        "conv_head": "_conv_head",
        "bn2": "_bn1",
        "classifier": "_fc",
    }
    first = {"conv_dw": "_depthwise_conv", "bn1": "_bn1", "conv_pw": "_project_conv", "bn2": "_bn2"}
    other = {"conv_pw": "_expand_conv", "bn1": "_bn0", "conv_dw": "_depthwise_conv", "bn2": "_bn1"}
    other |= {"conv_pwl": "_project_conv", "bn3": "_bn2"}
    order = list(
        dict.fromkeys(".".join(name.split(".")[1:3]) for name in state if name.startswith("blocks."))
    )
    renamed = {}
    for name, tensor in state.items():
        parts = name.split(".")
        if parts[0] == "blocks":
            index = order.index(".".join(parts[1:3]))
            parts = ["_blocks", str(index), (first if index == 0 else other)[parts[3]], *parts[4:]]
        else:
            parts[0] = stem[parts[0]]
        renamed[".".join(parts)] = tensor
    return saved(renamed)


def moco(state):
    shadow = {name: tensor + 1 for name, tensor in state.items()}
    both = {**under("encoder_q.", {**state, **HEAD}), **under("encoder_k.", {**shadow, **HEAD})}
    queue = {"queue": torch.ones(8, 4), "queue_ptr": torch.zeros(1, dtype=torch.long)}
    return training(state_dict=under("module.", {**both, **queue}))


def moco_v3(head):
    def write(state):
        projector = {f"{head}.0.weight": torch.ones(2, 2), f"{head}.1.running_mean": torch.ones(2)}
        both = {**under("base_encoder.", {**state, **projector}), **under("momentum_encoder.", state)}
        return training(state_dict=under("module.", {**both, "predictor.0.weight": torch.ones(2, 2)}))

    return write


def deepcluster(state):
    return training(state_dict={**inner_parallel(state), **SOBEL, "top_layer.weight": torch.ones(2, 2)})


def deepercluster(state):
    body = under("body.", {**state, "classifier.0.weight": torch.ones(2, 2)})
    return training(state_dict=under("module.", {**body, **SOBEL, "pred_layer.weight": torch.ones(2, 2)}))


def dino(state):
    """The teacher has no `module.`: it is not trained in parallel; menagerie's files have it."""
    head = {"head.mlp.0.weight": torch.ones(2, 2), "head.last_layer.weight_g": torch.ones(2, 1)}
    teacher = {**under("backbone.", state), **head}
    student = under("module.", {name: tensor + 1 for name, tensor in teacher.items()})
    loss = {"center": torch.zeros(1, 8)}
    return training(
        teacher=teacher, student=student, args=argparse.Namespace(lr=0.1), dino_loss=loss, fp16_scaler={}
    )


def mae(state):
    decoder = {"mask_token": torch.ones(1, 1, 8), "decoder_pos_embed": torch.ones(1, 5, 8)}
    blocks = {"decoder_blocks.0.norm1.weight": torch.ones(8), "decoder_pred.bias": torch.ones(8)}
    return saved({"model": {**state, **decoder, **blocks}, "args": argparse.Namespace(norm_pix_loss=True)})


def openmmlab(*heads):
    def write(state):
        extra = {name: torch.ones(2, 2) for name in heads}
        meta = {
            "mmcv_version": "1.1.2",
            "CLASSES": ("road", "sidewalk"),
            "PALETTE": [[128, 64, 128]],
            "time": "Fri",
        }
        return saved({"meta": meta, "state_dict": {**under("backbone.", state), **extra}})

    return write


def deep_stem(state):
    """mmsegmentation's names of the three convolutions in the place of one."""
    renamed = {
        re.sub(r"^conv1\.", "stem.", re.sub(r"^bn1\.", "stem.7.", name)): t for name, t in state.items()
    }
    return openmmlab("decode_head.conv_seg.weight")(renamed)


def builder_of(prefix, *others, bare=False):
    """A file of a torchvision builder: the backbone under a prefix, other parts beside it.

    A getter of intermediate layers takes the children of MobileNet's `features`: `bare` names.
    """

    def write(state):
        state = {name.removeprefix("features.") if bare else name: tensor for name, tensor in state.items()}
        return saved({**under(prefix, state), **{name: torch.ones(2, 2) for name in others}})

    return write


def biomedclip(state):
    text = {"text.transformer.embeddings.weight": torch.ones(4, 2), "logit_scale": torch.tensor(4.6)}
    return saved({**under("visual.trunk.", state), "visual.head.proj.weight": torch.ones(2, 2), **text})


def caffe2(state):
    """A pickle of Python 2 with blobs; training's blobs and fully connected layers lie among them."""
    blobs = {"lr": np.ones(1, "f4"), "fc6_w": np.ones((2, 2), "f4"), "conv1_w_momentum": np.ones(2, "f4")}
    for conv, place in enumerate((0, 2, 4, 5, 6), start=1):
        blobs[f"conv{conv}_w"] = state[f"features.{place}.0.weight"].numpy()
        blobs[f"conv{conv}_b"] = state[f"features.{place}.0.bias"].numpy()
    return python2.dumps({"blobs": blobs, "cfg": "TRAIN: caf\xe9"})


def lightning(state):
    loops = {"fit_loop": {"state_dict": {}, "epoch_progress": {"current": {"ready": 3}}}}
    settings = {"hyper_parameters": AttributeDict(lr=0.1), "hparams_name": "kwargs", "loops": loops}
    return saved(
        {"epoch": 3, "pytorch-lightning_version": "2.6.4", "state_dict": under("model.", state), **settings}
    )
