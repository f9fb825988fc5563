"""The page in a real browser."""

import re
import shutil
import subprocess

import pytest

BROWSER = shutil.which("chromium") or shutil.which("google-chrome") or ""
QUIET = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking")
MARKS = ("mark-symbol", "mark-rect", "mark-line")


def opened(page, *options):
    """Return the page's elements once its scripts have run, and what they wrote to the console."""
    command = [BROWSER, *QUIET, "--virtual-time-budget=120000", "--enable-logging=stderr", "--dump-dom"]
    done = subprocess.run(
        [*command, *options, f"file://{page}"], capture_output=True, text=True, check=True, timeout=120
    )
    return done.stdout, [line for line in done.stderr.splitlines() if ":CONSOLE" in line]


@pytest.mark.slow
@pytest.mark.skipif(not BROWSER, reason="neither chromium nor google-chrome is installed")
@pytest.mark.parametrize(("theme", "ink"), [("light", "#1b1b1b"), ("dark", "#ececec")])
def test_every_chart_is_drawn_in_the_reader_s_theme_without_a_complaint(report, tmp_path, theme, ink):
    folder, _, _ = report
    scheme = f"--blink-settings=preferredColorScheme={0 if theme == 'dark' else 1}"
    dom, console = opened(folder / "report.html", scheme, f"--user-data-dir={tmp_path}")
    assert console == []
    assert f'data-drawn="{theme}"' in dom
    figures = re.findall(r"<figure .*?</figure>", dom, flags=re.DOTALL)
    assert len(figures) == len(list((folder / "figures").glob("*.svg")))
    for figure in figures:
        drawn = figure[figure.index("<svg") : figure.index("</svg>")]
        assert any(mark in drawn for mark in MARKS)
        assert ink in drawn
        assert "NaN" not in drawn
        assert "undefined" not in drawn


@pytest.mark.slow
@pytest.mark.skipif(not BROWSER, reason="neither chromium nor google-chrome is installed")
def test_the_browser_refuses_whatever_would_be_loaded_from_elsewhere(report, tmp_path):
    folder, _, _ = report
    text = (folder / "report.html").read_text(encoding="utf-8")
    image = '<img alt="" src="http://localhost:9/x.png">'
    (tmp_path / "page.html").write_text(text.replace("<main>", f"<main>{image}"), encoding="utf-8")
    _, console = opened(tmp_path / "page.html", f"--user-data-dir={tmp_path / 'profile'}")
    assert len(console) == 1
    assert "Content Security Policy" in console[0]
