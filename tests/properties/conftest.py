"""How thoroughly properties are searched: in seconds by default, for minutes with `HYPOTHESIS_PROFILE=thorough`."""

import os

from hypothesis import settings

settings.register_profile("fast", deadline=None, max_examples=60, stateful_step_count=30, database=None)
settings.register_profile("thorough", deadline=None, max_examples=3_000, stateful_step_count=80)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fast"))
