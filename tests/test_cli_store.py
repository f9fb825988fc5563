"""`percepnet store` and `percepnet doctor`: what is shown, what is removed, how they exit."""

import json
import shutil
import subprocess
import sys

import pytest

from percepnet import doctor
from percepnet.cli import main
from percepnet.responses import plan
from percepnet.responses.extraction import Compute, extract
from tests.fakes import memory_benchmark, tiny_network
from tests.responses.test_hygiene import aged


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A cache with two entries, each of three shards."""
    cache = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan.shards, "__defaults__", (5,))
        for seed in (0, 1):
            extract(
                tiny_network(seed=seed),
                memory_benchmark(),
                ["squared_difference"],
                Compute(device="cpu", batch=4),
                cache / "responses",
            )
    return cache


@pytest.fixture
def cache(made, tmp_path):
    return shutil.copytree(made, tmp_path / "cache")


def shown(capsys, *words):
    main([str(word) for word in words])
    return capsys.readouterr().out


def entries(cache):
    return sorted(path for path in (cache / "responses").iterdir() if path.is_dir())


def test_every_entry_is_listed_with_its_size(cache, capsys):
    text = shown(capsys, "store", "ls", "--cache", cache)
    for entry in entries(cache):
        assert entry.name in text
    for words in ("tiny.0", "tiny.1", "memory", "squared_difference", "finished", "2 entries, "):
        assert words in text
    listed = json.loads(shown(capsys, "store", "ls", "--cache", cache, "--json"))
    sizes = {entry.name: sum(path.stat().st_size for path in entry.iterdir()) for entry in entries(cache)}
    assert {one["folder"].rpartition("/")[2]: one["size"] for one in listed} == sizes


def test_the_room_is_told_by_network_and_benchmark(cache, capsys):
    text = shown(capsys, "store", "du", "--cache", cache)
    assert all(words in text for words in ("total", "tiny.0", "tiny.1", "memory"))
    rows = json.loads(shown(capsys, "store", "du", "--cache", cache, "--json"))
    whole = sum(path.stat().st_size for entry in entries(cache) for path in entry.iterdir())
    assert [(row["of"], row["entries"], row["size"]) for row in rows if row["of"] != "network"] == [
        ("total", 2, whole),
        ("benchmark", 2, whole),
    ]


def test_an_empty_store_is_no_error(tmp_path, capsys):
    for action in (["ls"], ["du"], ["gc", "--days", "0"], ["verify"]):
        main(["store", *action, "--cache", str(tmp_path / "none")])
    assert "0 entries" in capsys.readouterr().out
    assert not (tmp_path / "none").exists()


def test_what_was_not_used_for_long_is_removed_and_a_dry_run_only_says_so(cache, capsys):
    old, kept = entries(cache)
    aged(old, 40)
    text = shown(capsys, "store", "gc", "--days", "30", "--dry-run", "--cache", cache)
    assert f"{old.name}: not used for 40 days" in text
    assert "1 would be removed" in text
    assert entries(cache) == [old, kept]
    assert "1 removed" in shown(capsys, "store", "gc", "--days", "30", "--cache", cache)
    assert entries(cache) == [kept]


def test_nothing_is_removed_unless_days_are_named(cache):
    with pytest.raises(SystemExit):
        main(["store", "gc", "--cache", str(cache)])
    with pytest.raises(SystemExit, match="days must not be negative"):
        main(["store", "gc", "--days", "-1", "--cache", str(cache)])
    assert len(entries(cache)) == 2


def test_damage_is_told_with_the_way_out_and_removed_when_told_to(cache, capsys):
    assert "nothing is damaged" in shown(capsys, "store", "verify", "--cache", cache)
    damaged, whole = entries(cache)
    shard = min(damaged.glob("shard-*"))
    shard.write_bytes(shard.read_bytes()[:-1])
    with pytest.raises(SystemExit) as ended:
        main(["store", "verify", "--cache", str(cache)])
    assert ended.value.code == 1
    text = capsys.readouterr().out
    assert f"{damaged.name}/{shard.name}: " in text
    assert "percepnet store verify --delete" in text
    assert "removed; the next run" in shown(capsys, "store", "verify", "--delete", "--cache", cache)
    assert entries(cache) == [whole]


def test_the_store_is_listed_without_torch(cache):
    code = (
        "import sys; from percepnet.cli import main; "
        f"main(['store', 'ls', '--cache', {str(cache)!r}]); sys.exit('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_output_that_nobody_reads_to_its_end_is_no_traceback(cache):
    code = f"from percepnet.cli import main; main(['store', 'ls', '--json', '--cache', {str(cache)!r}])"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        said = process.stderr.read()
    assert process.returncode == 1
    assert "Traceback" not in said


@pytest.fixture
def bare(monkeypatch, tmp_path):
    """A machine without SLURM, and a user whom W&B does not know."""
    for name in ("WANDB_API_KEY", "WANDB_BASE_URL", "SLURM_JOB_ID", "SLURM_CPUS_PER_TASK"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def test_doctor_tells_what_the_machine_is(cache, capsys, bare):
    (cache / "benchmarks" / "csiq").mkdir(parents=True)
    (cache / "benchmarks" / "csiq" / "accepted.json").touch()
    text = shown(capsys, "doctor", "--cache", cache)
    for words in (
        "torch 2",
        "submitit",
        "cores",
        "free",
        "2 entries",
        "csiq",
        "not logged in at api.wandb.ai",
    ):
        assert words in text
    assert "its commands are not here" in text
    assert text.count("\n") < 25


def test_doctor_finds_a_key_for_the_very_server_that_is_meant(cache, capsys, bare, monkeypatch):
    (bare / "netrc").write_text("machine own.example login user password " + "x" * 40 + "\n")
    assert "not logged in" in shown(capsys, "doctor", "--cache", cache)
    monkeypatch.setenv("WANDB_BASE_URL", "https://own.example/")
    assert "logged in at own.example" in shown(capsys, "doctor", "--cache", cache)
    monkeypatch.setenv("WANDB_API_KEY", "x" * 40)
    assert "in WANDB_API_KEY" in shown(capsys, "doctor", "--cache", cache)


def test_doctor_misses_single_commands_of_slurm(cache, capsys, bare):
    for name in ("sbatch", "squeue", "scancel", "sacct"):
        (bare / name).touch(mode=0o755)
    text = shown(capsys, "doctor", "--cache", cache)
    assert "needs scontrol too" in text


def test_doctor_fails_where_the_cache_cannot_be_written(cache, capsys, bare, monkeypatch):
    def refuse(_):
        raise OSError("read-only")

    monkeypatch.setattr(doctor, "_try_to_write", refuse)
    with pytest.raises(SystemExit) as ended:
        main(["doctor", "--cache", str(cache)])
    assert ended.value.code == 1
    text = capsys.readouterr().out
    assert "read-only" in text
    assert "PERCEPNET_CACHE=DIR" in text


def test_doctor_says_when_little_is_left(cache, capsys, bare, monkeypatch):
    monkeypatch.setattr(doctor, "LITTLE", float("inf"))
    assert "store gc" in shown(capsys, "doctor", "--cache", cache)


def test_help_of_these_commands_comes_without_heavy_imports():
    code = (
        "import sys\nfrom percepnet.cli import main\n"
        "for words in (['store', 'gc'], ['doctor']):\n"
        "    try: main([*words, '--help'])\n"
        "    except SystemExit: pass\n"
        "sys.exit(bool({'torch', 'numpy', 'pandas', 'rich'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
