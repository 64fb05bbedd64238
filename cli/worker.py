"""`ordersaga worker`: a Temporal worker as a process."""


def worker() -> None:
    """Run workflows and activities (settings from the environment)."""
    import uvloop

    from ordersaga.gateways.logging import configure_logging
    from ordersaga.settings import get_settings
    from worker.main import serve

    settings = get_settings()
    configure_logging(settings.log_level, settings.log_format)
    uvloop.run(serve(settings))
