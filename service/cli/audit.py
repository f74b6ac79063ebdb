"""audit verify: does the chain hold?"""

import typer

from service.cli.context import opened_store
from service.usecases.access.audit_trail import AuditTrail

app = typer.Typer(help="The audit trail.", no_args_is_help=True)

BROKEN = 1


@app.callback()
def _group() -> None:
    """The audit trail."""


@app.command("verify")
def verify() -> None:
    """Recompute the hash chain. Exits with 1 and names the first entry that does not hold."""
    with opened_store() as store:
        found = AuditTrail(store).verify()
    if found.breach:
        typer.echo(f"The audit chain is broken at entry {found.breach.seq}: {found.breach.what}.")
        raise typer.Exit(BROKEN)
    typer.echo(f"The audit chain holds: {found.head.seq} entries, head {found.head.hash[:16]}.")
