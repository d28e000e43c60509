"""Words: ids, enums, baskets, plans, reasons, the clock. Imports nothing of the engine."""
