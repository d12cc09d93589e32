"""Saved fits changed at random: bytes of the file, values of its recipe, its parts."""

from __future__ import annotations

import copy
import json
import shutil
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np

import hierwidgets as hw
from hierwidgets.tables.caterpillar import caterpillar

Change = Callable[[Path, Path, np.random.Generator], str]
WORDS = [
    *("np.save('written', x)", "np.load('x')", "np.lib.format.open_memmap('x')", "np.f2py.compile('x')"),
    *("os.system('ls')", "open('x', 'w')", "__import__('os')", "eval('1')", "x.__class__", "warnings"),
    *("sample", "save_trace", "Model", "CustomDist", "Simulator", "Normal", "gaussian", "cumulative"),
    *("", "~", "(" * 2000, "\0", "\ud800", "x" * 5000, "a/b", "..", "{10**10**10}", "(x + g)**99999999"),
    *("object", "complex128", "datetime64[ns]", "text", "text ~ x", "np", "1|g", "y ~ x"),
]  # fmt: skip
NUMBERS = [0, 1, -1, 2**63, 10**400, 1.5, -0.0, float("nan"), float("inf"), 1e308, True, None]


def bytes_changed(good: Path, out: Path, rng: np.random.Generator) -> str:
    """Flipped, cut, repeated or zeroed stretches of the file."""
    content = bytearray(good.read_bytes())
    kind = str(rng.choice(["flip", "flips", "cut", "zeros", "moved"]))
    at = int(rng.integers(len(content)))
    length = int(2 ** rng.uniform(0, 12))
    match kind:
        case "flip":
            content[at] ^= 1 << int(rng.integers(8))
        case "flips":
            for place in rng.integers(len(content), size=int(rng.integers(2, 40))):
                content[place] = int(rng.integers(256))
        case "cut":
            del content[at:]
        case "zeros":
            content[at : at + length] = bytes(len(content[at : at + length]))
        case _:
            other = int(rng.integers(len(content)))
            content[at : at + length] = content[other : other + length]
    out.write_bytes(content)
    return f"{kind} at {at}"


def recipe_changed(good: Path, out: Path, rng: np.random.Generator) -> str:
    """One to three values of the recipe replaced, taken away, or of another place."""
    shutil.copy(good, out)
    with h5py.File(out, "r+") as file:
        recipe = json.loads(file["hierwidgets/recipe"][...].tobytes())
        said: list[str] = []
        for _ in range(int(rng.integers(1, 4))):
            places = list(_places(recipe))
            owner, key = places[int(rng.integers(len(places)))]
            said.append(f"{key}: {str(owner[key])[:20]!r}")
            other, name = places[int(rng.integers(len(places)))]
            choice = int(rng.integers(6))
            if choice == 0:
                del owner[key]
                continue
            value = _other(owner[key], rng) if choice > 1 else copy.deepcopy(other[name])
            owner[key] = value
            said.append(f"-> {str(value)[:40]!r}")
        _rewrite(file, json.dumps(recipe).encode())
    return ", ".join(said)


