"""Commands of webhooks: how far each subscriber has come, and what was given up."""

from typing import Annotated

import typer
from rich.table import Table

from engine.tools.terminal import EXIT_REFUSED, DataOption, JsonOption, fail, out, print_json, settings_of

webhook_commands = typer.Typer()


@webhook_commands.command(epilog="Example: python server.py webhooks --data-dir data")
def webhooks(data_dir: DataOption = None, json: JsonOption = False) -> None:
    """Show how far each subscriber has been told of events. Exit code 1 when an event of any of them was given up."""
    from engine.ledger.post import standings
    from engine.tools.open_ledger import ledger_of, reader_of

    settings = settings_of(data_dir=data_dir)
    with ledger_of(settings) as database, database.connect() as connection:
        found = standings(connection)
        ledger = reader_of(settings, database)
        last = ledger.last_position()
        ledger.close()
    if json:
        print_json({"position": last, "subscribers": [each._asdict() for each in found]})
    else:
        table = Table("subscriber", "has come to", "waiting", "given up", title=f"Ledger at {last}", title_justify="left")
        for each in found:
            table.add_row(each.name, each.position, f"{each.waiting:,}", f"{each.dead:,}")
        out.print(table)
    raise typer.Exit(EXIT_REFUSED if any(each.dead for each in found) else 0)


@webhook_commands.command(epilog="Example: python server.py dead-letters erp --json")
def dead_letters(
    subscriber: Annotated[str, typer.Argument(help="Whose; without it, of all.")] = "",
    data_dir: DataOption = None, json: JsonOption = False,
) -> None:  # fmt: skip
    """List events that were given up, with what became of the last attempt."""
    from engine.ledger.post import LetterState, find_letters
    from engine.ledger.tables import letters
    from engine.tools.open_ledger import ledger_of

    with ledger_of(settings_of(data_dir=data_dir)) as database, database.connect() as connection:
        wanted = [letters.c.state == LetterState.DEAD, *([letters.c.subscriber == subscriber] if subscriber else [])]
        found = find_letters(connection, *wanted)
    if json:
        print_json([
            {"subscriber": each.key.subscriber, "position": each.key.position, "event_id": each.key.event_id,
             "attempts": each.attempts, "status": each.status, "why": each.why}
            for each in found
        ])  # fmt: skip
        return
    table = Table("subscriber", "position", "event", "attempts", "last attempt")
    for each in found:
        table.add_row(each.key.subscriber, each.key.position, each.key.event_id, str(each.attempts), each.why)
    out.print(table if found else "No event was given up.")


@webhook_commands.command(epilog="Example: python server.py resend erp")
def resend(
    subscriber: str,
    event_ids: Annotated[list[str] | None, typer.Argument(help="Which; without any, all of the subscriber.")] = None,
    data_dir: DataOption = None,
) -> None:  # fmt: skip
    """Have events delivered after all that were given up. Exit code 1 when there are none such."""
    from engine.ledger.database import write_to
    from engine.ledger.post import resend_letters
    from engine.tools.open_ledger import ledger_of

    with ledger_of(settings_of(data_dir=data_dir)) as database, write_to(database) as connection:
        count = resend_letters(connection, subscriber, event_ids or ())
    if not count:
        fail(f"no such event was given up for {subscriber}: see `server.py dead-letters`", EXIT_REFUSED)
    out.print(f"{count:,} events will be delivered again, by the server that runs or by the next one.", highlight=False)
