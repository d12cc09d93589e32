"""A fit in one file: an HDF5 DataTree, and a JSON recipe that rebuilds the model. Never pickle.

The file is a netCDF that ArviZ and xarray read as well; the recipe is text in its group
``hierwidgets``. Nothing that is loaded can run code.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from hierwidgets import checks, correlated, models, terms
from hierwidgets.fit import Fit

if TYPE_CHECKING:
    import bambi as bmb
    import xarray as xr

FORMAT = 1
GROUP = "hierwidgets"
ORDERED = {"transform": "ordered"}


def save(fit: Fit, path: str | Path) -> Path:
    """Write `fit` to one file.

    Parameters
    ----------
    fit : Fit
    path : str or Path
        Conventionally ending in ``.nc``. An older file there is replaced once the new one is whole.

    Returns
    -------
    Path

    Raises
    ------
    ValueError
        If the model holds what a file cannot: functions in its priors, its namespace or its family.

    Examples
    --------
    >>> fit.save("sleep.nc")
    """
    import xarray as xr

    path = Path(path)
    if not path.parent.is_dir():
        raise ValueError(f"There is no folder {str(path.parent)!r} to save the fit in.")
    recipe = json.dumps(_recipe(fit), allow_nan=True)
    groups = {
        name: _storable(group.to_dataset())
        for name, group in fit.idata.children.items()
        if not name.startswith("warmup")
    }
    text = np.frombuffer(recipe.encode(), np.uint8)
    groups[GROUP] = xr.Dataset({"recipe": ("byte", text)}, attrs={"format": FORMAT})
    handle, temporary = tempfile.mkstemp(suffix=".nc", dir=path.parent)
    os.close(handle)
    try:
        xr.DataTree.from_dict(groups).to_netcdf(temporary, engine="h5netcdf")
        Path(temporary).replace(path)
    finally:
        Path(temporary).unlink(missing_ok=True)
    return path


def load(path: str | Path) -> Fit:
    """Read a fit that `Fit.save` wrote: the same numbers, the same views, a model that predicts.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    Fit

    Raises
    ------
    FileNotFoundError
        There is no such file.
    ValueError
        The file is damaged, not a fit, or of another format.

    Examples
    --------
    >>> fit = hw.load("sleep.nc")
    """
    import xarray as xr

    path = Path(path)
    if not path.is_file():
        near = checks.nearest(path.name, [p.name for p in path.parent.glob("*") if p.is_file()])
        raise FileNotFoundError(f"There is no file {str(path)!r}.{near}")
    try:
        with xr.open_datatree(path, engine="h5netcdf") as opened:
            tree = opened.load()
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise ValueError(
            f"{str(path)!r} cannot be read as a saved fit: it is damaged or another kind of file ({error})."
        ) from error
    if GROUP not in tree.children:
        raise ValueError(
            f"{str(path)!r} is a netCDF file without a hierwidgets recipe, so its model is unknown. "
            "Build the Bambi model yourself and use hierwidgets.wrap(model, tree)."
        )
    found = tree[GROUP].attrs.get("format")
    if found != FORMAT:
        raise ValueError(
            f"{str(path)!r} has format {found}, and this version of hierwidgets reads format {FORMAT}. "
            "Load it with the version that wrote it, or fit the model again."
        )
    try:
        recipe = json.loads(tree[GROUP]["recipe"].to_numpy().tobytes().decode())
        model = _model(recipe)
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"The recipe in {str(path)!r} is damaged: {type(error).__name__}: {error}."
        ) from error
    kept = {name: group.to_dataset() for name, group in tree.children.items() if name != GROUP}
    if "posterior" not in kept:
        raise ValueError(f"{str(path)!r} holds no posterior: it is damaged.")
    tree = xr.DataTree.from_dict(kept)
    return Fit(model, tree, name=recipe["name"], dropped=recipe["dropped"])


def _storable(data: xr.Dataset) -> xr.Dataset:
    """Without variables of mixed objects, such as nutpie's divergence messages, when empty."""
    out = data.copy()
    for name, variable in data.data_vars.items():
        if variable.dtype == object:
            values = variable.to_numpy()
            if all(value is None for value in values.flat):
                out = out.drop_vars([name])
            else:
                text = np.array(["" if v is None else str(v) for v in values.flat], object)
                out[name] = (variable.dims, text.reshape(values.shape))
    out.attrs = {
        key: value if isinstance(value, (str, int, float, np.number)) else str(value)
        for key, value in data.attrs.items()
    }
    return out


