"""Many open orders at once: one optimum over all of them, with a bound."""
