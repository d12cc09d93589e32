"""``make bench``: how fast and how small, beside the peers, in one table."""

from __future__ import annotations

import os
import platform
import sys
import warnings
from importlib.metadata import version

import matplotlib as mpl

from tests.benchmarks import lab, pages, work

PEERS = ("bambi", "arviz", "arviz-plots", "pymc", "altair", "anywidget")


def main() -> int:
    mpl.use("agg")
    warnings.filterwarnings("ignore", category=UserWarning, module="arviz_plots")
    named = ", ".join(f"{name} {version(name)}" for name in PEERS)
    print(f"hierwidgets {version('hierwidgets')}, beside {named}")
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores\n")
    results = [
        *work.imports(),
        work.caterpillar(),
        work.trace(),
        work.ranks(),
        work.log_likelihood(),
        *pages.views(),
        *pages.page(),
        lab.refit(),
        *lab.ticks(),
    ]
    width = max(len(result.work) for result in results)
    head = ("work", "ours", "peer", "ratio", "bound")
    line = f"{{:{width}}}  {{:>14}}  {{:>8}}  {{:>7}}  {{:>24}}  {{}}"
    print(line.format(*head, ""))
    for result in results:
        verdict = "ok" if result.within else "OVER"
        print(
            line.format(result.work, result.ours, result.peer, result.ratio, result.bound, verdict)
        )
    over = [result.work for result in results if not result.within]
    print(f"\n{len(results) - len(over)} of {len(results)} within their bounds.")
    return int(bool(over) and "--strict" in sys.argv)


if __name__ == "__main__":
    sys.exit(main())