def _recipe(fit: Fit) -> dict[str, Any]:
    model = fit.model
    if model.potentials:
        raise ValueError("A model with potentials holds functions and cannot be saved to a file.")
    formula = model.formula
    texts = [str(formula.main), *map(str, formula.additionals)]
    used = models.describe(formula).columns
    if missing := [name for name in used if name not in model.data.columns]:
        raise ValueError(
            f"The formula takes {checks.listed(missing)} from extra_namespace, which a file cannot hold. "
            "Put it into the data as a column."
        )
    return {
        "name": fit.name,
        "dropped": fit.dropped,
        "formula": texts,
        "family": models.builtin_family(model),
        "link": {name: terms.link_name(model, name) for name in model.family.link},
        "priors": _encoded_priors(model),
        "alias": models.aliases(model),
        "correlated": correlated.etas(model),
        "noncentered": model.noncentered,
        "center_predictors": model.center_predictors,
        "auto_scale": model.auto_scale,
        "data": {name: _column(model.data[name]) for name in used},
    }


def _model(recipe: dict[str, Any]) -> bmb.Model:
    import bambi as bmb

    data = pd.DataFrame({name: _series(column) for name, column in recipe["data"].items()})
    main, *additionals = recipe["formula"]
    formula = bmb.Formula(main, *additionals) if additionals else main
    model = models.make(
        formula,
        data,
        priors=_decoded(recipe["priors"]),
        family=recipe["family"],
        link=recipe["link"],
        noncentered=recipe["noncentered"],
        center_predictors=recipe["center_predictors"],
        auto_scale=recipe["auto_scale"],
    )
    if recipe["correlated"]:
        model = correlated.correlate(model, recipe["correlated"])
    if recipe["alias"]:
        model.set_alias(recipe["alias"])
    return model


def _encoded_priors(model: bmb.Model) -> dict[str, Any]:
    return {
        name: _encoded(name, prior)
        for name, prior in models.priors(model).items()
        if prior is not None
    }


def _encoded(name: str, value: Any) -> Any:
    import bambi as bmb
    from pymc.distributions.transforms import Ordered

    if isinstance(value, bmb.Prior):
        if value.dist is not None:
            raise ValueError(f"The prior of {name!r} is a function, which a file cannot hold.")
        return {
            "prior": value.name,
            "noncentered": value.noncentered,
            "args": {key: _encoded(name, arg) for key, arg in value.args.items()},
        }
    if isinstance(value, dict):
        return {"dict": {key: _encoded(name, item) for key, item in value.items()}}
    if isinstance(value, (np.ndarray, np.number, int, float)):
        return np.asarray(value, float).tolist()
    if isinstance(value, Ordered):
        return ORDERED
    raise ValueError(f"The prior of {name!r} has the argument {value!r}, which a file cannot hold.")


def _decoded(value: Any) -> Any:
    import bambi as bmb
    from pymc.distributions.transforms import ordered

    if value == ORDERED:
        return ordered

    if isinstance(value, dict) and "prior" in value:
        args = {key: _decoded(arg) for key, arg in value["args"].items()}
        return bmb.Prior(value["prior"], auto_scale=False, noncentered=value["noncentered"], **args)
    if isinstance(value, dict) and "dict" in value:
        return {key: _decoded(item) for key, item in value["dict"].items()}
    if isinstance(value, dict):
        return {key: _decoded(item) for key, item in value.items()}
    return np.asarray(value, float) if isinstance(value, list) else value


def _column(series: pd.Series) -> dict[str, Any]:
    kind = series.dtype
    if isinstance(kind, pd.CategoricalDtype):
        return {
            "categories": _column(pd.Series(kind.categories)),
            "ordered": bool(kind.ordered),
            "codes": series.cat.codes.tolist(),
        }
    if pd.api.types.is_numeric_dtype(kind) or pd.api.types.is_bool_dtype(kind):
        return {"dtype": str(kind), "values": series.tolist()}
    return {"dtype": "text", "values": [str(value) for value in series]}


def _series(column: dict[str, Any]) -> pd.Series:
    if "categories" in column:
        categories = pd.Index(_series(column["categories"]))
        return pd.Series(
            pd.Categorical.from_codes(column["codes"], categories, ordered=column["ordered"])
        )
    if column["dtype"] == "text":
        return pd.Series(column["values"], dtype=object)
    return pd.Series(column["values"], dtype=column["dtype"])
