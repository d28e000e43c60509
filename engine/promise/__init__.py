"""Quotes: options with dates and prices. Reads only."""
