"""Network folders: read, checked and written; and generators of sample networks."""
