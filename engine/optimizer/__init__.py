"""Candidates, exact assignment, bounds and certificates: a basket and the stock of a moment in, a plan with proof out."""
