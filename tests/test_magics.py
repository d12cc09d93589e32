"""%hier in a real IPython shell, with a real fit."""

from __future__ import annotations

import atexit
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

import hierwidgets as hw
from hierwidgets import commands, magics
from hierwidgets.completion import VALUES, VIEW_VALUES
from hierwidgets.fit import Fit
from hierwidgets.tables import convergence, funnel, groups, ppc, sensitivity, trellis
from hierwidgets.views.ppc import ORDERS

SMALL = "--draws 200 --tune 200 --chains 2 --seed 1 --quiet"
PRIOR_CELL = """# people differ by some tens of milliseconds
Reaction ~ Days +
    (Days | Subject)

1|Subject_sigma: HalfNormal(sigma=30)
"""


@pytest.fixture(scope="module")
def shell() -> Iterator[InteractiveShell]:
    config = Config({"HistoryManager": {"enabled": False}})
    shell = InteractiveShell.instance(config=config)
    shell.run_line_magic("load_ext", "hierwidgets")
    shell.push({"df": hw.example("sleepstudy"), "number": 3})
    yield shell
    shell.atexit_operations()
    atexit.unregister(shell.atexit_operations)
    InteractiveShell.clear_instance()


@pytest.fixture(scope="module")
def sleep(shell: InteractiveShell) -> Fit:
    fitted: Any = shell.run_cell_magic("hier", f"sleep --data df {SMALL}", PRIOR_CELL)
    return fitted


@pytest.fixture
def refused(shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> Callable[[str], str]:
    """Run a cell that is a mistake; what it prints must be one line."""

    def run(cell: str) -> str:
        capsys.readouterr()
        result = shell.run_cell(cell)
        assert type(result.error_in_exec).__name__ == "UsageError"
        shown = capsys.readouterr().err.strip()
        assert "\n" not in shown
        return shown.removeprefix("UsageError: ")

    return run


def completions(shell: InteractiveShell, text: str) -> dict[str, str]:
    """Each completion at the end of the text, with what it replaces."""
    with provisionalcompleter():
        found = list(shell.Completer.completions(text, len(text)))
    return {each.text: text[each.start : each.end] for each in found}


def test_a_cell_fits_and_binds_the_name(shell: InteractiveShell, sleep: Fit):
    assert shell.user_ns["sleep"] is sleep
    assert sleep.name == "sleep"
    assert sleep.formula == "Reaction ~ Days + (Days | Subject)"
    assert dict(sleep.idata["posterior"].sizes)["draw"] == 200
    prior = sleep.terms.set_index("term").loc["1|Subject", "prior"]
    assert "HalfNormal(sigma: 30" in prior


def test_the_seed_makes_it_repeatable(shell: InteractiveShell, sleep: Fit):
    again: Any = shell.run_cell_magic("hier", f"again --data df {SMALL}", PRIOR_CELL)
    mine, other = (fit.posterior["Intercept"] for fit in (sleep, again))
    assert mine.equals(other)
    del shell.user_ns["again"]


def test_correlated_effects(shell: InteractiveShell, sleep: Fit):
    cell = "Reaction ~ Days + (Days | Subject)"
    fitted: Any = shell.run_cell_magic("hier", f"corr --data df --correlated {SMALL}", cell)
    assert "Subject_corr" in fitted.posterior
    del shell.user_ns["corr"]


def test_a_modelled_scale_is_a_further_formula():
    cell = commands.parse_cell("y ~ x + (1|g)\nsigma ~ 1 + (1|g)")
    assert cell.formulas == ["y ~ x + (1|g)", "sigma ~ 1 + (1|g)"]
    formula: Any = cell.formula
    assert (formula.main, formula.additionals) == ("y ~ x + (1|g)", ("sigma ~ 1 + (1|g)",))


def test_alone_it_lists_what_is_fitted_and_what_can_be_asked(
    shell: InteractiveShell, sleep: Fit, capsys: pytest.CaptureFixture[str]
):
    shell.run_cell("%hier")
    shown = capsys.readouterr().out
    assert "sleep: Fit of Reaction ~ Days + (Days | Subject)" in shown
    for verb in ("trace", "caterpillar", "shrinkage", "terms", "save", "load", "report"):
        assert f"%hier {verb} " in shown


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("trace sleep --order ess", "trace"),
        ("caterpillar sleep --sort size --scale deviation", "caterpillar"),
        ('shrinkage sleep --term "Days|Subject" --sort size', "shrinkage"),
        ("shrinkage --picture=plane", "shrinkage"),
        ('shrinkage sleep --sigma "1|Subject=30"', "shrinkage"),
        ("shrinkage sleep --at Days=4.5", "shrinkage"),
        ('priors sleep --term "Days|Subject" --group 335', "priors"),
        ('priors sleep --priors "1|Subject_sigma: HalfNormal(sigma=30); sigma: 90"', "priors"),
        ("sensitivity sleep --by prior", "sensitivity"),
        ("dashboard sleep --view shrinkage", "dashboard"),
        ("loo sleep --unit group --sort size", "loo"),
        ("ppc sleep --statistic slope --replicate same", "ppc"),
    ],
)
def test_a_line_opens_a_view(shell: InteractiveShell, sleep: Fit, line: str, kind: str):
    view: Any = shell.run_line_magic("hier", line)
    assert view.kind == kind
    assert isinstance(view.data, pd.DataFrame)
    assert "sleep" in view.code


