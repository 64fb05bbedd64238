"""`ordersaga bench`: the measurements of the source tree, which are no part of the installed package."""

import runpy
import sys
from importlib.util import find_spec

import typer


def bench(context: typer.Context) -> None:
    """Measure what an order costs, each figure beside its floor."""
    if find_spec("bench") is None:
        raise SystemExit("the benchmarks are not here: run this in the source tree")
    sys.argv = ["ordersaga bench", *context.args]
    runpy.run_module("bench", run_name="__main__", alter_sys=True)
