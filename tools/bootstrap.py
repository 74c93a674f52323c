"""What `python r1.py VERB` does: set up what is missing, then hand over.

Runs on the learner's Python before anything is installed: standard library only.
"""

import os
import subprocess
import sys

from tools.environment import ROOT, SetupError, set_up

# verb: (module, does it take arguments, what it does)
VERBS = {
    "train": ("tools.train", True, "train the tiny R1 end to end (see train --help)"),
    "test": (
        "tools.run_tests",
        True,
        "run every test and chapter (--quick: minutes)",
    ),
    "lab": ("tools.lab", True, "open the chapters in JupyterLab"),
    "chat": ("tools.chat", True, "talk to a model, side by side with --compare"),
    "build": ("tools.book", True, "execute chapters that changed, or chapter NN"),
    "check": ("tools.book", False, "say which chapters and results are stale or wrong"),
    "quiz": ("tools.quiz", True, "ten questions about chapter NN, in the terminal"),
    "slides": ("tools.slides", False, "write one HTML file of slides per chapter"),
    "site": ("tools.site", True, "build the web site of the book"),
    "bench": ("tools.bench", True, "measure beside what others offer (bench --list)"),
    "measure": (
        "tools.measure",
        True,
        "make the book's numbers again, unit by unit (see measure --help)",
    ),
    "publish": ("tools.publish", True, "prepare folders for a model hub (--dry-run)"),
    "doctor": ("tools.doctor", False, "say what this machine has and what is missing"),
}


def verbs():
    """The verbs whose module is in this copy of the project."""

    def present(module):
        return (ROOT / (module.replace(".", "/") + ".py")).exists()

    return {verb: entry for verb, entry in VERBS.items() if present(entry[0])}


def help_text():
    """Every verb on one line."""
    lines = [
        f"    python r1.py {verb:8}{about}" for verb, (_, _, about) in verbs().items()
    ]
    first = "Build DeepSeek-R1 yourself. Every verb first sets up what is missing."
    last = "The first start downloads about 1 GB into .venv; later ones take a second."
    return "\n".join([first, "", *lines, "", last])


def command_for(argv):
    """Arguments for the environment's Python, or SetupError if they make no sense."""
    verb, rest = argv[0], argv[1:]
    if verb not in verbs():
        raise SetupError(f"unknown verb {verb[:200]!r}; one of: {', '.join(verbs())}")
    module, takes_arguments, _ = VERBS[verb]
    if rest and not takes_arguments:
        raise SetupError(f"{verb} takes no arguments, got {rest[0][:200]!r}")
    named = [verb] if module == "tools.book" else []
    return ["-m", module, *named, *rest]


def child_environment(verb):
    """What the environment's Python needs to behave the same everywhere."""
    defaults = {
        "PYTHONUTF8": "1",  # Korean text on a Windows console
        "PYTHONUNBUFFERED": "1",
        "JUPYTER_PREFER_ENV_PATH": "1",  # the kernel of .venv, not one of the user's
        # glibc keeps what a step freed, and need not ask the system for it again.
        "MALLOC_TRIM_THRESHOLD_": str(2**30),
        "MALLOC_MMAP_THRESHOLD_": str(2**25),
    }
    if verb not in ("train", "bench"):  # tiny tensors: more threads are slower
        defaults["OMP_NUM_THREADS"] = str(min(4, os.cpu_count() or 1))
    if verb == "test":
        defaults["OMP_NUM_THREADS"] = "1"  # in each of two workers
        defaults |= {"HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
    search = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return defaults | dict(os.environ) | {"PYTHONPATH": os.pathsep.join(search)}


def hand_over(python, arguments, verb):
    """Become the environment's Python; on Windows, wait for it instead."""
    command = [str(python), *arguments]
    environment = child_environment(verb)
    os.chdir(ROOT)
    sys.stdout.flush()
    if os.name != "nt":
        os.execve(command[0], command, environment)
    process = subprocess.Popen(command, env=environment)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:  # the child got it too, and decides
            continue


def main(argv):
    """Run one verb and return its exit code; every failure is one line."""
    if not argv or argv[0] in ("-h", "--help", "help"):
        print(help_text())
        return 0
    try:
        arguments = command_for(argv)
        python = set_up(with_tests=argv[0] in ("test", "bench"))
        return hand_over(python, arguments, argv[0])
    except SetupError as problem:
        print(f"r1: {problem}", file=sys.stderr)
        return 1
    except OSError as problem:
        where = f": {problem.filename}" if problem.filename else ""
        print(f"r1: {problem.strerror or problem}{where}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nr1: stopped; the same command goes on from here", file=sys.stderr)
        return 130
