"""What folding a minute changed: rows as they were and as they are, side by side."""

from typing import NamedTuple

from bellrock.operators.keys import Keys
from bellrock.rows import Rows


class Change(NamedTuple):
    """Rows with their keys, ascending; `old` is all zeros where `new` was not there before."""

    keys: Keys
    old: Rows
    new: Rows