def test_fits_are_compared(shell: InteractiveShell, sleep: Fit, sleepstudy: pd.DataFrame):
    shell.user_ns["plain"] = hw.fit(
        "Reaction ~ Days", sleepstudy, draws=50, tune=100, chains=2, random_seed=1, progress=False
    )
    view: Any = shell.run_line_magic("hier", "compare sleep plain --sort name --unit group")
    assert view.kind == "compare"
    assert view.models["model"].tolist() == ["sleep", "plain"]
    again: Any = shell.run_line_magic("hier", "compare")
    assert again.named == view.named
    with pytest.raises(UsageError, match="There is no fit 'slep'"):
        shell.run_line_magic("hier", "compare slep plain")


@pytest.mark.parametrize(
    ("view", "option"),
    [
        ("dashboard", "view"),
        ("trace", "order"),
        ("caterpillar", "sort"),
        ("caterpillar", "scale"),
        ("shrinkage", "sort"),
        ("shrinkage", "picture"),
    ],
)
def test_every_value_that_is_completed_is_taken(sleep: Fit, view: str, option: str):
    for value in (VALUES | VIEW_VALUES.get(view, {}))[option]:
        getattr(sleep, view)(**{option: value})


def test_terms_are_a_table(shell: InteractiveShell, sleep: Fit):
    table: Any = shell.run_line_magic("hier", "terms sleep")
    assert table["term"].tolist() == ["1|Subject", "Days|Subject"]


def test_saved_loaded_and_reported(shell: InteractiveShell, sleep: Fit, tmp_path: Path):
    shell.run_line_magic("hier", f"save sleep '{tmp_path}/a fit.nc'")
    back: Any = shell.run_line_magic("hier", f"load back '{tmp_path}/a fit.nc'")
    assert shell.user_ns["back"] is back
    assert back.name == "back"
    pd.testing.assert_frame_equal(back.terms, sleep.terms)
    del shell.user_ns["back"]
    shell.run_line_magic("hier", f"report sleep {tmp_path}/page.html")
    page = (tmp_path / "page.html").read_text("utf-8")
    assert page.lower().startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("cell", "sentence"),
    [
        ("%hier shrinkag sleep", "%hier cannot 'shrinkag'. Did you mean 'shrinkage'?"),
        ("%hier shrinkage slep", "There is no fit 'slep'. Did you mean 'sleep'?"),
        ("%hier shrinkage sleep --srt size", "Did you mean '--sort'?"),
        ("%hier shrinkage sleep --sort sise", "Did you mean 'size'?"),
        ("%hier shrinkage sleep --term 'Day|Subject'", "Did you mean 'Days|Subject'?"),
        ("%hier shrinkage sleep --sort", "The option --sort needs a value"),
        ("%hier shrinkage sleep --sigma 30", '--sigma is written "1|Subject=30"'),
        ("%hier shrinkage sleep --at 4.5", '--at is written "temp=200"'),
        ("%hier shrinkage sleep other", "'other' is one word too many"),
        ("%hier priors sleep --priors 30", '--priors is written "1|Subject_sigma: HalfNormal'),
        ("%hier priors sleep --priors 'sgma: 30'", "Did you mean 'sigma'?"),
        ("%hier terms sleep --sort size", "%hier terms has no option"),
        ("%hier shrinkage 'sleep", "a quote is opened and not closed"),
        ("%hier save sleep", "Where to? %hier save FIT PATH"),
        ("%hier load two words more.nc", "'more.nc' is one word too many"),
        ("%hier load 2 fit.nc", "'2' cannot name a fit"),
    ],
)
def test_a_mistaken_line_is_one_red_line(refused, sleep, cell, sentence):
    assert sentence in refused(cell)


