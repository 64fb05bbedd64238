"""The advisory locks of the project, in one place so that no two are the same."""

from enum import IntEnum, unique


@unique
class AdvisoryLock(IntEnum):
    """Who holds one does something alone, of however many processes."""

    MIGRATION = 7_201_933_114
    RELAY = 7_201_933_115
    CHECKPOINT = 7_201_933_116
    CODES = 7_201_933_120
