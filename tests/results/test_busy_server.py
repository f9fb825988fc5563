"""A W&B server that refuses because too many ask it: asked again ever later, never waited for too long."""

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise

import pandas as pd
import pytest

from percepnet.results.receipt import last_receipt
from percepnet.results.tracking import track
from tests.fakes import result_rows

pytestmark = pytest.mark.slow

TIMEOUT_S = 30.0


@pytest.fixture
def asked(monkeypatch):
    """When a server that always answers 429 was asked to take a run."""
    times = []

    class Busy(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.path == "/graphql":
                times.append(time.monotonic())
            self.send_response(429)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Busy) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("WANDB_BASE_URL", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
        yield times
        server.shutdown()


def test_a_busy_server_is_asked_again_ever_later_and_the_run_stays_here(asked, tmp_path):
    online = {"mode": "online", "project": "p", "entity": None, "timeout_s": TIMEOUT_S}
    remark = track(pd.DataFrame(result_rows()), tmp_path, online)
    assert f"no answer within {TIMEOUT_S:g} s" in remark
    waits = [after - before for before, after in pairwise(asked)]
    assert len(waits) >= 2
    assert waits[0] > 1.0
    assert waits == sorted(waits)
    receipt = last_receipt(tmp_path)
    assert receipt is not None
    assert receipt.is_there(tmp_path)
    assert not receipt.is_sent(tmp_path)
