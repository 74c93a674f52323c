"""The virtual environment: make it, fill it with the pins, mend it.

Runs on the learner's Python before anything is installed: standard library only.
A stamp, written last, says that an environment is complete. A marker, written before
pip changes anything, says that pip was cut off; then all of it is made again.
"""

import hashlib
import importlib.util
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SETUP_VERSION = "1"  # raise it to make every .venv install again
SUPPORTED = ("3.11", "3.12", "3.13")
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
GIGABYTES_NEEDED = 4
NETWORK_WORDS = re.compile(
    r"NewConnectionError|NameResolution|ConnectTimeout|ReadTimeout|Max retries|"
    r"Connection refused|Connection broken|ProxyError|SSLError|unreachable"
)


class SetupError(Exception):
    """One line for the person at the keyboard."""


def say(line):
    print(f"r1: {line}", flush=True)


def venv():
    return ROOT / ".venv"


def venv_python():
    return venv() / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def venv_version():
    """The environment's Python version such as "3.11"; None if it is of no use."""
    code = "import sys, pip; print('%d.%d' % sys.version_info[:2])"
    try:
        done = subprocess.run(
            [venv_python(), "-c", code], capture_output=True, text=True, timeout=60
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    version = done.stdout.strip()
    return version if done.returncode == 0 and version in SUPPORTED else None


def stamp(requirements, version):
    """A digest of all that an installation depends on: the folder too, as r1lib is
    installed in place."""
    names = (*requirements, "constraints.txt", "pyproject.toml")
    parts = [SETUP_VERSION, str(ROOT), version, *names]
    parts += [(ROOT / name).read_text(encoding="utf-8") for name in names]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def is_stamped(name, wanted):
    path = venv() / name
    return path.exists() and path.read_text() == wanted


@contextmanager
def lock():
    """Let one set-up run at a time. The system frees the lock when its owner dies."""
    with open(ROOT / ".venv.lock", "a+") as file:
        waiting = False
        while not try_lock(file):
            if not waiting:
                say("another r1.py is setting up; waiting for it")
            waiting = True
            time.sleep(0.5)
        yield file


def try_lock(file):
    """Take the lock if it is free and say whether that worked."""
    try:
        try:
            import fcntl
        except ModuleNotFoundError:  # Windows
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def set_up(with_tests=False):
    """Bring .venv up to date and return its Python; a second call does nothing."""
    with lock() as lock_file:
        interrupted = (venv() / "installing").exists()
        version = None if interrupted else venv_version()
        if version is None:
            make_venv(interrupted)
            version = venv_version()
        if version is None:
            raise SetupError("the new .venv does not work; is this Python complete?")
        plans = {"stamp": ["requirements.txt"]}
        if with_tests:
            plans["stamp-test"] = ["requirements.txt", "requirements-test.txt"]
        for name, requirements in plans.items():
            if not is_stamped(name, wanted := stamp(requirements, version)):
                install(requirements, lock_file)
                (venv() / name).write_text(wanted)
    return venv_python()


def make_venv(interrupted=False):
    """Make .venv anew in place of one that is absent, cut off or broken."""
    old = venv()
    if Path(sys.prefix).resolve() == old.resolve():
        raise SetupError(".venv is broken; run r1.py with the Python outside of it")
    if importlib.util.find_spec("ensurepip") is None:
        raise SetupError("this Python cannot make .venv; install python3-venv first")
    if old.exists() or old.is_symlink():
        why = "the last set-up was cut off" if interrupted else ".venv does not work"
        say(f"{why}: making it again")
        old.unlink() if old.is_symlink() else shutil.rmtree(old)
    check_room()
    say("making .venv")
    done = subprocess.run([sys.executable, "-m", "venv", old], capture_output=True)
    if done.returncode:
        said = (done.stdout + done.stderr).decode(errors="replace").split("\n")
        raise SetupError("cannot make .venv: " + " ".join(filter(None, said)))


def check_room():
    free = shutil.disk_usage(ROOT).free / 1e9
    if free < GIGABYTES_NEEDED:
        need = f"the first set-up needs {GIGABYTES_NEEDED} GB of disk"
        raise SetupError(f"{need}, and {free:.1f} GB are free")


def install(requirements, lock_file):
    """Install the pinned packages, then r1lib in place."""
    if platform.system() == "Darwin" and platform.machine() == "x86_64":
        raise SetupError("there is no PyTorch 2.13 for Macs with an Intel processor")
    say("installing packages (a few minutes the first time)")
    constraints = ["-c", "constraints.txt"]
    if wants_cpu_torch() and cpu_index_answers():
        torch = ["--no-deps", "--index-url", CPU_INDEX, "torch", *constraints]
        pip(torch, lock_file)  # if this fails, the default index serves it below
    listed = [part for name in requirements for part in ("-r", name)]
    in_place = ["--no-deps", "--no-build-isolation", "-e", "."]
    for arguments in ([*listed, *constraints], in_place):
        story = pip(arguments, lock_file)
        if story:
            raise SetupError(reason(story))
    (venv() / "installing").unlink(missing_ok=True)


def wants_cpu_torch():
    """True on Linux without an NVIDIA GPU, unless torch is there already."""
    nvidia = shutil.which("nvidia-smi") or Path("/proc/driver/nvidia/version").exists()
    if platform.system() != "Linux" or nvidia or "PIP_NO_INDEX" in os.environ:
        return False
    return not list(venv().glob("lib/python*/site-packages/torch-*.dist-info"))


def cpu_index_answers():
    from urllib.request import Request, urlopen

    try:
        with urlopen(Request(f"{CPU_INDEX}/torch/", method="HEAD"), timeout=5):
            return True
    except (OSError, ValueError):
        return False


def pip(arguments, lock_file):
    """Run pip install with one line a package on the screen.

    Returns "" if that worked, else all that pip said; it is in .venv/setup.log too.
    """
    command = [
        venv_python(),
        "-m",
        "pip",
        "install",
        "--no-input",
        "--progress-bar=off",
    ]
    # pip inherits the lock: if r1.py alone is killed, the next one waits for pip.
    inherit = {} if os.name == "nt" else {"pass_fds": (lock_file.fileno(),)}
    with subprocess.Popen(
        [*command, "--disable-pip-version-check", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        **inherit,
    ) as process:
        try:
            story = "".join(map(watch, process.stdout))
        except BaseException:
            process.terminate()
            raise
    (venv() / "setup.log").write_text(story, encoding="utf-8")
    return (story or "no output") if process.returncode else ""


def watch(line):
    """Show a person what matters in one line of pip, and pass the line on."""
    if line.startswith("Collecting "):
        print(f"  {line.split()[1]}", flush=True)
    elif line.startswith("Installing collected packages"):
        (venv() / "installing").touch()  # from here on, a half-done job is a broken one
        print(f"  writing {line.count(',') + 1} packages to .venv", flush=True)
    return line


def reason(story):
    """Why pip failed, in one line."""
    if "No space left" in story:
        return "the disk is full; the set-up needs about 4 GB"
    if NETWORK_WORDS.search(story):
        return "no network: the package index cannot be reached (see .venv/setup.log)"
    errors = [line for line in story.splitlines() if line.startswith("ERROR:")]
    first = errors[0][:150] if errors else "no reason given"
    return f"pip failed: {first} (see .venv/setup.log)"
