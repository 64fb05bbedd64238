"""All tables of the database, by noun; importing this package fills `metadata`."""

from importlib import import_module
from pkgutil import iter_modules

from ordersaga.persistence.tables.metadata import metadata

for module in iter_modules(__path__):
    import_module(f"{__name__}.{module.name}")

__all__ = ["metadata"]
