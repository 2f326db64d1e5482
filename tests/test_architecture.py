"""The rules of the house (see CONTRIBUTING.md), kept by reading the code."""

import ast
import doctest
import importlib
import inspect
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "bncourse"
MODULES = sorted(PACKAGE.rglob("*.py"))
TOOLS = sorted([*(ROOT / "tools").rglob("*.py"), *(ROOT / "book" / "_ext").rglob("*.py")])

# Imports point down only. A name stands for a module or for a whole subpackage.
LAYER = {
    "errors": 0,
    "conventions": 0,
    "language": 0,
    "reference": 1,
    "data": 1,
    "gradients": 2,
    "mistakes": 2,
    "graph": 2,
    "layers": 3,
    "models": 4,
    "probe": 4,
    "experiments": 5,
    "plots": 6,
    "exercises": 6,
    "check": 7,
    "__init__": 7,
    "__main__": 7,
}


def name_of(path):
    return str(path.relative_to(ROOT))


def place(path):
    """The layer's name a file belongs to: its subpackage, or itself."""
    parts = path.relative_to(PACKAGE).parts
    return parts[0] if len(parts) > 1 else path.stem


def imported(tree):
    """Places inside bncourse that a module imports."""
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"line {node.lineno}: imports inside bncourse are absolute"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            if name.split(".")[0] == "bncourse":
                yield name.split(".")[1] if "." in name else "__init__"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_point_down(path):
    own = LAYER[place(path)]
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for target in imported(tree):
        # `from bncourse import use_language` names a function of the top: only the top may do so
        level = LAYER.get(target, LAYER["__init__"])
        assert level <= own, f"{name_of(path)} (L{own}) imports bncourse.{target} (L{level})"


def body_lines(function):
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


@pytest.mark.parametrize("path", MODULES + TOOLS, ids=name_of)
def test_files_and_functions_can_be_read_at_a_sitting(path):
    source = path.read_text(encoding="utf-8")
    assert source.count("\n") <= 250
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert body_lines(node) <= 40, f"{node.name} is {body_lines(node)} lines"


@pytest.mark.parametrize("path", MODULES + TOOLS, ids=name_of)
def test_a_file_opens_with_what_it_is_and_has_no_vague_name(path):
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    assert docstring, "a module opens with what it is"
    assert path.stem not in {"utils", "helpers", "common", "misc"}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_names_its_chapter_and_its_public_names(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    named = re.search(r"Chapters?: ([a-z, -]+)", ast.get_docstring(tree))
    assert named, "the docstring names the chapter that teaches it"
    public = [
        node
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
    ]
    names = {
        t.id
        for node in tree.body
        if isinstance(node, ast.Assign)
        for t in node.targets
        if isinstance(t, ast.Name)
    }
    assert not public or "__all__" in names or path.stem == "__main__"


def public_functions():
    for path in MODULES:
        if path.stem.startswith("_") and path.stem != "__init__":
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        exported = next(
            (
                ast.literal_eval(node.value)
                for node in tree.body
                if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__"
            ),
            [],
        )
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name in exported:
                yield pytest.param(module, node.name, id=f"{module}.{node.name}")


@pytest.mark.parametrize(("module", "name"), list(public_functions()))
def test_every_public_function_has_a_docstring_with_an_example(module, name):
    thing = getattr(importlib.import_module(module), name)
    documented = inspect.getdoc(thing)
    assert documented
    if inspect.isclass(thing) and issubclass(thing, Exception):
        return  # shown where they are raised
    # A class may show itself in one of its methods; a command line is shown in its module.
    examples = doctest.DocTestFinder(recurse=True).find(thing, name)
    shown = any(test.examples for test in examples)
    assert shown or module.endswith("cli"), f"{module}.{name} has no example that doctest runs"


def test_importing_the_package_loads_numpy_and_nothing_heavier():
    heavy = "torch", "matplotlib", "scipy", "IPython", "beartype", "pandas", "tqdm", "filelock"
    code = f"import bncourse, sys; print([m for m in {heavy!r} if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_importing_the_package_is_quick():
    code = "import time, numpy; t = time.perf_counter(); import bncourse; print(time.perf_counter() - t)"
    runs = [
        float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
        for _ in range(3)
    ]
    assert min(runs) < 0.2  # beyond NumPy; 0.1 on a quiet machine


def test_versions_agree():
    import bncourse

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert project["version"] == bncourse.__version__
    assert f"version: {bncourse.__version__}" in citation
    assert f"## {bncourse.__version__}" in changelog


def test_requirements_are_exact_and_cover_what_pyproject_asks_for():
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.]+", pin) for pin in pins)
    pinned = {re.split("==", pin)[0].lower().replace("_", "-") for pin in pins}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = (
        project["dependencies"] + extras["torch"] + extras["matplotlib"] + extras["book"] + extras["test"]
    )
    names = {re.match(r"[A-Za-z0-9._-]+", want)[0].lower().replace("_", "-") for want in wanted} - {
        "bncourse"
    }
    assert names <= pinned


def test_the_changelog_says_what_kind_of_change_each_is():
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    entries = [line for line in changelog.splitlines() if line.startswith("- ")]
    assert entries
    assert all(re.match(r"- (book|code|translation): ", entry) for entry in entries)
