"""One order for HiGHS: its program column-wise and in one piece, solved to the last micro.

Money is in cents here, so that the coefficients stay small for floating point.
"""

import highspy
import numpy as np

from benchmarks.instances import CENT_MICROS
from benchmarks.order_program import NO_LIMIT, OrderProgram
from engine.optimizer.problem import Placement, Problem

ABSOLUTE_GAP_CENTS = 0.5 / CENT_MICROS
"""Half a micro: of two plans that differ at all, the cheaper one must be found."""


def solve_with_highs(problem: Problem, seconds_max: float) -> tuple[Placement, ...] | None:
    """The plan HiGHS proves best, on one thread; None where its time runs out first."""
    program = OrderProgram(problem)
    solver = highspy.Highs()
    for option, value in (
        ("output_flag", False), ("threads", 1), ("time_limit", seconds_max), ("mip_rel_gap", 0.0),
        ("mip_abs_gap", ABSOLUTE_GAP_CENTS),
    ):  # fmt: skip
        solver.setOptionValue(option, value)
    solver.passModel(as_highs(program))
    solver.run()
    if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return None
    return program.placements(np.round(solver.getSolution().col_value).astype(np.int64).tolist())


def as_highs(program: OrderProgram) -> highspy.HighsLp:
    """The program as HiGHS takes it."""
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = len(program.micros), len(program.row_lower)
    lp.col_cost_ = np.array(program.micros) / CENT_MICROS
    lp.col_lower_, lp.col_upper_ = np.zeros(lp.num_col_), np.array(program.upper, float)
    lp.row_lower_ = np.array([-highspy.kHighsInf if lower == -NO_LIMIT else lower for lower in program.row_lower], float)
    lp.row_upper_ = np.array(program.row_upper, float)
    lp.integrality_ = [highspy.HighsVarType.kInteger] * lp.num_col_
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_ = np.concatenate(([0], np.cumsum([len(terms) for terms in program.terms])))
    lp.a_matrix_.index_ = np.array([row for terms in program.terms for row, _ in terms])
    lp.a_matrix_.value_ = np.array([value for terms in program.terms for _, value in terms], float)
    return lp
