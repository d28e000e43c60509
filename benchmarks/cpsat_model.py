"""One order for CP-SAT: the same program as for HiGHS, solved to the last micro in a process of its own.

OR-Tools and HiGHS cannot be imported in one process, so orders come in pickled and their times and plans go out as JSON.
"""

import json
import pickle
import sys
import time

from ortools.sat.python import cp_model

from benchmarks.order_program import OrderProgram
from engine.optimizer.problem import Placement, Problem


def solve_with_cpsat(problem: Problem, seconds_max: float) -> tuple[Placement, ...] | None:
    """The plan CP-SAT proves best, on one thread; None where its time runs out first."""
    program = OrderProgram(problem)
    model = cp_model.CpModel()
    variables = [model.new_int_var(0, upper, "") for upper in program.upper]
    rows: list[list[tuple[cp_model.IntVar, int]]] = [[] for _ in program.row_lower]
    for variable, terms in zip(variables, program.terms, strict=True):
        for row, value in terms:
            rows[row].append((variable, value))
    for terms, lower, upper in zip(rows, program.row_lower, program.row_upper, strict=True):
        held, values = [variable for variable, _ in terms], [value for _, value in terms]
        model.add_linear_constraint(cp_model.LinearExpr.weighted_sum(held, values), lower, upper)
    model.minimize(cp_model.LinearExpr.weighted_sum(variables, program.micros))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.max_time_in_seconds = seconds_max
    if solver.solve(model) != cp_model.OPTIMAL:
        return None
    return program.placements([solver.value(variable) for variable in variables])


def main() -> None:
    """Orders and the time limit from standard input; a list of (processor seconds, placements or null) to standard output."""
    problems, seconds_max = pickle.load(sys.stdin.buffer)  # our own parent wrote it
    answers = []
    for problem in problems:
        begin = time.process_time()
        placements = solve_with_cpsat(problem, seconds_max)
        answers.append((time.process_time() - begin, placements))
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
