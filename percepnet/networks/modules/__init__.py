"""Published networks that neither torchvision nor timm has; a builder `percepnet:NAME` is a function here."""

from percepnet.networks.modules.alexnet_gn import alexnet_gn, ipcl_alexnet_gn
from percepnet.networks.modules.cifar_resnet import cifar_resnet
from percepnet.networks.modules.detection import (
    detection_mobilenet_v3_large,
    detection_resnet50,
    ssd_vgg16,
    ssdlite_mobilenet_v3_large,
)
from percepnet.networks.modules.hed import hed_vgg16
from percepnet.networks.modules.lpips_heads import lpips_heads
from percepnet.networks.modules.resnets import (
    mmseg_resnet18,
    resnet200w2,
    sobel_resnet50,
    vissl_resnet50_colorization,
)
from percepnet.networks.modules.sobel import deepcluster_vgg16
from percepnet.networks.modules.stlpips import stlpips_alexnet, stlpips_vgg16
from percepnet.networks.modules.vissl_alexnet import (
    vissl_alexnet_bvlc,
    vissl_alexnet_colorization,
    vissl_alexnet_deepcluster,
    vissl_alexnet_jigsaw,
    vissl_alexnet_rotnet,
)

__all__ = [
    "alexnet_gn",
    "cifar_resnet",
    "deepcluster_vgg16",
    "detection_mobilenet_v3_large",
    "detection_resnet50",
    "hed_vgg16",
    "ipcl_alexnet_gn",
    "lpips_heads",
    "mmseg_resnet18",
    "resnet200w2",
    "sobel_resnet50",
    "ssd_vgg16",
    "ssdlite_mobilenet_v3_large",
    "stlpips_alexnet",
    "stlpips_vgg16",
    "vissl_alexnet_bvlc",
    "vissl_alexnet_colorization",
    "vissl_alexnet_deepcluster",
    "vissl_alexnet_jigsaw",
    "vissl_alexnet_rotnet",
    "vissl_resnet50_colorization",
]
