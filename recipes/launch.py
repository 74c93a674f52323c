"""Start ranks on this machine as torchrun does, and say in one line which one died.

    python -m recipes.launch 4 recipes.distributed grpo --way fsdp --out runs/sharded

does what `torchrun --nproc-per-node 4 -m recipes.distributed ...` does. What the ranks
write to stderr goes to files under OUT/logs, and torchrun's own report, a page long,
becomes one line: which rank died, and the last thing it said. The ranks meet on the
loopback device, so no name of this machine has to be looked up.
"""

import logging
import os
import signal
import socket
import sys
from pathlib import Path

from torch.distributed.elastic.multiprocessing import DefaultLogsSpecs, Std
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.launcher.api import LaunchConfig, elastic_launch


def launch(ranks: int, module: str, arguments: list[str], logs) -> None:
    """Run `python -m module arguments` on that many ranks, until all have ended.

    Where one dies the others are stopped, and a ValueError names it: the one that a
    signal killed, if there is one, for the others then fail too.
    """
    if ranks < 1:
        raise ValueError(f"wanted at least one rank, got {ranks}")
    Path(logs).mkdir(parents=True, exist_ok=True)
    logging.getLogger("torch.distributed.elastic").setLevel(logging.CRITICAL)
    meet_on_loopback()
    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=ranks,
        rdzv_backend="c10d",
        rdzv_endpoint="127.0.0.1:0",
        max_restarts=0,
        run_id=str(os.getpid()),
        local_addr="127.0.0.1",
        logs_specs=DefaultLogsSpecs(log_dir=str(logs), redirects=Std.ERR),
    )
    try:
        elastic_launch(config, sys.executable)("-u", "-m", module, *arguments)
    except ChildFailedError as error:
        codes = {rank: failure.exitcode for rank, failure in error.failures.items()}
        rank = min(codes, key=lambda r: (codes[r] == -signal.SIGTERM, codes[r]))
        code = codes[rank]  # SIGTERM is how the others were stopped
        how = f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
        message = f"rank {rank} of {ranks} {how}; see {logs}{last_words(logs, rank)}"
        raise ValueError(message) from None


def meet_on_loopback() -> None:
    """Let gloo connect over the loopback device, unless the caller chose another."""
    for _, name in socket.if_nameindex():
        if name in ("lo", "lo0"):
            os.environ.setdefault("GLOO_SOCKET_IFNAME", name)


def last_words(logs, rank: int) -> str:
    """The last line that a rank of the newest run wrote to stderr, in brackets."""
    files = sorted(Path(logs).rglob(f"{rank}/stderr.log"), key=os.path.getmtime)
    lines = files[-1].read_text("utf-8", "replace").split("\n") if files else []
    said = [line.strip() for line in lines if line.strip()]
    return f" ({said[-1]})" if said else ""


def main() -> None:
    """Launch what the command line names; one line and code 1 where a rank dies."""
    if len(sys.argv) < 3 or not sys.argv[1].isdecimal():
        sys.exit("wanted: python -m recipes.launch RANKS MODULE [ARGUMENTS ...]")
    ranks, module, arguments = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
    out = arguments[arguments.index("--out") + 1] if "--out" in arguments else "runs"
    try:
        launch(ranks, module, arguments, Path(out) / "logs")
    except ValueError as error:
        sys.exit(f"{error}; once that is put right, the same command goes on")


if __name__ == "__main__":
    main()
