"""Arithmetic: arrays in, arrays out, compiled by Numba. No strings, no input or output, no clocks."""
