"""The prior lab in words: the Python of a state, and the log of what was tried."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hierwidgets.priors import LKJ, Setting
from hierwidgets.views.view import literal

if TYPE_CHECKING:
    from hierwidgets.fit import Fit

LOGGED = [
    "priors",
    "verdict",
    "reason",
    "khat",
    "ess",
    "log_evidence",
    "quantity",
    "mean",
    "mean_mcse",
    "lower",
    "upper",
    "fits",
]


def names(fit: Fit) -> dict[str, Any]:
    """What the page needs to write the same code: the fit's name, and the factor of each correlation."""
    return {"name": fit.name, "correlated": _factors(fit)}


def code(
    fit: Fit, settings: Mapping[str, Setting], state: Mapping[str, Any], initial: Mapping[str, Any]
) -> str:
    """Every top-level prior as ``hw.fit(priors=...)`` takes it, and the line that opens this lab."""
    factors = _factors(fit)
    known = {name: one for name, one in settings.items() if one.args or one.family == "Flat"}
    lines = ["priors = {"]
    lines += [
        f"    {literal(name)}: {written(one)}," for name, one in known.items() if one.family != LKJ
    ]
    lines.append("}")
    etas = {factors[name]: one.args["eta"] for name, one in known.items() if one.family == LKJ}
    if etas:
        lines.append(f"correlated = {literal(etas)}")
    changed: list[str] = []
    if state["priors"]:
        moved = ", ".join(f"{literal(name)}: {written(settings[name])}" for name in state["priors"])
        changed.append(f"priors={{{moved}}}")
    changed += [
        f"{name}={literal(value)}"
        for name, value in state.items()
        if name != "priors" and value != initial[name]
    ]
    lines.append(f"{fit.name}.priors({', '.join(changed)})")
    return "\n".join(lines)


def written(setting: Setting) -> str:
    """A prior as one writes it; the eta of a correlation alone."""
    if setting.family == LKJ:
        return literal(setting.args["eta"])
    args = "".join(f", {name}={literal(value)}" for name, value in setting.args.items())
    return f"hw.Prior({literal(setting.family)}{args})"


def logged(entry: Mapping[str, Any]) -> dict[str, Any]:
    """One row of the log from what the page tells."""
    moved = entry.get("priors", {})
    said = ", ".join(
        f"{name}: {Setting(str(one['family']), dict(one['args']))}" for name, one in moved.items()
    )
    numbers = {name: _number(entry.get(name)) for name in LOGGED[3:6] + LOGGED[7:11]}
    told = {name: str(entry.get(name, "")) for name in ("verdict", "reason", "quantity")}
    row = {"priors": said or "as fitted", **told, **numbers, "fits": int(entry.get("fits", 1))}
    return {name: row[name] for name in LOGGED}


def _number(value: Any) -> float:
    return float(value) if isinstance(value, (int, float)) else math.nan


def _factors(fit: Fit) -> dict[str, str]:
    return {effect.correlation: effect.factor for effect in fit.effects if effect.joint}
