"""Belofte's engine. Rooms depend downwards only: service, then promise, sourcing and ledger, optimizer, network and
inventory, kernels, domain. Start reading at `sourcing/source.py`.
"""
