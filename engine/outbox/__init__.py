"""Events out: what the ledger records, told to other systems as webhooks. It runs apart, and only reads what orders do."""
