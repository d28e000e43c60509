"""Commands on a ledger, for who runs it: read, send again, check, move."""
