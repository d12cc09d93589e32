"""Whether the model that samples is the one that the formula says, and that every table computes with.

Bambi compiles the linear predictors; predictions, log likelihoods and weights compute them again in
numpy. The two are compared before sampling at a point chosen at random, and for draws that come from
elsewhere with what the tree holds of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hierwidgets import models, terms

if TYPE_CHECKING:
    import bambi as bmb
    import xarray as xr

SEED = 7
STEP = 0.3
NEAR = 1e-6
LOOSE = 1e-3
SOME = 3
OTHER_ROWS = (
    "If {0!r} in the posterior is a prediction for other rows, take it out first: "
    "idata['posterior'] = idata['posterior'].to_dataset().drop_vars({0!r})."
)


def flatten(model: bmb.Model) -> None:
    """Give the single column of a varying slope the shape (rows,) that Bambi's program expects.

    Formulae makes ``x:z``, ``poly(x, 1)`` and the like a column of shape (rows, 1), while their
    coefficients have no dimension beside the groups; Bambi 0.21 multiplies the two into (rows, rows) and
    adds the sum of every row to each.
    """
    for term in columns_of_one(model):
        term.term.expr.data = np.asarray(term.predictor)[:, 0]


def columns_of_one(model: bmb.Model) -> list[Any]:
    """The group terms of Bambi whose predictor is a matrix of one column, but whose effects are none."""
    return [
        term
        for _, term in terms.group_terms(model)
        if np.ndim(term.predictor) == 2
        and np.shape(term.predictor)[1] == 1
        and not any(dim.endswith("__expr_dim") for dim in term.coords)
    ]


def compared(model: bmb.Model) -> list[str]:
    """The components whose linear predictor is computed in numpy here: those without smooths."""
    if terms.has_response_dim(model):
        return []
    parts = model.conditional_parameters
    return [name for name, part in parts.items() if not part.hsgp_terms]


def check(model: bmb.Model) -> None:
    """Refuse a built model whose program computes another linear predictor than the formula says.

    Raises
    ------
    ValueError
        Names the term and a spelling that works.
    """
    components = compared(model)
    if not components:
        return
    program = _Program(model, components)
    point = program.point(np.random.default_rng(SEED))
    if program.apart(point):
        raise ValueError(_refusal(model, program.guilty(point)))


def check_draws(model: bmb.Model, tree: xr.DataTree, as_given: bool | None = None) -> None:
    """Refuse a posterior that came from another model than the formula says.

    By the shapes of the design, since what Bambi adds to a tree, ``mu`` and the log likelihood, comes from
    numpy and not from its program; then by the log likelihood, else the expected response, where the
    tree has them, at a few draws and where they are finite.

    Parameters
    ----------
    model : bambi.Model
    tree : DataTree
    as_given : bool, optional
        What `hierwidgets.tables.log_likelihood.as_given` says of them.

    Raises
    ------
    ValueError
        Names the term and a spelling that works.
    """
    if suspects := columns_of_one(model):
        raise ValueError(_refusal(model, suspects[0]))
    if as_given is False:
        raise ValueError(_refusal(model, None))
    posterior = tree["posterior"].to_dataset()
    parent = terms.parent(model)
    if as_given or parent not in compared(model) or parent not in posterior:
        return
    some = _some(posterior)
    with np.errstate(over="ignore", invalid="ignore"):
        ours = terms.linear_predictor(model, some, parent, inverse=True)
    theirs = some[parent].transpose(*terms.MAIN_DIMS, ...).to_numpy()
    comparable = _comparable(ours, theirs) if theirs.shape == ours.shape else []
    near = LOOSE if any(v.dtype == np.float32 for v in some.variables.values()) else NEAR
    if not all(_alike(a, b, near) for a, b in comparable):
        raise ValueError(f"{_refusal(model, None)} {OTHER_ROWS.format(parent)}")


class _Program:
    """The compiled linear predictors of some components, and numpy's, at points of the free variables."""

    def __init__(self, model: bmb.Model, components: list[str]) -> None:
        import pytensor.tensor as pt
        from pytensor.compile.maker import function
        from pytensor.compile.mode import Mode

        self.model = model
        self.components = components
        built = model.backend.model
        names = models.stored(model)
        parts = model.backend.distributional_components
        outputs = [pt.as_tensor_variable(parts[name].output) for name in components]
        graph = built.replace_rvs_by_values([*outputs, *(built[name] for name in names)])
        self.run: Any = function(
            built.value_vars,
            graph,
            mode=Mode(linker="py", optimizer="None"),
            on_unused_input="ignore",
        )
        self.names = names
        self.terms = [
            term
            for name in components
            for term in model.conditional_parameters[name].terms.values()
        ]
        self.dims = {name: built.named_vars_to_dims.get(name) or () for name in names}
        self.coords = {
            dim: list(levels) for dim, levels in built.coords.items() if levels is not None
        }
        self.start = built.initial_point(random_seed=SEED)
        self.of_value = {built.rvs_to_values[v].name: v.name for v in built.free_RVs}

    def point(self, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """The initial point moved at random, in the sampler's coordinates."""
        return {
            name: np.asarray(value, float) + STEP * rng.normal(size=np.shape(value))
            for name, value in self.start.items()
        }

    def both(self, point: dict[str, np.ndarray]) -> list[tuple[np.ndarray, np.ndarray]]:
        """For each component the compiled predictor and numpy's, shape (rows,)."""
        found = self.run(**point)
        compiled = found[: len(self.components)]
        posterior = self._cleaned(dict(zip(self.names, found[len(self.components) :], strict=True)))
        rows = len(self.model.response_term.data)
        return [
            (
                np.broadcast_to(np.squeeze(values), (rows,)),
                terms.linear_predictor(self.model, posterior, name)[0, 0],
            )
            for name, values in zip(self.components, compiled, strict=True)
        ]

    def apart(self, point: dict[str, np.ndarray]) -> bool:
        """Whether the predictors of any component differ."""
        return not all(_alike(ours, compiled) for compiled, ours in self.both(point))

    def guilty(self, point: dict[str, np.ndarray]) -> Any:
        """The term of Bambi whose own movement the two predictors answer differently, or None."""
        before = self.both(point)
        for term in self.terms:
            name = terms.shown_name(term)
            own = {
                value: point[value] + 1.0
                for value, variable in self.of_value.items()
                if variable == name or variable.startswith(f"{name}_")
            }
            after = self.both({**point, **own})
            if not all(
                _alike(n1 - n0, c1 - c0) for (c0, n0), (c1, n1) in zip(before, after, strict=True)
            ):
                return term
        return None

    def _cleaned(self, values: dict[str, np.ndarray]) -> xr.Dataset:
        import xarray as xr

        variables = {
            name: ((*terms.MAIN_DIMS, *self.dims[name]), np.asarray(value)[None, None])
            for name, value in values.items()
            if np.ndim(value) == len(self.dims[name])
        }
        used = {dim for dims, _ in variables.values() for dim in dims}
        coords = {dim: levels for dim, levels in self.coords.items() if dim in used}
        data = xr.Dataset(variables, {"chain": [0], "draw": [0], **coords})
        return models.clean(self.model, xr.DataTree.from_dict({"posterior": data}))[
            "posterior"
        ].to_dataset()


def _comparable(ours: np.ndarray, theirs: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """The rows of each draw that both could compute: none of a draw that is NaN or overflows."""
    found = []
    rows = ours.shape[-1]
    for a, b in zip(ours.reshape(-1, rows), theirs.reshape(-1, rows), strict=True):
        both = np.isfinite(a) & np.isfinite(b)
        if both.any():
            found.append((a[both], b[both]))
    return found


def _alike(ours: np.ndarray, theirs: np.ndarray, near: float = NEAR) -> bool:
    size = max(float(np.abs(ours).max(initial=0)), float(np.abs(theirs).max(initial=0)), 1e-12)
    return bool(np.abs(ours - theirs).max(initial=0) <= near * size)


def _some(posterior: xr.Dataset) -> xr.Dataset:
    """A few draws of every chain."""
    step = max(posterior.sizes["draw"] // SOME, 1)
    return posterior.isel(draw=slice(0, None, step))


def _refusal(model: bmb.Model, term: Any) -> str:
    if term is None:
        return (
            f"The draws or the program of {str(model.formula.main)!r} do not belong to what the formula says: "
            "the linear predictor computed from it is another one. Was the model fitted to these data?"
        )
    expression = terms.spelled(model, str(term.term.name).split("|", 1)[0])
    if ":" in expression and "(" not in expression:
        own = f"write I({' * '.join(expression.split(':'))}) in place of {expression}"
    else:
        own = f"make {expression} a column of the data first"
    return (
        f"Bambi's program of {terms.shown_name(term)!r} is not what the formula says: in place of each row's "
        "own product of column and effect it has the sum over all rows, so its draws are those of another "
        f"model. Fit it with hw.fit, which compiles it as written, or {own}."
    )
