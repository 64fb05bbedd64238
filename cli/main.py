"""The `ordersaga` command: one file per subcommand, listed here in the order in which `--help` shows them."""

import sys

import typer
from pydantic import ValidationError

from cli.api import api
from cli.bench import bench
from cli.chaos import chaos
from cli.demo import demo
from cli.diagram import diagram
from cli.doctor import doctor
from cli.ending import end
from cli.migrate import migrate
from cli.reconcile import reconcile
from cli.refusal import explain
from cli.replay_orders import replay_orders
from cli.replay_outbox import replay_outbox
from cli.seed import seed
from cli.simulate import simulate
from cli.token import token
from cli.up import up
from cli.verify_audit import verify_audit
from cli.worker import worker

app = typer.Typer(
    name="ordersaga",
    help="The order system of an online shop, as durable Temporal workflows.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)

app.command()(up)
app.command()(demo)
app.command()(api)
app.command()(worker)
app.command()(migrate)
app.command()(seed)
app.command()(token)
app.command()(replay_orders)
app.command()(replay_outbox)
app.command()(simulate)
app.command()(verify_audit)
app.command()(reconcile)
app.command()(diagram)
app.command()(doctor)
app.command()(chaos)
# Its arguments are the benchmarks' own, `--help` too.
_PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True}
app.command(context_settings=_PASSED_ON, add_help_option=False)(bench)


def main() -> None:
    """The console script: the command, ended as a process that may have talked to Temporal must end."""
    try:
        app(prog_name="ordersaga")
    except SystemExit as stop:
        if isinstance(stop.code, str):
            print(stop.code, file=sys.stderr)
        end(stop.code if isinstance(stop.code, int) else int(stop.code is not None))
    except ValidationError as refused:
        print(explain(refused), file=sys.stderr)
        end(1)
    end(0)
