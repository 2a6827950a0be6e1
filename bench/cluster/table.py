"""One table of all figures, each with its unit."""


class Table:
    """Rows are printed as they come."""

    def __init__(self) -> None:
        """Print the head."""
        print(f"{'figure':<12}{'of':<46}{'value':>14}  unit", flush=True)

    def row(self, figure: str, of: str, value: float, unit: str) -> None:
        """Print one."""
        shown = f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.2f}"
        print(f"{figure:<12}{of:<46}{shown:>14}  {unit}", flush=True)
