"""tools/serve_book.py: says what is missing."""

from __future__ import annotations

from pathlib import Path

import pytest
import serve_book


def test_an_unbuilt_site_is_not_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(serve_book, "SITE", tmp_path)
    assert serve_book.main() == 1
    assert "try `make book`" in capsys.readouterr().err