GOOD = "Reaction ~ Days + (1 | Subject)"


@pytest.mark.parametrize(
    ("head", "body", "sentence"),
    [
        ("x", GOOD, "Name the data: --data FRAME. The frames here are 'df'."),
        ("x --data dff", GOOD, "There is no frame 'dff'. Did you mean 'df'?"),
        ("x --data number", GOOD, "--data number is a int, not a pandas DataFrame."),
        ("x --data df --famly t", GOOD, "Did you mean '--family'?"),
        ("x --data df --family gausian", GOOD, "Did you mean 'gaussian'?"),
        ("x --data df --draws many", GOOD, "--draws needs a whole number, not 'many'."),
        ("--data df", GOOD, "One name for the fit is needed"),
        ("class --data df", GOOD, "'class' cannot name a fit"),
        ("x --data df", "# nothing", "The cell is empty"),
        ("x --data df", "HalfNormal", "The cell begins with a formula"),
        ("x --data df", f"{GOOD}\nsigma = 3", "is neither a formula nor a prior"),
        ("x --data df", "Reaction ~ Dais + (1 | Subject)", "Did you mean 'Days'?"),
        ("x --data df", f"{GOOD}\nsigmo: HalfNormal(sigma=1)", "Did you mean 'sigma'?"),
        ("x --data df", f"{GOOD}\nsigma: HalfNorml(sigma=1)", "Did you mean 'HalfNormal'?"),
        ("x --data df", f"{GOOD}\nsigma: HalfNormal(sgma=1)", "Did you mean 'sigma'?"),
        ("x --data df", f"{GOOD}\nsigma: HalfNormal(sigma=)", "cannot be read"),
    ],
)
def test_a_mistaken_cell_is_one_red_line(refused, sleep, head, body, sentence):
    assert sentence in refused(f"%%hier {head}\n{body}")


@pytest.mark.parametrize(
    "text",
    [
        "HalfNormal(sigma=__import__('os').getpid())",
        "Normal(mu=open('x'), sigma=1)",
        "Normal(0, 1)",
        "Normal(**{'mu': 0})",
        "Normal(mu=True, sigma=1)",
        "os.getpid()",
        "[x for x in (1, 2)]",
    ],
)
def test_a_prior_is_read_and_never_run(text: str):
    with pytest.raises(ValueError, match=r"not allowed|There is no distribution"):
        commands.parse_prior(text)


def test_priors_nest_and_take_negative_numbers():
    prior = commands.parse_prior("Normal(mu=-2.5, sigma=HalfNormal(sigma=1e1))")
    assert prior.name == "Normal"
    assert prior.args["mu"] == -2.5
    assert prior.args["sigma"].args["sigma"] == 10
    assert commands.parse_prior("-3.5") == -3.5


