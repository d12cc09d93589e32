#!/bin/sh
# pymc 6.4.0: the distribution function of Normal, and what is made of it: Censored and Truncated.
#
# A good guess: everything is computed in double precision, so logcdf agrees with SciPy to about 1e-15. In
# fact, the argument is divided by a root of 2 in single precision, and logcdf is off by some 1e-8 of itself
# in the body, 6e-7 in the upper tail, and a normal truncated far from its mean by 2e-6 a row. Who compares
# a log likelihood of censored or truncated data with closed forms needs such a tolerance.
#
# Seen: relative error 8.2e-08 at 2, 6.3e-07 at 6; truncated at 8, log density at 8.5 off by 1.8e-06.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  pymc==6.4.0 pytensor==3.3.7 scipy==1.18.1 numpy==2.5.5 arviz==1.3.0 xarray==2026.9.0
cat > "$folder/seen.py" <<'PY'
import pymc as pm
from scipy import stats

normal = pm.Normal.dist(0, 1)
for x in (2.0, 6.0):
    off = abs(float(pm.logcdf(normal, x).eval()) / stats.norm.logcdf(x) - 1)
    print(f"logcdf at {x:.0f}: relative error {off:.1e}")
    assert 1e-8 < off < 1e-5
above = pm.Truncated.dist(normal, lower=8.0, upper=None)
off = abs(float(pm.logp(above, 8.5).eval()) - stats.truncnorm.logpdf(8.5, 8, float("inf")))
print(f"truncated at 8, log density at 8.5: off by {off:.1e}")
assert 1e-7 < off < 1e-4
PY
"$folder/venv/bin/python" -W ignore "$folder/seen.py"
