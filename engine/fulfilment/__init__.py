"""Orders after they are sourced: their record, and what each change makes of it."""