def _other(value: Any, rng: np.random.Generator) -> Any:
    word = WORDS[int(rng.integers(len(WORDS)))]
    match int(rng.integers(4)):
        case 0 if isinstance(value, str):
            at = int(rng.integers(len(value) + 1))
            return value[:at] + word + value[at:]
        case 0 | 1:
            return word
        case 2:
            return NUMBERS[int(rng.integers(len(NUMBERS)))]
        case _:
            return [[], {}, [value], {"prior": word, "args": {"mu": value}, "noncentered": None}][
                int(rng.integers(4))
            ]


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every owner and key of a value in a recipe; of long lists the first three."""
    pairs = list(value.items()) if isinstance(value, dict) else list(enumerate(value))[:3]
    for key, one in pairs:
        yield value, key
        if isinstance(one, (dict, list)):
            yield from _places(one)


def _rewrite(file: h5py.File, content: bytes) -> None:
    attributes = dict(file["hierwidgets"].attrs)
    del file["hierwidgets"]
    group = file.create_group("hierwidgets")
    for name, value in attributes.items():
        group.attrs[name] = value
    group["recipe"] = np.frombuffer(content, np.uint8)


def parts_changed(good: Path, out: Path, rng: np.random.Generator) -> str:
    """A variable or group taken away, renamed, exchanged, cut, of another type, or a link."""
    shutil.copy(good, out)
    with h5py.File(out, "r+") as file:
        names: list[str] = []
        file.visit(names.append)
        name, other = (names[int(i)] for i in rng.integers(len(names), size=2))
        kind = str(rng.choice(["gone", "renamed", "exchanged", "type", "shape", "link", "numbers", "attribute"]))  # fmt: skip
        match kind:
            case "gone":
                del file[name]
            case "renamed":
                file.move(name, f"{name}_")
            case "exchanged":
                if other not in name and name not in other:
                    file.move(name, "kept")
                    file.move(other, name)
                    file.move("kept", other)
            case "link":
                del file[name]
                links: list[Any] = [h5py.SoftLink(f"/{other}"), h5py.ExternalLink("other.nc", "/x")]
                file[name] = links[int(rng.integers(2))]
            case "attribute":
                for key in list(file[name].attrs):
                    del file[name].attrs[key]
            case _:
                _replace(file, name, kind, rng)
    return f"{kind} {name} {other}"


def _replace(file: h5py.File, name: str, kind: str, rng: np.random.Generator) -> None:
    if not isinstance(file[name], h5py.Dataset):
        return
    values = file[name][...]
    if kind == "shape":
        values = values[..., :-1] if values.ndim else np.array([values, values])
    elif kind == "type":
        values = np.array([str(v) for v in values.flat], "S").reshape(values.shape)
    elif values.dtype.kind in "fiu" and values.size:
        values = values.copy()
        values.flat[int(rng.integers(values.size))] += 1
    attributes = dict(file[name].attrs)
    scaled = file[name].is_scale
    del file[name]
    file[name] = values
    if scaled:
        file[name].make_scale()
    for key, value in attributes.items():
        if key not in {"DIMENSION_LIST", "REFERENCE_LIST", "CLASS", "NAME"}:
            file[name].attrs[key] = value


KINDS: list[Change] = [
    bytes_changed,
    recipe_changed,
    parts_changed,
]


FORBIDDEN = (
    "os.system",
    "os.remove",
    "os.rename",
    "os.mkdir",
    "subprocess.Popen",
    "socket.connect",
)
_seen: list[str] | None = None
_hooked: list[bool] = []


@contextmanager
def watched() -> Generator[list[str]]:
    """What Python does, meanwhile, of the things that no loading may do."""
    global _seen  # noqa: PLW0603
    if not _hooked:
        sys.addaudithook(_heard)
        _hooked.append(True)
    _seen = []
    try:
        yield _seen
    finally:
        _seen = None


def _heard(event: str, args: tuple[Any, ...]) -> None:
    if _seen is not None and (event in FORBIDDEN or (event == "open" and _writes(args))):
        _seen.append(f"{event} {args!r}")


def _writes(args: tuple[Any, ...]) -> bool:
    return bool(set(str(args[1] or "")) & set("wax+"))


def made(change: Change, good: Path, out: Path, rng: np.random.Generator) -> str:
    """What was changed; nothing where such a change cannot be written."""
    try:
        return change(good, out, rng)
    except (ValueError, KeyError, RuntimeError, OSError):
        return ""


def outcome(path: Path, good: hw.Fit) -> str:
    """How `hw.load` answers: "refused", "the same" or "another"; any other answer raises.

    "Another" is a file that was rewritten to say something else that is allowed.
    """
    try:
        again = hw.load(path)
    except ValueError as error:
        text = str(error)
        if not text.startswith((repr(str(path)), "The recipe in")):
            raise AssertionError(f"not a sentence of hierwidgets: {text}") from error
        return "refused"
    same = again.formula == good.formula and again.data.equals(good.data)
    if same and again.posterior.drop_attrs().identical(good.posterior.drop_attrs()):
        return "the same"
    assert set(caterpillar(again)["group"]) == set(again.effects[0].groups)
    return "another"
