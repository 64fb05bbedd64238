"""`ordersaga api`: the HTTP API as a process."""

from typing import TYPE_CHECKING

from cli.loading import loading

if TYPE_CHECKING:
    from api.serving import Server


def api() -> None:
    """Serve the HTTP API (settings from the environment)."""
    with loading():
        from api.serving import STARTUP_FAILED

        server = _server()
    server.run()
    if not server.started:
        raise SystemExit(STARTUP_FAILED)


def _server() -> "Server":
    import uvicorn

    from api.app import create_app
    from api.hardening.server import uvicorn_options
    from api.serving import Server
    from ordersaga.gateways.observation import observe_process
    from ordersaga.settings import get_settings

    settings = get_settings()
    observe_process(
        "api",
        log_level=settings.log_level,
        log_format=settings.log_format,
        metered=settings.metrics_port is not None,
    )
    app = create_app(settings)
    config = uvicorn.Config(
        app,
        host=settings.api_host,
        port=settings.api_port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=5,
        server_header=False,
        **uvicorn_options(settings.http),
    )
    return Server(config, app.state.scraping, drain_seconds=settings.api_drain_seconds)
