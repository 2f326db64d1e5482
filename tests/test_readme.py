"""The README is true: its tree, its table of chapters, its code and its commands."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
TRANSLATED = sorted(ROOT.glob("README.*.md"))


def blocks(language):
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", README, flags=re.M | re.S)
    return [text for name, text in fenced if name == language]


def tree():
    """Paths of the tree, each with the folder it is indented under."""
    (block,) = blocks("")
    folder = ""
    for line in block.splitlines():
        names = re.match(r"( *)((?:[\w.]+/? )+) ", line)
        assert names, f"a line of the tree starts with a name: {line!r}"
        assert line[names.end() :].strip(), f"a line of the tree says what it is: {line!r}"
        indented = bool(names[1])
        for name in names[2].split():
            yield (folder if indented else "") + name
        if not indented:
            folder = names[2].split()[0]


def test_everything_in_the_tree_exists():
    for path in tree():
        assert (ROOT / path).exists(), path
        assert path.endswith("/") == (ROOT / path).is_dir(), path


def test_everything_at_the_top_and_in_the_package_is_in_the_tree():
    listed = {path.rstrip("/") for path in tree()}
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True).stdout.split("\n")
    if tracked == [""]:
        pytest.skip("not a git checkout")
    top = {path.split("/")[0] for path in tracked if path and not path.startswith(".")}
    top -= {path.name for path in TRANSLATED} | {"LICENSE-CODE", "LICENSE-TEXT"}  # named in their line
    assert top <= listed
    for folder in ("bncourse", "book"):
        inside = {"/".join(path.split("/")[:2]) for path in tracked if path.startswith(f"{folder}/")}
        inside -= {"bncourse/__init__.py", "bncourse/__main__.py"}
        assert inside <= listed


def test_the_table_of_chapters_is_that_of_the_book():
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    expected = [("", toc["root"])]
    expected += [(part["caption"], chapter["file"]) for part in toc["parts"] for chapter in part["chapters"]]
    rows = re.findall(r"^\| ([^|]*?) ?\| \[([^\]]+)\]\(([^)]+)\) \| [^|]+ \|$", README, flags=re.M)
    assert [(part.strip(), link.removesuffix(".ipynb")) for part, _, link in rows] == expected
    assert all(link.endswith(f"/{name}.ipynb") for _, name, link in rows)


def test_the_python_code_runs():
    code = blocks("python")
    assert code
    for block in code:
        exec(compile(block, "README.md", "exec"), {})


def test_every_command_exists():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    from bncourse.__main__ import COMMANDS

    shell = "\n".join(blocks("bash"))
    for target in re.findall(r"^make (\w+)", shell, flags=re.M):
        assert re.search(rf"^{target}:", makefile, flags=re.M), target
    for command in re.findall(r"python -m bncourse (\w+)", shell):
        assert command in COMMANDS


@pytest.mark.parametrize(
    "path", [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *TRANSLATED], ids=lambda p: p.name
)
def test_links_and_pictures_lead_somewhere(path):
    for link in re.findall(r"\]\(([^)#]+)\)", path.read_text(encoding="utf-8")):
        assert link.startswith("https://") or (path.parent / link).exists(), link


def test_the_short_versions_name_the_same_two_commands():
    assert {path.name for path in TRANSLATED} == {"README.ja.md", "README.zh.md", "README.ko.md"}
    for path in TRANSLATED:
        text = path.read_text(encoding="utf-8")
        assert "make book" in text
        assert "make test" in text
