"""For every layout: which module is written in it, and how."""

import argparse
from collections.abc import Callable
from typing import Any

import numpy as np
import safetensors.torch
import torch

from tests.networks.published import (
    HEAD,
    biomedclip,
    builder_of,
    caffe2,
    deep_stem,
    deepcluster,
    deepercluster,
    dino,
    efficientnet_pytorch,
    flax,
    inner_parallel,
    keras_hed,
    lightning,
    mae,
    moco,
    moco_v3,
    old_densenet,
    old_vit,
    openmmlab,
    original_hed,
    robustness,
    saved,
    stlpips,
    training,
    under,
    vissl,
    vissl_alexnet,
)

Built = tuple[str, dict[str, Any], tuple[str, ...]]
"""Builder, its options, and the head that is replaced."""

THIN: Built = ("timm:resnet50", {"channels": (4, 8, 12, 16), "num_classes": 10}, ("fc",))
"""ResNet-50 with torchvision's names, thin."""
TINY_VIT = ("timm:vit_tiny_patch16_224", {"embed_dim": 24, "depth": 2, "num_heads": 3, "img_size": 64})
VGG: Built = ("torchvision:vgg16", {}, ("avgpool", "classifier"))
ALEXNET: Built = ("torchvision:alexnet", {}, ("avgpool", "classifier"))
DENSE: Built = ("python:tests.networks.small:densenet", {}, ("classifier",))
MOBILE: Built = ("percepnet:detection_mobilenet_v3_large", {}, ("avgpool", "classifier"))
GN: Built = ("percepnet:ipcl_alexnet_gn", {}, ("ave_pool", "fc6", "fc7", "fc8"))

