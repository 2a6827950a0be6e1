"""`bellrock dynamodb`: the tables that workers on many machines share."""

from cyclopts import App
from rich.console import Console

from bellrock.errors import ConfigurationError

dynamodb_app = App(name="dynamodb", help="The tables of DynamoDB.")

_OUT = Console(highlight=False, markup=False, soft_wrap=True)


@dynamodb_app.command
def create(
    *,
    claims: str | None = None,
    marks: str | None = None,
    progress: str | None = None,
    endpoint: str | None = None,
) -> None:
    """Make the tables that are named, paid by request; one that is there already stays as it is.

    Region and credentials come from where AWS's own tools find them.

    Parameters
    ----------
    claims
        Name of the table of who owns which order.
    marks
        Name of the table of user agents that behave like bots.
    progress
        Name of the table of how far evidence is judged; jobs of Flink may share one.
    endpoint
        URL of another DynamoDB than the region's.

    """
    named = {"claims": claims, "marks": marks, "progress": progress}
    if not any(named.values()):
        raise ConfigurationError(
            "dynamodb create", "no table is named", "Give --claims, --marks or --progress."
        )
    try:
        from bellrock.dynamodb.client import connect
    except ImportError as error:
        mend = "Install it: pip install 'bellrock[aws]'."
        raise ConfigurationError("dynamodb create", "needs the package boto3", mend) from error
    from bellrock.claims.dynamodb import create_claims_table
    from bellrock.marks.dynamodb import create_marks_table
    from bellrock.runners.flink.horizon import create_progress_table

    makers = (create_claims_table, create_marks_table, create_progress_table)
    client = connect(endpoint=endpoint)
    for (what, name), make in zip(named.items(), makers, strict=True):
        if name:
            make(client, name)
            _OUT.print(f"The table {name} of {what} is there.")
