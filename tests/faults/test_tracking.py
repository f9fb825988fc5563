"""W&B that cannot be reached, or dies while a sweep runs: no row is lost, and every run can be sent later."""

import socket
import threading
from contextlib import contextmanager

import pytest

pytestmark = pytest.mark.slow

ONLINE = ("tracking=online", "tracking.timeout_s=5")


@contextmanager
def dying_server():
    """A server that takes some requests, answers half a line, and is gone; yields port and what it took."""
    taken = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            for _ in range(3):
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    taken.append(connection.recv(4096))
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Le")
            server.close()

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1], taken


def nobodys_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@contextmanager
def wandb_at(port, monkeypatch):
    monkeypatch.setenv("WANDB_BASE_URL", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
    yield


def test_wandb_cannot_be_reached(pair, undisturbed, percepnet, monkeypatch):
    with wandb_at(nobodys_port(), monkeypatch):
        assert_nothing_is_lost(pair, undisturbed, percepnet)


def test_wandb_dies_midway(pair, undisturbed, percepnet, monkeypatch):
    with dying_server() as (port, taken), wandb_at(port, monkeypatch):
        assert_nothing_is_lost(pair, undisturbed, percepnet)
    assert taken


def assert_nothing_is_lost(pair, undisturbed, percepnet):
    """The sweep ends well, says what W&B has not got, and the runs lie here whole; nothing is run again."""
    status, shown = pair.run(*ONLINE)
    assert status == 0, shown
    assert "2 cells: 2 done, 0 skipped, 0 failed" in shown
    assert "W&B was not reached" in shown
    assert "wandb sync" in shown
    assert pair.scores() == undisturbed.scores()
    runs = sorted(pair.results.glob("runs/*/wandb/offline-run-*/*.wandb"))
    assert len(runs) == 2
    assert all(path.stat().st_size > 0 for path in runs)

    status, shown = percepnet(pair, "track", "--from-store", "--results", pair.results)
    assert status == 0, shown
    assert "2 kept" in shown
    assert "wandb sync" in shown

    before = pair.passed()
    status, shown = pair.run(*ONLINE)
    assert status == 0, shown
    assert pair.passed() == before
    assert pair.scores() == undisturbed.scores()
