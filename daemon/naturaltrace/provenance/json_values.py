"""Parsed JSON of unknown shape: what is not of the wanted type reads as empty."""

from typing import Any, cast

Table = dict[str, Any]


def table(of: Table, key: str) -> Table:
    """The object at `key`, or an empty one."""
    value = of.get(key)
    return cast(Table, value) if isinstance(value, dict) else {}


def tables(of: Table, key: str) -> list[Table]:
    """The objects in the array at `key`."""
    value = of.get(key)
    if not isinstance(value, list):
        return []
    return [cast(Table, item) for item in cast(list[object], value) if isinstance(item, dict)]


def text(of: Table, key: str) -> str:
    """The string at `key`, or an empty one."""
    value = of.get(key)
    return value if isinstance(value, str) else ""
