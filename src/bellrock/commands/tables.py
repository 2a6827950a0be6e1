"""Tables as commands print them."""

import sys

from rich.console import Console
from rich.table import Table

_UNFOLDED = 1 << 16  # columns


def table(*columns: str) -> Table:
    """An empty table."""
    made = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        made.add_column(column)
    return made


def show(rows: Table) -> None:
    """Print a table."""
    # Text as it is; whole where a program reads it, folded to the width where a person does.
    width = None if sys.stdout.isatty() else _UNFOLDED
    console = Console(markup=False, emoji=False, highlight=False, width=width)
    console.print(rows if rows.row_count else "(none)")
