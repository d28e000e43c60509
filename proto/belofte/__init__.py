"""The wire contract of Belofte; versions of it stand next to each other."""
