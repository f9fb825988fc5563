"""Pickles as Python 2 wrote them: text as bytes without an encoding."""

import io
import pickle
from types import SimpleNamespace
from typing import Any

PurePickler: Any = pickle._Pickler
"""The pickler whose parts can be replaced."""


class Python2Pickler(PurePickler):  # type: ignore[misc] # not declared
    """Writes text and bytes alike, as byte strings."""

    def save_text(self, text):
        data = text.encode("latin1") if isinstance(text, str) else text
        short = len(data) < 256
        self.write(pickle.SHORT_BINSTRING if short else pickle.BINSTRING)
        self.write(len(data).to_bytes(1 if short else 4, "little"))
        self.write(data)
        self.memoize(text)


Python2Pickler.dispatch = PurePickler.dispatch | dict.fromkeys((str, bytes), Python2Pickler.save_text)


def dump(content, file, protocol=2):
    Python2Pickler(file, 2).dump(content)


def dumps(content):
    file = io.BytesIO()
    dump(content, file)
    return file.getvalue()


PYTHON_2 = SimpleNamespace(Pickler=Python2Pickler, __name__="pickle", dump=dump)
"""For torch.save(pickle_module=...)."""
