"""What an import may cost, and what may not be imported, each in a process of its own."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

import hierwidgets as hw

HEAVY = ("pymc", "pytensor", "bambi", "arviz", "altair", "ipywidgets", "anywidget", "pandas")


def run(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout.strip()


def test_import_is_light():
    loaded = run(f"""
        import sys, hierwidgets
        print([name for name in {HEAVY} if name in sys.modules])
    """)
    assert loaded == "[]"


def test_import_is_quick():
    best = min(
        float(
            run("""
                import time
                start = time.perf_counter()
                import hierwidgets
                print(time.perf_counter() - start)
            """)
        )
        for _ in range(3)
    )
    assert best < 0.5


def test_tables_need_no_altair_and_no_widgets():
    blocked = ("altair", "ipywidgets", "anywidget", "vl_convert", "IPython")
    assert (
        run(f"""
            import sys

            class Refuse:
                def find_spec(self, name, path=None, target=None):
                    if name.split(".")[0] in {blocked}:
                        raise ImportError(f"{{name}} is blocked")

            sys.meta_path.insert(0, Refuse())
            import pkgutil, importlib
            import hierwidgets.tables
            for module in pkgutil.iter_modules(hierwidgets.tables.__path__):
                importlib.import_module("hierwidgets.tables." + module.name)
            import hierwidgets.fit, hierwidgets.terms, hierwidgets.checks
            import hierwidgets.sampling, hierwidgets.storage
            print([name for name in {blocked} if name in sys.modules])
        """)
        == "[]"
    )


def test_every_public_name_is_there():
    for name in hw.__all__:
        assert getattr(hw, name) is not None
    assert dir(hw) == sorted(hw.__all__)


def test_fit_is_the_function_whatever_was_imported_before():
    assert (
        run("""
            import hierwidgets.fit
            import hierwidgets as hw
            from hierwidgets.fit import Fit
            print(callable(hw.fit), hw.Fit is Fit, hw.fit.__module__)
        """)
        == "True True hierwidgets.fit"
    )


@pytest.mark.parametrize(("wrong", "right"), [("exmaple", "example"), ("reports", "report")])
def test_an_unknown_name_is_refused_with_the_nearest(wrong, right):
    with pytest.raises(AttributeError, match=f"no attribute '{wrong}'. Did you mean '{right}'"):
        getattr(hw, wrong)


def test_a_far_name_is_refused_without_a_guess():
    with pytest.raises(AttributeError, match=r"no attribute 'zzz'$"):
        getattr(hw, "zzz")  # noqa: B009
