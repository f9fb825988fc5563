"""Backbones of torchvision's detectors, as they were trained.

Structure: torchvision.models.detection (faster_rcnn.py, ssd.py, ssdlite.py, backbone_utils.py).
"""

from __future__ import annotations

from collections import OrderedDict
from functools import partial

from torch import nn
from torchvision import models
from torchvision.ops import FrozenBatchNorm2d

from percepnet.networks.modules.vgg import vgg16_features


def detection_resnet50(eps: float = 0.0) -> nn.Module:
    """Return ResNet-50 with frozen normalisation.

    Args:
        eps: 0.0 for the first weights of Faster, Mask and Keypoint R-CNN and RetinaNet: torchvision
            overwrites it; 1e-5 for FCOS, where it does not.
    """
    network: nn.Module = models.resnet50(weights=None, norm_layer=partial(FrozenBatchNorm2d, eps=eps))
    return network


def detection_mobilenet_v3_large(eps: float = 1e-5) -> nn.Module:
    """Return MobileNet v3 with frozen normalisation, whose eps is not that of the classifier (0.001)."""
    norm = partial(FrozenBatchNorm2d, eps=eps)
    network: nn.Module = models.mobilenet_v3_large(weights=None, norm_layer=norm)
    return network


def ssd_vgg16() -> nn.Module:
    """Return `features.0` to `.22` (conv4_3) of VGG-16; the third pooling rounds up."""
    features = vgg16_features()[:23]
    pooling = features[16]
    assert isinstance(pooling, nn.MaxPool2d)
    pooling.ceil_mode = True
    return nn.Sequential(OrderedDict(features=features))


def ssdlite_mobilenet_v3_large() -> nn.Module:
    """Return SSDLite's MobileNet v3 (half as wide at its end): `features.0.*`, then `features.1.*`."""
    detector = models.detection.ssdlite320_mobilenet_v3_large(weights=None, weights_backbone=None)
    return nn.Sequential(OrderedDict(features=detector.backbone.features))
