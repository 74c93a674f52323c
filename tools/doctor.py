"""`python r1.py doctor`: what this machine has, and what is missing or damaged."""

import importlib.metadata
import os
import platform
import shutil
import sys
from pathlib import Path

from r1lib.files import line

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = (
    "torch",
    "numpy",
    "jupyterlab",
    "jupytext",
    "nbval",
    "transformers",
    "r1lib",
)


def short_path(path: Path) -> str:
    """A path inside the project, relative to it; else only its last parts."""
    if path.is_relative_to(ROOT):
        return path.relative_to(ROOT).as_posix()
    return "/".join(["...", *path.parts[-3:]])


def version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "MISSING: delete .venv and run r1.py again"


def pinned() -> dict[str, str]:
    """Package -> tested version, from constraints.txt."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return dict(line.split("==") for line in lines if "==" in line)


def package_line(package: str) -> str:
    installed, tested = version(package), pinned().get(package)
    same = tested is None or installed.split("+")[0] == tested
    return installed if same else f"{installed} (tested with {tested})"


def memory_gb() -> str:
    """Installed memory, where the system says it."""
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return "unknown"
    return f"{total / 2**30:.0f} GB"


def accelerators() -> str:
    """What torch can see besides the CPU."""
    import torch

    seen = []
    if torch.cuda.is_available():
        seen.append(f"CUDA: {torch.cuda.get_device_name()}")
    if torch.backends.mps.is_available():
        seen.append("MPS")
    return (
        f"{', '.join(seen) or 'none seen'}; chapters use the CPU unless told otherwise"
    )


def sandbox_line() -> str:
    """The level of the sandbox for programs, and what that promises."""
    from r1lib import sandbox

    return sandbox.promise()


def artifacts_line() -> str:
    from r1lib import artifacts  # imports torch, which may be what is missing

    if not (artifacts.FOLDER / "manifest.json").exists():
        return "none yet (no artifacts/manifest.json)"
    try:
        names = artifacts.manifest()
        for name in names:
            artifacts.path(name)
    except ValueError as problem:
        return f"DAMAGED: {line(problem)}"
    return f"{len(names)}, every sha256 right"


def kernel_line() -> str:
    """Where the kernel of the chapters comes from."""
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    try:
        spec = KernelSpecManager().get_kernel_spec("python3")
    except NoSuchKernel:
        return "MISSING: no kernel 'python3'"
    return f"{spec.display_name} in {short_path(Path(spec.resource_dir))}"


def facts() -> dict[str, str]:
    """Everything worth knowing, in the order in which it is printed."""
    disk = shutil.disk_usage(ROOT).free / 1e9
    chapters = len(list((ROOT / "chapters").glob("*.ipynb")))
    facts = {
        "system": f"{platform.system()} {platform.machine()}",
        "python": f"{platform.python_version()} at {short_path(Path(sys.executable))}",
        **{package: package_line(package) for package in PACKAGES},
        "kernel": kernel_line(),
        "cores": f"{os.cpu_count()}",
        "memory": memory_gb(),
        "disk": f"{disk:.0f} GB free",
        "accelerator": accelerators(),
        "sandbox": sandbox_line(),
        "offline": f"HF_HUB_OFFLINE={os.environ.get('HF_HUB_OFFLINE', 'not set')}; "
        "no chapter of the tier laptop downloads anything",
        "chapters": str(chapters),
        "artifacts": artifacts_line(),
    }
    return facts


def main() -> int:
    """Print the facts; 1 if something is missing or damaged."""
    try:
        known = facts()
    except (OSError, ValueError, ImportError) as problem:
        print(f"r1: {line(problem)}", file=sys.stderr)
        return 1
    for name, fact in known.items():
        print(f"{name:14}{fact}")
    bad = [n for n, fact in known.items() if fact.startswith(("MISSING", "DAMAGED"))]
    print(f"\nto mend: {', '.join(bad)}" if bad else "\nall is well")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
