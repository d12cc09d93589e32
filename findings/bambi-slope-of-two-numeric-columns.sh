#!/bin/sh
# bambi 0.21.0, formulae 0.6.2: a varying slope of the product of two numeric columns, (0 + x:z | g),
# compiles to another model than (0 + I(x * z) | g), though both read as the same.
#
# A good guess: at a coefficient of 1 for group "a" and 0 elsewhere, mu is x * z in the rows of "a" and
# 0 in all others. So it is for I(x * z). For x:z the term's predictor has shape (rows, 1) instead of
# (rows,); it is multiplied with the coefficients by row, (rows,), into (rows, rows), which is then
# summed: every row's mu holds the sum of all rows' products. Nothing is raised, and the posterior
# has the right name and shape. poly(x, 1), x:z:p and a bool column times a number do the same.
#
# Seen: largest difference from x * z in the rows of "a": 63.598 for x:z, 0.000 for I(x * z).
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  bambi==0.21.0 formulae==0.6.2 pymc==6.4.0 pytensor==3.3.7 arviz==1.3.0 pandas==3.1.1 numpy==2.5.5 xarray==2026.9.0
cat > "$folder/seen.py" <<'PY'
import bambi as bmb
import numpy as np
import pandas as pd
import pytensor

rng = np.random.default_rng(1)
data = pd.DataFrame({"x": rng.normal(size=120), "z": rng.normal(size=120), "g": np.repeat(list("abcdef"), 20)})
data["y"] = rng.normal(size=120)
expected = (data.x * data.z * (data.g == "a")).to_numpy()


def off(formula):
    model = bmb.Model(formula, data, noncentered=False)
    model.build()
    graph = model.backend.model
    predictor = pytensor.function(graph.free_RVs, graph["mu"], on_unused_input="ignore")
    start = graph.initial_point()
    values = {v.name: np.zeros_like(start.get(v.name, np.zeros(()))) for v in graph.free_RVs}
    for v in graph.free_RVs:
        if v.name.endswith("sigma"):
            values[v.name] = np.asarray(1.0)
        elif v.name.endswith("|g"):
            values[v.name] = np.eye(6)[0]
    return float(np.abs(predictor(*[values[v.name] for v in graph.free_RVs]) - expected).max())


product, column = off("y ~ 1 + (0 + x:z | g)"), off("y ~ 1 + (0 + I(x * z) | g)")
print(f"x:z {product:.3f}, I(x * z) {column:.3f}")
assert abs(product - 63.598) < 5e-4
assert column == 0.0
PY
"$folder/venv/bin/python" -W ignore "$folder/seen.py"
