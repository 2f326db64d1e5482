"""Never ends."""

# ruff: noqa
while True:
    pass
