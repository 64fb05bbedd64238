"""What a person reads when settings or a catalogue file are refused: each field, the rule, and no traceback."""

from pydantic import ValidationError

from ordersaga.settings import Settings


def explain(refused: ValidationError) -> str:
    """One line per fault. A setting is named as its environment variable; what was given is not repeated."""
    lines = [f"{refused.title}: not acceptable"]
    for fault in refused.errors(include_input=False, include_url=False, include_context=False):
        place = [str(part) for part in fault["loc"]]
        if refused.title == Settings.__name__ and place:
            name = Settings.model_config["env_prefix"] + "__".join(place).upper()
        else:
            name = ".".join(place) or "as a whole"
        lines.append(f"  {name}: {fault['msg']}")
    return "\n".join(lines)
