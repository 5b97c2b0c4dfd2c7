# SPDX-License-Identifier: GPL-3.0-or-later
"""How a command ends, seen from the shell: exit code, message, and never a raw traceback."""

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

MAIN = "import sys; sys.argv[0] = 'mcsurrogate'; from mcsurrogate.cli import main; main()"
# Without the rooms that compute, which take long to import: only the end of a command is tested.
LIGHT = """
import sys
from types import SimpleNamespace
def stage(folder, *arguments, executor, **options):
    {stage}
sys.modules["torch"] = SimpleNamespace(set_num_threads=print)
sys.modules["mcsurrogate.stages"] = SimpleNamespace(run_integration=stage)
"""


@pytest.fixture
def card(tmp_path, gluons_to_tops):
    path = tmp_path / "card.toml"
    path.write_text(gluons_to_tops(precision=1e-7, max_evaluations=50_000_000), encoding="utf-8")
    return path


def planted(stage):
    """Program whose integration does what is asked for."""
    return LIGHT.format(stage=stage) + MAIN


def shell(*words, program=MAIN, cwd, **options):
    """Run a command in a process of its own."""
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, words)], cwd=cwd, text=True, **options
    )
    assert "Traceback" not in (done.stdout or "")
    assert "Traceback" not in done.stderr
    return done


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("generate", "{card}", "--events", 0, "--no-shower"), "generation.events"),
        (("integrate", "{card}", "--seed", 0), "seed"),
        (("integrate", "{card}", "--precision", 2), "integration.precision"),
        (("integrate", "{card}", "--out", "{card}/run"), "Not a directory"),
        (("integrate", "{card}", "--method", "guess"), "guess"),
        (("train", "emulator", "{card}"), "unknown key"),
    ],
)
def test_bad_input_is_2(card, words, message):
    words = [str(word).format(card=card) for word in words]
    done = shell(*words, program=planted("pass"), cwd=card.parent)
    assert done.returncode == 2
    assert message in done.stderr
    assert "--resume" not in done.stderr


def test_a_folder_without_permission_is_4(card):
    program = planted("pass")
    done = shell("integrate", card, "--out", "/sys/mcsurrogate", program=program, cwd=card.parent)
    assert done.returncode == 4
    assert "the system failed" in done.stderr


def limit_files():
    """Let no file grow beyond a kilobyte: the nearest to a full disk that needs no other disk."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024))


def test_a_full_disk_is_4_and_says_how_to_go_on(card, gluons_to_tops):
    card.write_text(gluons_to_tops(precision=0.05), encoding="utf-8")
    done = shell("integrate", card, "--out", "run", cwd=card.parent, preexec_fn=limit_files)
    assert done.returncode == 4
    assert "File too large" in done.stderr
    assert f"continue with: mcsurrogate integrate {card} --out run --resume" in done.stderr
    assert not list(card.parent.glob("run/**/*.part"))


def test_standard_output_on_a_full_disk_is_4(tmp_path):
    with Path("/dev/full").open("w") as full:
        for words in (["--help"], ["plugin"]):
            done = shell(*words, cwd=tmp_path, stdout=full)
            assert done.returncode == 4
            assert "No space left on device" in done.stderr


@pytest.mark.parametrize("words", ["plugin", "--help", "--version", "plugin --help"])
def test_a_reader_that_goes_away_ends_the_command_without_a_word(tmp_path, words):
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as closed:
        done = shell(*words.split(), cwd=tmp_path, stdout=closed)
    assert done.returncode == 128 + signal.SIGPIPE
    assert done.stderr == ""


def test_a_dead_worker_is_4_and_says_how_to_go_on(card):
    program = planted("import os; executor.submit(os._exit, 1).result()")
    done = shell("integrate", card, "--workers", 2, program=program, cwd=card.parent)
    assert done.returncode == 4
    assert "a worker process died" in done.stderr
    assert "--workers 2 --resume" in done.stderr


def test_a_fault_of_ours_is_70_with_a_traceback_in_the_run_folder(card):
    program = planted("1 / 0")
    done = shell("integrate", card, "--out", "run", program=program, cwd=card.parent)
    assert done.returncode == 70
    assert "a fault of mcsurrogate itself" in done.stderr
    assert "ZeroDivisionError: division by zero" in done.stderr
    assert "run/traceback.txt" in done.stderr
    assert "report" in done.stderr
    text = (card.parent / "run" / "traceback.txt").read_text(encoding="utf-8")
    assert "in stage" in text
    assert "mcsurrogate integrate" in text
    # The folder is still one that a run can be made in.
    again = shell("integrate", card, "--out", "run", program=program, cwd=card.parent)
    assert again.returncode == 70


def test_a_fault_without_a_run_folder_is_saved_where_the_command_was_called(tmp_path):
    program = "import mcsurrogate.generators as g\ng.hadronization_settings = None\n" + MAIN
    done = shell("plugin", program=program, cwd=tmp_path)
    assert done.returncode == 70
    assert "TypeError" in (tmp_path / "traceback.txt").read_text(encoding="utf-8")


def test_ctrl_c_is_130_and_says_how_to_go_on(card):
    program = planted("import time; print('at work', flush=True); time.sleep(100)")
    with subprocess.Popen(
        [sys.executable, "-c", program, "integrate", str(card)],
        cwd=card.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A job in the background of a shell inherits that Ctrl-C is ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        while process.stdout.readline() != "at work\n":
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        _, message = process.communicate(timeout=60)
    assert process.returncode == 130
    assert message.startswith("interrupted")
    assert f"continue with: mcsurrogate integrate {card} --resume" in message


WORKERS = """
import multiprocessing, os, time
from concurrent.futures import ProcessPoolExecutor
from mcsurrogate.executors import end_with_parent
with ProcessPoolExecutor(2, multiprocessing.get_context("spawn"), {initializer}) as pool:
    for work in [pool.submit(time.sleep, 0.5) for _ in range(2)]:
        work.result()  # the workers have started; they wait for more
    print(*pool._processes, flush=True)
    time.sleep(100)
"""


def alive(process):
    """Whether a process runs; one that has ended and waits to be collected does not."""
    stat = Path(f"/proc/{process}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


@pytest.mark.parametrize(("initializer", "survive"), [("end_with_parent", 0), ("None", 2)])
def test_workers_end_when_their_parent_is_killed(tmp_path, initializer, survive):
    program = WORKERS.format(initializer=initializer)
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, cwd=tmp_path
    ) as parent:
        workers = [int(word) for word in parent.stdout.readline().split()]
        assert len(workers) == 2
        assert all(map(alive, workers))
        parent.kill()
    deadline = time.monotonic() + (20 if survive == 0 else 2)
    while sum(map(alive, workers)) > survive and time.monotonic() < deadline:
        time.sleep(0.1)
    found = sum(map(alive, workers))
    for worker in filter(alive, workers):
        os.kill(worker, signal.SIGKILL)
    assert found == survive
