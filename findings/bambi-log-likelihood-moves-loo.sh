#!/bin/sh
# bambi 0.21.0 with arviz 1.3.0: Model.compute_log_likelihood changes what loo() answers for the same draws
# and the same log likelihood.
#
# A good guess: the log likelihood is a group of its own, and loo() reads the log likelihood. In fact,
# compute_log_likelihood also leaves the linear predictor "mu", one value for each row, in the posterior,
# and loo() takes its relative efficiency (r_eff) from the mean ESS of everything in the posterior. r_eff
# sets the length of the tail that is smoothed, and so Pareto k and elpd. With more rows than parameters
# r_eff is mostly that of mu.
#
# Seen: elpd -88.589 with mu in the posterior, -88.620 without, from the same 1,000 draws.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  bambi==0.21.0 formulae==0.6.2 pymc==6.4.0 pytensor==3.3.7 arviz==1.3.0 arviz-base==1.3.1 arviz-stats==1.3.3 \
  pandas==3.1.1 numpy==2.5.5 xarray==2026.9.0
cat > "$folder/seen.py" <<'PY'
import arviz as az
import bambi as bmb
import numpy as np
import pandas as pd

rng = np.random.default_rng(1)
group = np.repeat(np.arange(8), 8)
level = 2 * rng.normal(size=8)
data = pd.DataFrame({"g": group.astype(str), "y": level[group] + rng.normal(size=64)})
model = bmb.Model("y ~ 1 + (1 | g)", data)
draws = model.fit(draws=500, tune=500, chains=2, cores=1, random_seed=1, progressbar=False)
assert "mu" not in draws.posterior
after = model.compute_log_likelihood(draws, inplace=False)
assert "mu" in after.posterior
without = after.copy()
without["posterior"] = after["posterior"].to_dataset().drop_vars("mu")
with_mu, alone = float(az.loo(after).elpd), float(az.loo(without).elpd)
print(f"elpd {with_mu:.4f} with mu, {alone:.4f} without")
assert abs(with_mu - alone) > 1e-3
PY
"$folder/venv/bin/python" -W ignore "$folder/seen.py"
