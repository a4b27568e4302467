"""A simulated B2B company whose causal truth is known, written as the tables of the input contract."""

from experiments.company.folder import write_company
from experiments.company.simulation import Company, simulate
from experiments.company.worlds import WORLDS

__all__ = ["WORLDS", "Company", "simulate", "write_company"]
