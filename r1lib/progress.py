"""Progress bars that behave: live in a terminal, a few lines anywhere else.

Notebooks keep what is printed, so a moving bar there would be stored a hundred times:
they get one line at the end. A log file gets one line a minute.
"""

import sys
import time

from tqdm import tqdm

EVERY = 60  # seconds between the lines of a log file


def bar(items, total: int | None, label: str, shown=()):
    """Pass `items` through a bar: anything, or metrics that the bar can show.

    Metrics are dicts, or tuples that begin with one. `shown` names those to write
    beside the bar; one that is not in every item is shown as it was last. Without a
    total the metric `of` says how many items there are.
    """
    began = stepping = said = time.perf_counter()
    file = sys.stderr if sys.stderr.isatty() else sys.stdout
    live, quiet = file.isatty(), "ipykernel" in sys.modules
    latest, step, first, of = {}, 0, 0, total
    with tqdm(
        total=total,
        desc=label,
        file=file,
        disable=not live,
        mininterval=0.5,
        dynamic_ncols=True,
    ) as drawn:
        drawn._time = time.monotonic  # tqdm's clock can be set back
        drawn.start_t = drawn.last_print_t = time.monotonic()
        for item in items:
            metrics = item[0] if isinstance(item, tuple) and item else item
            metrics = metrics if isinstance(metrics, dict) else {}
            latest.update((k, metrics[k]) for k in shown if k in metrics)
            before, step = step, metrics.get("step", step + 1)
            drawn.total = of = metrics.get("of", of)
            total = of or step  # where nothing says how many, these are all so far
            if before == 0:  # what came before the first step foretells nothing
                stepping = said = time.perf_counter()
                first = drawn.initial = drawn.n = drawn.last_print_n = step
                drawn.start_t = drawn.last_print_t = time.monotonic()
            drawn.set_postfix_str(facts(latest), refresh=False)
            drawn.update(step - drawn.n)
            yield item
            now = time.perf_counter()
            if live or quiet:
                continue
            if now - said > EVERY and first < step < total:
                said = now
                left = (total - step) * (now - stepping) / (step - first)
                print(f"{label}: {line(step, total, latest)}; {minutes(left)} to go")
    if not live:
        took = minutes(time.perf_counter() - began)
        reached = line(step, total, latest) if step else "nothing was left to do"
        print(f"{label}: {reached} in {took}")


def line(step: int, total: int, latest: dict) -> str:
    """Say how far something is and what was measured last.

    >>> line(3, 9, {"loss": 0.51234})
    'step 3 of 9, loss=0.512'
    """
    return ", ".join(filter(None, [f"step {step} of {total}", facts(latest)]))


def facts(metrics: dict) -> str:
    """Write metrics with three digits each."""
    return ", ".join(f"{name}={value:.3g}" for name, value in metrics.items())


def minutes(seconds: float) -> str:
    """Write a length of time.

    >>> minutes(90), minutes(9)
    ('1.5 minutes', '9 seconds')
    """
    seconds = max(0.0, seconds)  # a clock may have been set back
    return f"{seconds:.0f} seconds" if seconds < 60 else f"{seconds / 60:.1f} minutes"
