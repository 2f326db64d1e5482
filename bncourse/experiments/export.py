"""Recorded rows as one flat table, for a spreadsheet or another tool. Chapter: results."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from bncourse.errors import BncourseError
from bncourse.experiments.config import RunConfig
from bncourse.experiments.store import Row

__all__ = ["FORMATS", "flat", "table"]

FORMATS = ("csv", "json")


def flat(row: Row) -> dict[str, Any]:
    """One level of names: the key, the config's fields, the results, where the row came from.

    What lies deeper gets a joined name, `versions_torch`, a result with a setting's name a prefix,
    `measured_curve`. Fields that came into RunConfig after the row was recorded have their defaults. A
    list, such as a curve, stays one.

    >>> row = {"schema": 1, "key": "0f", "config": {"seed": 2}, "versions": {"torch": "2.13"}}
    >>> (flat(row)["seed"], flat(row)["batch_size"], flat(row)["versions_torch"])
    (2, 128, '2.13')
    """
    config = row["config"]
    with suppress(BncourseError):  # a benchmark's is none of a run
        config = RunConfig.from_json(config).to_json()
    rest = {name: value for name, value in row.items() if name not in ("key", "config")}
    content = {"key": row["key"], **_level(config)}
    for name, value in _level(rest).items():
        # `curve` of a config says what is measured, `curve` of a row what was.
        content[f"measured_{name}" if name in content else name] = value
    return content


def _level(content: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    level: dict[str, Any] = {}
    for name, value in content.items():
        inner = _level(value, f"{above}{name}_") if isinstance(value, Mapping) else {f"{above}{name}": value}
        level |= inner
    return level


def table(rows: Sequence[Row], kind: str = "csv") -> str:
    """The rows as text: "csv", a head and a line a row, or "json", a list of objects.

    In CSV what is missing or None is empty, and lists are written as JSON.

    >>> print(table([{"key": "0f", "config": {"N": 2}, "ratios": [1.5]}]), end="")
    key,N,ratios
    0f,2,[1.5]
    """
    flattened = [flat(row) for row in rows]
    if kind == "json":
        return json.dumps(flattened, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    columns = list(dict.fromkeys(name for row in flattened for name in row))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_cell(row.get(name)) for name in columns] for row in flattened)
    return text.getvalue()


def _cell(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | bool) else value
