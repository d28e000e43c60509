"""The door: fronts, the desk, handlers, wire errors, settings and processes. Nothing is decided here."""
