"""Fit sleepstudy and write its three linked views to one page: ``python -m hierwidgets.demo``."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hierwidgets.fit import Fit

FORMULA = "Reaction ~ Days + (Days | Subject)"


def main(path: str = "demo.html") -> None:
    """Fit, write the page, and say what came out.

    Parameters
    ----------
    path : str
        Where the page goes.
    """
    import hierwidgets as hw

    start = time.perf_counter()
    data = hw.example("sleepstudy")
    print(f"Fitting {FORMULA} to {len(data)} rows, 4 chains of 1,000 draws", flush=True)
    fit = hw.fit(FORMULA, data, random_seed=1, progress=sys.stdout.isatty())
    print(f"Fitted in {time.perf_counter() - start:.0f} s\n")
    print(numbers(fit))
    page = hw.report(
        [fit.shrinkage(picture="plane"), fit.caterpillar(), fit.trace()],
        path,
        title="Sleep and reaction time",
    )
    print(f"\nThe page:      {Path(page).resolve().as_uri()}")
    print("               Open it and click a subject. It needs no Python and no network.")
    print("The notebook:  make lab")


def numbers(fit: Fit) -> str:
    """The population's parameters as lines of text: mean, 95 % interval, R-hat, tail ESS."""
    from hierwidgets.tables.trace import parameters

    table = parameters(fit)
    shown = table[table["group"] == ""]
    rows = [f"{'':24}{'mean':>8}  {'95 % interval':>18}  {'R-hat':>6}  {'ESS':>6}"]
    for row in shown.to_dict("records"):
        interval = f"{row['lower']:8.2f} to {row['upper']:.2f}"
        rows.append(
            f"{row['parameter']:24}{row['mean']:8.2f}  {interval:>18}  "
            f"{row['rhat']:6.3f}  {row['ess_tail']:6.0f}"
        )
    return "\n".join(rows)


if __name__ == "__main__":
    main(*sys.argv[1:2])
