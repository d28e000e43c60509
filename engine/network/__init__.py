"""The network room: one immutable, compiled image of locations, calendars, lanes, tariffs and policies."""
