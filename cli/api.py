"""`ordersaga api`: the HTTP API as a process."""


def api() -> None:
    """Serve the HTTP API (settings from the environment)."""
    import uvicorn

    from api.app import create_app
    from ordersaga.gateways.logging import configure_logging
    from ordersaga.settings import get_settings

    settings = get_settings()
    configure_logging(settings.log_level, settings.log_format)
    uvicorn.run(
        create_app(settings),
        host=settings.api_host,
        port=settings.api_port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=5,
        server_header=False,
    )
