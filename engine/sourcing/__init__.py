"""Orders: from request to a plan that is taken. `source.py` is the first file to read."""
