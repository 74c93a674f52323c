"""Beams: several paths side by side, one step at a time, only the best go on.

Snell et al. 2024 (arXiv 2408.03314, section 5.2) search in this way with a process
reward model; with `lookahead` a path is scored by where it leads. Diverse beams keep
groups that avoid each other's steps (Vijayakumar et al. 2016, arXiv 1610.02424, with
the Hamming distance): there the unit is a token, here it is a step.
"""

import math
from collections import Counter
from collections.abc import Callable, Sequence

from r1lib.search.ledger import Ledger, SearchResult
from r1lib.search.paths import STEP, Path, at_least_one, best, ended


def diverse(
    problem,
    ask: Callable,
    score: Callable,
    budget: int,
    *,
    groups: int = 2,
    width: int = 4,
    expand: int = 4,
    penalty: float = 0.5,
    depth: int = 64,
    begin: str = "",
) -> SearchResult:
    """Search with groups of width / groups paths that lose by writing the same step.

    A step's value falls by `penalty` for each path that an earlier group has kept with
    the same step at the same depth. The result is the path with the highest value.
    """
    if at_least_one("width", width) % at_least_one("groups", groups):
        raise ValueError(f"wanted groups that divide width {width}, got {groups}")
    if not 0 <= penalty < math.inf:
        raise ValueError(f"penalty must be finite and at least 0, got {penalty}")
    ledger, size = Ledger(problem, ask, score, budget), width // groups
    beams, done = [[Path(begin)] for _ in range(groups)], []
    for _ in range(at_least_one("depth", depth)):
        taken = Counter()
        for g, paths in enumerate(beams):
            steps = next_steps(ledger, paths, size * at_least_one("expand", expand))
            kept = keep(ledger.score(steps), size, taken, penalty)
            taken.update(last_step(path) for path in kept)
            done += [path for path in kept if ended(path)]
            beams[g] = [path for path in kept if path.finish == "until"]
        if not any(beams):
            break
    if not done:
        raise ledger.too_little()
    return ledger.result(best(done), done)


def next_steps(ledger: Ledger, paths: Sequence[Path], n: int) -> list[Path]:
    """Return about n different continuations of the paths by one step each.

    Where the budget does not allow n, the first paths have precedence. Steps that were
    cut off are dropped.
    """
    n = ledger.affordable(n, STEP, paths) if paths else 0
    if not n:
        return []
    rows = ledger.ask(paths[:n], max(1, n // len(paths)), STEP)
    steps = [path for row in rows for path in row if path.finish != "length"]
    return list({path.text: path for path in steps}.values())


def look_ahead(ledger: Ledger, paths: list[Path], steps: int) -> list[Path]:
    """Let each path go on by up to so many steps, as far as the budget allows."""
    ahead = list(paths)
    for _ in range(steps):
        places = [i for i, path in enumerate(ahead) if path.finish == "until"]
        going = [ahead[i] for i in places]
        if not going or ledger.affordable(len(going), STEP, going) < len(going):
            break
        for i, (path,) in zip(places, ledger.ask(going, 1, STEP), strict=True):
            ahead[i] = path
    return ahead


def keep(
    paths: Sequence[Path], width: int, taken: Counter | None = None, penalty: float = 0
) -> list[Path]:
    """Return the `width` paths of highest value, less a penalty for each taken step."""
    taken = taken or Counter()
    return sorted(
        paths, key=lambda path: penalty * taken[last_step(path)] - path.value
    )[:width]


def last_step(path: Path) -> str:
    """Return the text of the last step of a path.

    >>> last_step(Path("2+3=5\\n5*2=10\\n"))
    '5*2=10'
    """
    return path.text.removesuffix(STEP).rpartition(STEP)[2]
