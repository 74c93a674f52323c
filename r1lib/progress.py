"""Progress bars that behave: live in a terminal, one line at the end elsewhere.

Notebooks keep what is printed, so a moving bar there would be stored a hundred times.
"""

import sys
import time

from tqdm import tqdm


def bar(items, total: int, label: str, shown=()):
    """Pass `items` (dicts of metrics, or pairs that begin with one) through a bar.

    `shown` names the metrics to write beside the bar.
    """
    began = time.perf_counter()
    live = sys.stderr.isatty() or sys.stdout.isatty()
    metrics = {}
    file = sys.stderr if sys.stderr.isatty() else sys.stdout
    with tqdm(
        total=total, desc=label, file=file, disable=not live, mininterval=0.5
    ) as t:
        for item in items:
            metrics = item[0] if isinstance(item, tuple) else item
            t.n = metrics.get("step", t.n + 1)
            t.set_postfix(
                {k: f"{metrics[k]:.3g}" for k in shown if k in metrics}, refresh=False
            )
            t.update(0)
            yield item
    if not live:
        facts = ", ".join(f"{k} {metrics[k]:.3g}" for k in shown if k in metrics)
        minutes = (time.perf_counter() - began) / 60
        print(
            f"{label}: {total} steps in {minutes:.1f} minutes"
            + (f"; {facts}" if facts else "")
        )
