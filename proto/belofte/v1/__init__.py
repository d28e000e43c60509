"""Version 1 of the contract: generated messages and services, made by `proto/generate.py`."""