def test_a_nested_term_keeps_its_colon():
    cell = commands.parse_cell("y ~ 1 + (1|a/b)\n1|a:b_sigma: HalfNormal(sigma=2)")
    assert list(cell.priors) == ["1|a:b_sigma"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("%hier ", {"trace": "", "caterpillar": "", "shrinkage": ""}),
        ("%hier shr", {"shrinkage": "shr"}),
        ("view = %hier shr", {"shrinkage": "shr"}),
        ("%hier shrinkage ", {"sleep": ""}),
        ("%hier shrinkage sleep --so", {"--sort": "--so"}),
        ("%hier shrinkage sleep --sort ", {"size": "", "name": ""}),
        ("%hier groups sleep --sort ", {"fit": "", "shrinkage": ""}),
        ("%hier shrinkage sleep --term ", {'"Days|Subject"': "", '"1|Subject"': ""}),
        ('%hier shrinkage sleep --term "Days|Su', {'"Days|Subject"': '"Days|Su'}),
        ("%hier shrinkage sleep --term Da", {'"Days|Subject"': "Da"}),
        ("%hier ppc sleep --stat", {"--statistic": "--stat"}),
        ("%hier ppc sleep --statistic ", {"dispersion": "", "slope": "", "battery": ""}),
        ("%hier ppc sleep --statistic disp", {"dispersion": "disp"}),
        ("%hier priors sleep --", {f"--{name}": "--" for name in magics.VIEWS["priors"]}),
        ("%hier priors sleep --term ", {'"1|Subject"': "", '"Days|Subject"': ""}),
        ("%hier priors sleep --quantity ", {'"1|Subject_sigma"': "", "sigma": ""}),
        ("%hier priors sleep --quantity 1|Sub", {'"1|Subject_sigma"': "1|Sub"}),
        ("%hier priors sleep --group 33", {"330": "33", "335": "33"}),
        (
            '%hier priors sleep --priors "1|Sub',
            {'"1|Subject_sigma: HalfNormal(sigma=30)"': '"1|Sub'},
        ),
        ("%hier convergence sleep --parameter Da", {"Days": "Da"}),
        ("%hier loo sleep --factor ", {"Subject": ""}),
        ("%hier sensitivity sleep --by ", {"all": "", "prior": ""}),
        ("%%hier new --data ", {"df": ""}),
        ("%%hier new --fam", {"--family": "--fam"}),
        ("%%hier new --family be", {"bernoulli": "be"}),
        ("%%hier new --data df\nRea", {"Reaction": "Rea"}),
    ],
)
def test_completion(shell: InteractiveShell, sleep: Fit, text: str, expected: dict[str, str]):
    found = completions(shell, text)
    assert expected.items() <= found.items()


def test_every_value_a_view_knows_is_completed():
    offered = VIEW_VALUES
    assert set(offered["ppc"]["statistic"]) == set(ppc.STATISTICS)
    assert set(offered["ppc"]["order"]) == set(ORDERS)
    assert set(offered["groups"]["sort"]) == set(trellis.SORTS)
    assert set(offered["convergence"]["order"]) == set(convergence.ORDERS)
    assert set(offered["convergence"]["axis"]) == set(funnel.AXES)
    assert set(offered["sensitivity"]["by"]) == set(sensitivity.BY)
    assert set(VALUES["sort"]) == set(groups.SORTS)
    for view, options in magics.VIEWS.items():
        assert set(offered.get(view, {})) <= set(options)


def test_a_prior_that_is_offered_is_one_that_is_read(sleep: Fit, shell: InteractiveShell):
    for word in completions(shell, "%hier priors sleep --priors "):
        shell.run_line_magic("hier", f"priors sleep --priors {word}")


def test_options_already_given_are_not_offered_again(shell: InteractiveShell, sleep: Fit):
    found = completions(shell, "%hier caterpillar sleep --sort size --")
    assert set(found) == {"--term", "--scale", "--search", "--units", "--by", "--folded"}


def test_loading_twice_completes_once(shell: InteractiveShell, sleep: Fit):
    shell.run_line_magic("reload_ext", "hierwidgets")
    completer: Any = shell.Completer
    assert len(completer.custom_matchers) == 1
    assert set(completions(shell, "%hier shr")) == {"shrinkage"}
