#!/bin/sh
# bambi 0.21.0: predict(..., sample_new_groups=True) for two groups that were not in the data.
#
# A good guess: two new groups are two independent draws from the population of groups, so their
# difference has standard deviation sqrt(2) times the scale of groups. In fact, each posterior draw picks
# one existing group and gives its effect to all new groups of the factor: the difference is 0 in every
# draw, and an interval for "how much do two new groups differ" has no width.
#
# Seen: largest difference of the two new groups' mu 0.0; their own spread is that of the groups.
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

rng = np.random.default_rng(1)
group = np.repeat(np.arange(8), 8)
level = 2 * rng.normal(size=8)
data = pd.DataFrame({"g": group.astype(str), "y": level[group] + rng.normal(size=64)})
model = bmb.Model("y ~ 1 + (1 | g)", data)
draws = model.fit(draws=500, tune=500, chains=2, cores=1, random_seed=1, progressbar=False)
new = model.predict(
    draws,
    data=pd.DataFrame({"g": ["new one", "new two"]}),
    kind="response_params",
    sample_new_groups=True,
    inplace=False,
    random_seed=3,
)
mu = new.posterior["mu"].to_numpy()
apart, spread = np.abs(mu[..., 0] - mu[..., 1]).max(), mu[..., 0].std()
print(f"largest difference {apart:.1f}, spread of one new group {spread:.2f}")
assert apart == 0.0
assert spread > 1
PY
"$folder/venv/bin/python" -W ignore "$folder/seen.py"
