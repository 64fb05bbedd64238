"""Statements on a short way to the driver.

SQLAlchemy builds and compiles statements, begins and ends transactions, and makes of an error what it always makes of
it. What it puts around every single execution besides, a greenlet, a context and a cursor's result, costs as much as
the driver itself, and none of it is used here. The price are names of SQLAlchemy's own, which a test holds on to.
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast
from weakref import WeakKeyDictionary

from sqlalchemy import CompoundSelect, Connection, CursorResult, Delete, Executable, Insert, Select, TextClause, Update
from sqlalchemy.engine.result import IteratorResult, SimpleResultMetaData
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.compiler import WARN_LINTING, SQLCompiler
from sqlalchemy.sql.selectable import TextualSelect

_PLAIN = (Select, CompoundSelect, Insert, Update, Delete, TextClause, TextualSelect)


class Answer(IteratorResult[Any]):
    """What a statement answered: rows as ever, and how many it is about."""

    def __init__(self, columns: SimpleResultMetaData, cursor: Any) -> None:
        super().__init__(columns, iter(cursor._rows))
        self.rowcount: int = cursor.rowcount


class DirectConnection(AsyncConnection):
    """Executes one plain statement at a time by the driver; whatever is out of the ordinary, as SQLAlchemy does.

    Out of the ordinary are many parameters at once, options, lists of parameters in the text, defaults made in Python,
    savepoints, and listeners, which hear of every statement.
    """

    async def execute(
        self, statement: Executable, parameters: Any = None, *, execution_options: Any = None
    ) -> CursorResult[Any]:
        connection = self.sync_connection
        if execution_options or connection is None or not _is_plain(connection, statement, parameters):
            return await super().execute(statement, parameters, execution_options=execution_options)
        compiled, values = _compiled(connection, statement, parameters or {})
        if _is_made_anew(compiled):
            return await super().execute(statement, parameters)
        if connection._transaction is None:
            connection._autobegin()
        answered: Any = await self._ask(connection, compiled, _as_sent(compiled, values))
        return cast(CursorResult[Any], answered)

    async def _ask(self, connection: Connection, compiled: SQLCompiler, values: Sequence[Any]) -> Answer:
        dialect: Any = connection.dialect
        cursor: Any = connection.connection.cursor()
        cursor._invalidate_schema_cache_asof = dialect._invalidate_schema_cache_asof
        try:
            await cursor._prepare_and_execute(compiled.string, values)
        except BaseException as error:
            await self.run_sync(_raise, error, compiled.string, values, cursor)
        return Answer(_columns(compiled, dialect, cursor.description or ()), cursor)


def _is_plain(connection: Connection, statement: Executable, parameters: Any) -> bool:
    return (
        isinstance(statement, _PLAIN)
        and not statement._execution_options
        and (parameters is None or isinstance(parameters, dict))
        and not (connection.closed or connection.invalidated or connection.in_nested_transaction())
        and not connection.dispatch.before_cursor_execute
    )


def _compiled(
    connection: Connection, statement: Any, parameters: Mapping[str, Any]
) -> tuple[SQLCompiler, Mapping[str, Any]]:
    """A statement from the engine's cache, and the value of each of its parameters."""
    compiled, extracted, collected, _ = statement._compile_w_cache(
        connection.dialect,
        compiled_cache=connection.engine._compiled_cache,
        column_keys=sorted(parameters),
        linting=connection.dialect.compiler_linting | WARN_LINTING,
    )
    return compiled, compiled.construct_params(
        parameters, extracted_parameters=extracted, escape_names=False, _collected_params=collected
    )


def _is_made_anew(compiled: SQLCompiler) -> bool:
    """Whether the text, or some of the values, are made for each execution."""
    return bool(
        compiled.post_compile_params
        or compiled.literal_execute_params
        or compiled.insert_prefetch
        or compiled.update_prefetch
    )


def _as_sent(compiled: SQLCompiler, values: Mapping[str, Any]) -> tuple[Any, ...]:
    processors: Mapping[str, Any] = compiled._bind_processors
    return tuple(
        processors[name](values[name]) if name in processors else values[name] for name in compiled.positiontup or ()
    )


def _raise(connection: Connection, error: BaseException, statement: str, values: Sequence[Any], cursor: Any) -> None:
    """The error as SQLAlchemy raises it; a connection that is lost, or was left in the middle, is given up."""
    context: Any = connection.dialect.execution_ctx_cls()
    context.dialect = connection.dialect
    try:
        raise error
    except BaseException as raised:
        connection._handle_dbapi_exception(raised, statement, values, cursor, context)


_known: WeakKeyDictionary[SQLCompiler, SimpleResultMetaData] = WeakKeyDictionary()


def _columns(compiled: SQLCompiler, dialect: Any, description: Sequence[Any]) -> SimpleResultMetaData:
    """The names of an answer's columns, and how values of their types are read."""
    found = _known.get(compiled)
    if found is None:
        wanted: Sequence[Any] = compiled._result_columns
        if not (compiled._ordered_columns and len(wanted) == len(description)):
            by_name = {column.keyname: column for column in wanted}
            wanted = [by_name.get(name) for name, *_ in description]
        pairs = list(zip(wanted, description, strict=True))
        readers = [column and column.type._cached_result_processor(dialect, told[1]) for column, told in pairs]
        names = [column.keyname if column else told[0] for column, told in pairs]
        found = _known[compiled] = SimpleResultMetaData(names, _processors=readers if any(readers) else None)
    return found
