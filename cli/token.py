"""`ordersaga token`: a development token, one line on standard output."""

import os
from typing import Annotated, NoReturn

import typer

from api.authentication import Role, development_token
from cli.connection import DataDirOption
from devstack.errors import StackError
from devstack.folder import DataFolder, chosen_data_dir
from devstack.secrets import load_secrets


def token(
    role: Annotated[Role, typer.Option(help="What the bearer acts as.")],
    sub: Annotated[str, typer.Option(help="Who the bearer is: a buyer's name, an operator's …")],
    merchant_id: Annotated[str | None, typer.Option(help="The merchant that a merchant's token is bound to.")] = None,
    warehouse_id: Annotated[
        str | None, typer.Option(help="The warehouse that a warehouse's token is bound to.")
    ] = None,
    data_dir: DataDirOption = None,
) -> None:
    """Print a development token (JWT) for `Authorization: Bearer …`, signed with the stack's own key.

    The key is ORDERSAGA_AUTH__DEVELOPMENT_SECRET, or the data folder's. Production knows no such key.
    """
    if os.environ.get("ORDERSAGA_ENVIRONMENT") == "production":
        _refuse("production takes tokens of your identity provider only; development tokens do not work there")
    secret = os.environ.get("ORDERSAGA_AUTH__DEVELOPMENT_SECRET")
    if not secret:
        folder = DataFolder(chosen_data_dir(data_dir))
        try:
            secret = load_secrets(folder.secrets).development_secret
        except FileNotFoundError:
            _refuse(f"{folder.root} holds no keys: start a stack there with `ordersaga up`, or name its --data-dir")
        except StackError as error:
            _refuse(str(error))
    typer.echo(
        development_token(secret, role=role.value, subject=sub, merchant_id=merchant_id, warehouse_id=warehouse_id)
    )


def _refuse(why: str) -> NoReturn:
    typer.secho(why, fg="red", err=True)
    raise typer.Exit(2)
