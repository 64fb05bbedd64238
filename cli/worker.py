"""`ordersaga worker`: a Temporal worker as a process."""

from cli.loading import loading


def worker() -> None:
    """Run workflows and activities (settings from the environment)."""
    with loading():
        import uvloop

        from ordersaga.gateways.observation import observe_process
        from ordersaga.settings import get_settings
        from worker.main import serve

    settings = get_settings()
    observe_process(
        "worker",
        log_level=settings.log_level,
        log_format=settings.log_format,
        metered=settings.metrics_port is not None,
    )
    uvloop.run(serve(settings))
