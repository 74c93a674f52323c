"""Progress bars that behave: live in a terminal, a few lines anywhere else.

Notebooks keep what is printed, so a moving bar there would be stored a hundred times:
they get one line at the end. A log file gets one line a minute.
"""

import sys
import time

from tqdm import tqdm

EVERY = 60  # seconds between the lines of a log file
RECENT = 20  # steps of training that a running mean is taken over


class Means:
    """Running means of metrics, under the names that a reader knows.

    `shown` maps a metric to its name, or only lists metrics. A mean is over the last
    `over` steps, or over all so far if that is None. Where an item has a metric
    `samples`, it counts as often as that says.

    >>> table = Means({"correct": "right"}, over=None)
    >>> table.add(1, {"correct": 0.8, "samples": 400})
    {'right': 0.8}
    >>> table.add(2, {"correct": 0.3, "samples": 100})
    {'right': 0.7}
    """

    def __init__(self, shown, over: int | None):
        if over is not None and over < 1:
            raise ValueError(f"wanted a mean over at least 1 step, got {over}")
        self.names = (
            shown if isinstance(shown, dict) else {name: name for name in shown}
        )
        self.over, self.seen = over, {}

    def add(self, step: int, metrics: dict) -> dict[str, float]:
        """Take in the metrics of a step; return the mean of each one seen so far.

        A metric that none of the last `over` steps has is shown as it was last.
        """
        for metric in self.names.keys() & metrics.keys():
            point = (step, metrics.get("samples") or 1, metrics[metric])
            self.seen.setdefault(metric, []).append(point)
        return {
            name: self._mean(metric, step)
            for metric, name in self.names.items()
            if metric in self.seen
        }

    def _mean(self, metric: str, step: int) -> float:
        points = self.seen[metric]
        if self.over is not None:
            recent = [point for point in points if point[0] > step - self.over]
            points = self.seen[metric] = recent or points[-1:]
        count = sum(times for _, times, _ in points)
        return sum(times * value for _, times, value in points) / count


def bar(items, total: int | None, label: str, shown=(), over: int | None = 1):
    """Pass `items` through a bar: anything, or metrics that the bar can show.

    Metrics are dicts, or tuples that begin with one. `shown` and `over` are those of
    `Means`: which of them to write beside the bar, and over how many steps. Without a
    total the metric `of` says how many items there are.
    """
    began = stepping = said = time.perf_counter()
    file = sys.stderr if sys.stderr.isatty() else sys.stdout
    live, quiet = file.isatty(), "ipykernel" in sys.modules
    means, latest, step, first, of = Means(shown, over), {}, 0, 0, total
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
            before, step = step, metrics.get("step", step + 1)
            latest = means.add(step, metrics)
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
    """Say how far something is and what was measured.

    >>> line(3, 9, {"loss": 0.51234})
    'step 3 of 9, loss=0.512'
    """
    return ", ".join(filter(None, [f"step {step} of {total}", facts(latest)]))


def facts(metrics: dict) -> str:
    """Write metrics with three digits each."""
    return ", ".join(f"{name}={value:.3g}" for name, value in metrics.items())


def minutes(seconds: float) -> str:
    """Write a length of time.

    >>> minutes(90), minutes(9), minutes(1.2)
    ('1.5 minutes', '9 seconds', '1 second')
    """
    seconds = max(0.0, seconds)  # a clock may have been set back
    if seconds >= 60:
        return f"{seconds / 60:.1f} minutes"
    return f"{seconds:.0f} second" + ("" if round(seconds) == 1 else "s")
