"""Ten and more kinds of file that must not become a network, each with its own message."""

import os
from dataclasses import replace
from functools import partial

import pytest
import torch
from torch import nn

from percepnet.errors import InputError, UnreachableError
from percepnet.networks.build import Place, build
from percepnet.sources import http
from percepnet.sources.fetch import UrlSource
from tests.networks.published import saved
from tests.networks.published_cases import THIN
from tests.networks.test_layouts import original, published, row_of


class Trap:
    """A pickle of this runs code when it is loaded by an unpickler that admits code."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def whole():
    return original(THIN).state_dict()


def without_one(state):
    return {name: tensor for name, tensor in state.items() if name != "layer1.0.conv1.weight"}


def other_shapes(state):
    return {**state, "layer1.0.conv1.weight": torch.ones(3, 2, 1, 1)}


def other_network(_state):
    return original(("percepnet:cifar_resnet", {}, ())).state_dict()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (without_one, r"(?s)does not fit published.*missing: layer1\.0\.conv1\.weight\n.*nothing was loaded"),
        (lambda state: {**state, "ema.decay": torch.ones(1)}, r"unexpected: ema\.decay"),
        (other_shapes, r"wrongly shaped: layer1\.0\.conv1\.weight \[3, 2, 1, 1\] for \[4, 64, 1, 1\]"),
        (other_network, r"holds another architecture than published: \d+ of 265 tensors fit"),
        (lambda state: {"state_dict": state}, r"(?s)is no state dict.*found: +a dict of 1 \('state_dict'"),
        (lambda state: [*state.values()], r"(?s)is no state dict.*found: +a list"),
    ],
    ids=["missing", "unexpected", "shapes", "another architecture", "nested", "list"],
)
def test_a_file_that_does_not_fit_names_what_differs(site, cache, change, message):
    _, row = published(site, THIN, lambda state: saved(change(state)), "state_dict")
    with pytest.raises(InputError, match=message):
        build(row, Place(cache))


@pytest.mark.parametrize("size", [0, 100, 40_000])
def test_a_truncated_file_is_damaged(site, cache, size):
    content = saved(whole())[:size]
    row = row_of(THIN, site.put("/models/file.pth", content), content, "state_dict")
    with pytest.raises(InputError, match=rf"(?s)is damaged, or no weight file.*\({size} bytes\).*delete it"):
        build(row, Place(cache))


@pytest.mark.parametrize("kind", ["safetensors", "h5"])
def test_a_truncated_file_of_another_format_is_damaged(site, cache, kind):
    layout = {"safetensors": "state_dict", "h5": "keras_hed"}[kind]
    row = row_of(
        THIN, site.put(f"/models/file.{kind}", b"\x89HDF\r\n\x1a\n rest"), b"\x89HDF\r\n\x1a\n rest", layout
    )
    with pytest.raises(InputError, match="is damaged, or no weight file"):
        build(row, Place(cache))


def test_a_file_with_another_hash_never_gets_its_name(site, cache):
    _, row = published(site, THIN, saved, "state_dict")
    site.put("/models/file.pth", saved({"other": torch.ones(1)}))
    with pytest.raises(UnreachableError, match=r"came with sha256 [0-9a-f]{64}, not"):
        build(row, Place(cache))
    assert not list(cache.rglob("*.pth"))


@pytest.mark.parametrize("kind", ["text/html", "application/octet-stream"])
def test_a_web_page_in_the_place_of_a_file_is_named_as_such(site, cache, kind):
    page = b"<!DOCTYPE html><html><body>Please log in</body></html>"
    row = row_of(THIN, site.put("/models/file.pth", page, kind=kind), page, "state_dict")
    with pytest.raises((InputError, UnreachableError), match=r"(?i)web page|html"):
        build(row, Place(cache))


def test_code_in_a_file_is_named_and_not_run(site, cache, tmp_path):
    content = saved({"state_dict": whole(), "callback": Trap(tmp_path / "ran")})
    row = row_of(THIN, site.put("/models/file.pth", content), content, "dataparallel")
    with pytest.raises(InputError, match=r"(?s)holds code.*a reference to posix\.mkdir.*without network"):
        build(row, Place(cache))
    assert not (tmp_path / "ran").exists()


def test_a_whole_module_is_refused_with_the_way_to_convert_it(site, cache):
    content = saved(nn.Linear(2, 2))
    row = row_of(THIN, site.put("/models/file.pth", content), content, "state_dict")
    with pytest.raises(InputError, match=r"(?s)a whole module was saved, not its state dict.*save_file"):
        build(row, Place(cache))


def test_a_file_of_dill_is_refused_with_the_way_to_convert_it(site, cache):
    content = saved({"model": whole()}).replace(b"torch._utils", b"dill._dillxx")
    row = row_of(THIN, site.put("/models/file.pth", content), content, "robustness")
    with pytest.raises(InputError, match="saved with dill, which stores functions"):
        build(row, Place(cache))


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")
def test_a_torchscript_archive_is_refused_with_the_way_to_convert_it(site, cache, tmp_path):
    torch.jit.trace(nn.Linear(2, 2), torch.ones(1, 2)).save(tmp_path / "script.pt")
    content = (tmp_path / "script.pt").read_bytes()
    row = row_of(THIN, site.put("/models/file.pt", content), content, "state_dict")
    with pytest.raises(InputError, match=r"(?s)TorchScript archive: a program.*torch\.jit\.load"):
        build(row, Place(cache))


def test_a_server_that_hangs_is_an_error_and_not_a_wait(site, cache, monkeypatch):
    monkeypatch.setattr(http, "download", partial(http.download, timeout=0.2))
    url = site.put("/models/file.pth", saved(whole()), hangs_after=0)
    row = row_of(THIN, url, b"", "state_dict")
    with pytest.raises(UnreachableError, match="timed out"):
        build(row, Place(cache))


def test_a_server_that_dies_midway_is_an_error_and_leaves_no_file(site, cache):
    content = saved(whole())
    url = site.put("/models/file.pth", content, breaks=[30_000] * 9, etag=None)
    row = row_of(THIN, url, content, "state_dict")
    with pytest.raises(UnreachableError, match="the connection broke"):
        build(row, Place(cache))
    assert not list(cache.rglob("*.pth"))


def test_an_unknown_layout_names_the_nearest(site, cache):
    _, row = published(site, THIN, saved, "state_dct")
    with pytest.raises(InputError, match=r"(?s)unknown checkpoint layout 'state_dct'.*state_dict"):
        build(row, Place(cache))


def test_a_broken_file_does_not_keep_a_good_source_from_being_used(site, cache):
    module, row = published(site, THIN, saved, "state_dict")
    nowhere = UrlSource(f"{site.root}/models/gone.pth", "0" * 64)
    network = build(replace(row, sources=(nowhere, *row.sources)), Place(cache))
    assert network.origin.startswith(row.sources[0].url)
    assert module is not network.trunk
