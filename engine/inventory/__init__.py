"""The matrix in memory, the shared store it follows, and the write path: the only way by which stock changes.

Scripts (`*.lua`) run inside the store; what one writes, only another script may assume.
"""
