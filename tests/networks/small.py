"""Published architectures in small: the same names, a thousandth of the weights (`python:` builders)."""

from torchvision.models import DenseNet, VisionTransformer


def densenet():
    return DenseNet(growth_rate=4, block_config=(2, 2), num_init_features=8, num_classes=10)


def vit():
    return VisionTransformer(
        image_size=64, patch_size=16, num_layers=2, num_heads=2, hidden_dim=16, mlp_dim=32, num_classes=10
    )
