"""The fault table in conf/hydra/README.md: every row names a test that is there."""

import ast
import re

from tests.driving import ROOT

PAGE = ROOT / "conf" / "hydra" / "README.md"


def test_every_test_that_the_table_names_is_there():
    named = re.findall(r"`(tests/\S+?\.py)::(\w+)`", PAGE.read_text(encoding="utf-8"))
    assert len(named) > 15
    missing = [name for file, name in named if name not in functions(ROOT / file)]
    assert missing == []


def functions(path):
    return {node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)}
