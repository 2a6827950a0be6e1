"""Cells of `ll32-v1` and the grid points of the statistics.

In: a timer's value in micro-units (microseconds; millionths for CLS). Out: its cell, or the grid
points at or above it.
"""

ZERO_CELL = -1
OVERFLOW_CELL = 544

MILLISECOND_POINTS = (
    50, 100, 150, 200, 300, 400, 600, 800, 1200, 1600, 2400, 3200, 4800, 6400, 9600, 12800,
)  # fmt: skip
CLS_MILLIONTHS = (
    6_250, 9_375, 12_500, 18_750, 25_000, 37_500, 50_000, 75_000,
    100_000, 150_000, 200_000, 300_000, 400_000, 600_000, 800_000, 1_200_000,
)  # fmt: skip


def lower_ticks(cell: int) -> int:
    """The lower edge of a cell, in ticks of 100/2048 ms (the edge itself is not in the cell)."""
    if cell < 64:
        return cell
    return ((cell & 31) | 32) << ((cell >> 5) - 1)


def cell_of(micro: int) -> int:
    """The cell (lower, upper] that holds a value: found by looking at the edges, one by one."""
    if micro <= 0:
        return ZERO_CELL
    for cell in range(OVERFLOW_CELL):
        if micro * 2048 <= lower_ticks(cell + 1) * 100_000:
            return cell
    return OVERFLOW_CELL


def grid_points(timer: str) -> tuple[int, ...]:
    """The 16 grid points of a timer in micro-units."""
    if timer == "cls":
        return CLS_MILLIONTHS
    return tuple(point * 1000 for point in MILLISECOND_POINTS)