# layout, module (builder, options, head), writer of the file's bytes
TESTED: list[tuple[str, Built, Callable[..., bytes]]] = [
    ("state_dict", ("torchvision:swin_t", {}, ("head",)), saved),
    ("state_dict", ("timm:convnext_atto", {}, ("head.fc",)), safetensors.torch.save),
    ("state_dict", DENSE, lambda state: saved(old_densenet(state))),
    ("state_dict", ("python:tests.networks.small:vit", {}, ("heads",)), lambda state: saved(old_vit(state))),
    ("state_dict", ("torchvision:mnasnet0_5", {}, ("classifier",)), saved),
    ("state_dict", ("percepnet:cifar_resnet", {"depth": 20, "num_classes": 100}, ("fc",)), saved),
    ("state_dict", ("percepnet:vissl_resnet50_colorization", {}, ("fc",)), saved),
    ("plain_headless", THIN, saved),
    ("vissl", THIN, vissl),
    ("vissl_converted", THIN, lambda state: saved({"model_state_dict": under("_feature_blocks.", state)})),
    ("vissl_converted", ("percepnet:vissl_alexnet_bvlc", {}, ()), vissl_alexnet),
    ("vissl_converted", ("percepnet:vissl_alexnet_jigsaw", {}, ()), vissl_alexnet),
    ("vissl_converted", ("percepnet:vissl_alexnet_colorization", {}, ()), vissl_alexnet),
    ("vissl_converted", ("percepnet:vissl_alexnet_rotnet", {}, ()), vissl_alexnet),
    ("vissl_converted", ("percepnet:vissl_alexnet_deepcluster", {}, ()), vissl_alexnet),
    (
        "dataparallel",
        THIN,
        lambda state: training(state_dict=under("module.", state), best_prec1=torch.tensor(55.0)),
    ),
    ("dataparallel", ALEXNET, lambda state: training(state_dict=inner_parallel(state))),
    (
        "dataparallel_densenet",
        DENSE,
        lambda state: training(state_dict=under("module.", old_densenet(state))),
    ),
    (
        "ipcl",
        GN,
        lambda state: saved({"state_dict": under("module.", {**state, "fc8.0.bias": torch.ones(2)})}),
    ),
    ("robustness", THIN, robustness),
    ("robustness", THIN, lambda state: robustness(state, "state_dict")),
    ("flax_alexnet", ALEXNET, flax("AlexNet_0", (0, 3, 6, 8, 10))),
    ("flax_vgg16", VGG, flax("VGG16_0", (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28))),
    ("stlpips", ("percepnet:stlpips_alexnet", {}, ()), stlpips((3, 7, 11, 13))),
    ("stlpips", ("percepnet:stlpips_vgg16", {}, ()), stlpips((4, 10, 18, 26))),
    ("keras_hed", ("percepnet:hed_vgg16", {}, ()), keras_hed),
    ("hed_original", ("percepnet:hed_vgg16", {"same": False}, ()), original_hed),
    ("efficientnet_pytorch", ("timm:tf_efficientnet_lite0", {}, ("classifier",)), efficientnet_pytorch),
    ("moco", THIN, moco),
    ("moco_v3", THIN, moco_v3("fc")),
    ("moco_v3_vit", (*TINY_VIT, ("head",)), moco_v3("head")),
    (
        "simsiam",
        THIN,
        lambda state: training(
            state_dict={
                **under("module.encoder.", {**state, **HEAD}),
                "module.predictor.0.weight": torch.ones(2),
            }
        ),
    ),
    (
        "swav",
        THIN,
        lambda state: saved(
            under(
                "module.",
                {**state, "projection_head.0.bias": torch.ones(2), "prototypes.weight": torch.ones(2)},
            )
        ),
    ),
    ("deepcluster_vgg16", ("percepnet:deepcluster_vgg16", {}, ()), deepcluster),
    ("deepercluster_vgg16", ("percepnet:deepcluster_vgg16", {"pad": 2}, ()), deepercluster),
    ("dino_teacher", (*TINY_VIT, ("head",)), dino),
    (
        "dino_teacher",
        THIN,
        lambda state: training(teacher=under("module.backbone.", state), args=argparse.Namespace()),
    ),
    ("mae", (*TINY_VIT, ("head",)), mae),
    ("mae_menagerie", (*TINY_VIT, ("head",)), mae),
    ("mmselfsup", THIN, openmmlab("encoder_k.0.conv1.weight", "neck.fc0.weight", "head.fc.weight")),
    ("mmselfsup", ("percepnet:sobel_resnet50", {}, ("fc",)), openmmlab("neck.fc0.weight")),
    ("mmseg", THIN, openmmlab("decode_head.conv_seg.weight", "auxiliary_head.conv_seg.weight")),
    ("mmseg", ("percepnet:mmseg_resnet18", {}, ("fc",)), openmmlab("decode_head.conv_seg.weight")),
    ("mmseg_deep_stem", ("timm:resnet50c", {"channels": (4, 8, 12, 16)}, ("fc",)), deep_stem),
    ("segmentation_backbone", THIN, builder_of("backbone.", "classifier.0.weight", "aux_classifier.4.bias")),
    (
        "segmentation_mobilenet",
        ("torchvision:mobilenet_v3_large", {"dilated": True}, ("avgpool", "classifier")),
        builder_of("backbone.", "classifier.0.weight", bare=True),
    ),
    (
        "detection_backbone",
        ("percepnet:detection_resnet50", {}, ("fc",)),
        builder_of("backbone.body.", "backbone.fpn.inner_blocks.0.0.weight", "rpn.head.cls_logits.bias"),
    ),
    (
        "detection_mobilenet",
        MOBILE,
        builder_of("backbone.body.", "backbone.fpn.inner_blocks.0.0.weight", bare=True),
    ),
    (
        "ssd_vgg16",
        ("percepnet:ssd_vgg16", {}, ()),
        builder_of(
            "backbone.",
            "backbone.scale_weight",
            "backbone.extra.0.1.weight",
            "head.classification_head.module_list.0.bias",
        ),
    ),
    (
        "ssdlite",
        ("percepnet:ssdlite_mobilenet_v3_large", {}, ()),
        builder_of("backbone.", "backbone.extra.0.0.0.weight"),
    ),
    (
        "vainf",
        THIN,
        lambda state: saved(
            {
                "cur_itrs": 3,
                "model_state": {
                    **under("backbone.", state),
                    "classifier.aspp.project.0.weight": torch.ones(2),
                },
                "best_score": np.float64(0.7),
            }
        ),
    ),
    ("biomedclip", (*TINY_VIT, ("head",)), biomedclip),
    ("caffe2_alexnet", ("percepnet:vissl_alexnet_bvlc", {}, ()), caffe2),
    ("lightning", THIN, lightning),
    (
        "lpips",
        ("percepnet:lpips_heads", {}, ()),
        lambda state: saved(
            {
                name.replace("heads.", "lin").replace(".weight", ".model.1.weight"): t
                for name, t in state.items()
            }
        ),
    ),
]
