"""The checks behind tools/check_langs.py, one concern a module. For: keeping four languages one book."""

__all__: list[str] = []
