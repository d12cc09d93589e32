"""A fit in one file: an HDF5 DataTree, and a JSON recipe that rebuilds the model. Never pickle.

The file is a netCDF that ArviZ and xarray read as well; the recipe is text in its group
``hierwidgets``. Nothing that is loaded can run code: `vessel` looks at the file before it is read, and
`allowed` at the recipe before anything in it is looked up.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hierwidgets import checks, priors, recipes, terms, vessel
from hierwidgets.fit import Fit

if TYPE_CHECKING:
    import xarray as xr

FORMAT = 1
GROUP = "hierwidgets"


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
        If the model holds what a file cannot: functions of your own in its formula, its priors or its
        family, or columns from its namespace.

    Examples
    --------
    >>> fit.save("sleep.nc")
    """
    import xarray as xr

    path = Path(path)
    if not path.parent.is_dir():
        raise ValueError(f"There is no folder {str(path.parent)!r} to save the fit in.")
    recipe = json.dumps(recipes.of(fit), allow_nan=True)
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
        vessel.seal(Path(temporary))
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
        The file is damaged, not a fit, of another format, or its recipe asks for more than columns,
        numbers and the functions in `hierwidgets.allowed`.

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
        vessel.plain(path)
        with xr.open_datatree(path, engine="h5netcdf", phony_dims="access") as opened:
            groups = {name: one.to_dataset() for name, one in opened.load().children.items()}
    except Exception as error:
        raise ValueError(
            f"{str(path)!r} cannot be read as a saved fit: it is damaged or another kind of file ({error})."
        ) from error
    if GROUP not in groups:
        raise ValueError(
            f"{str(path)!r} is a netCDF file without a hierwidgets recipe, so its model is unknown. "
            "Build the Bambi model yourself and use hierwidgets.wrap(model, tree)."
        )
    recipe = _recipe(groups.pop(GROUP), path)
    if "posterior" not in groups:
        raise ValueError(f"{str(path)!r} holds no posterior: it is damaged.")
    return _fit(recipe, groups, path)


def _recipe(group: xr.Dataset, path: Path) -> dict[str, Any]:
    """The recipe of a file, as text and numbers."""
    found = group.attrs.get("format")
    if not isinstance(found, (int, np.integer)) or found != FORMAT:
        raise ValueError(
            f"{str(path)!r} has format {found}, and this version of hierwidgets reads format {FORMAT}. "
            "Load it with the version that wrote it, or fit the model again."
        )
    try:
        recipe = json.loads(group["recipe"].to_numpy().tobytes().decode())
        name, dropped = recipe["name"], checks.positive_int(recipe["dropped"], "dropped", 0)
        return {**recipe, "name": recipes.fit_name(name), "dropped": dropped}
    except Exception as error:
        raise _damaged("recipe", path, error) from error


def _damaged(what: str, path: Path, error: Exception) -> ValueError:
    return ValueError(f"The {what} in {str(path)!r} is damaged: {type(error).__name__}: {error}.")


def _fit(recipe: dict[str, Any], groups: dict[str, xr.Dataset], path: Path) -> Fit:
    """The fit of a model and its draws, where they belong together."""
    import xarray as xr

    posterior = groups["posterior"]
    try:
        model = recipes.model(recipe)
        wanted: dict[str, tuple[str, ...]] = dict.fromkeys(priors.names(model), terms.MAIN_DIMS)
        for one in terms.effects(model):
            wanted[one.variable] = (*terms.MAIN_DIMS, one.factor_dim)
        if short := [name for name, dims in wanted.items() if not _drawn(posterior, name, dims)]:
            raise ValueError(f"its posterior lacks draws of {checks.listed(short)}.")  # noqa: TRY301
        tree = xr.DataTree.from_dict(groups)
        return Fit(model, tree, name=recipe["name"], dropped=recipe["dropped"])
    except ValueError as error:
        raise ValueError(f"The recipe in {str(path)!r} cannot be used: {error}") from error
    except Exception as error:
        raise _damaged("recipe", path, error) from error


def _drawn(posterior: xr.Dataset, name: str, dims: tuple[str, ...]) -> bool:
    if name not in posterior or posterior[name].dtype.kind not in "fiu":
        return False
    return set(dims) <= set(posterior[name].dims)


def _storable(data: xr.Dataset) -> xr.Dataset:
    """Without variables of mixed objects, such as nutpie's divergence messages, when empty."""
    out = data.drop_encoding()
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
