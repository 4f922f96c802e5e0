"""The stand-in for WeChat's servers as a process of the demo."""

from __future__ import annotations

import logging

from runtime import logs
from runtime.places import prepared
from runtime.settings import Settings

log = logging.getLogger(__name__)

# Taps on "allow" that every demo phone has made beforehand, per template.
GRANTS = 1000


def serve(loaded: Settings, port: int) -> None:
    """Serve WeChat's paths on a loopback port until the process ends; keeps its state in DATA."""
    from village.catalog.files import read
    from wechat.sandbox import create_sandbox
    from wechat.sandbox import serve as serve_app

    logs.configure("sandbox", loaded.log_level)
    templates = {row["template_id"] for row in read("wechat_templates")}
    app = create_sandbox(
        loaded.wechat_appid,
        loaded.wechat_secret,
        templates=templates,
        auto_grant=GRANTS,
        state_file=prepared(loaded.data_dir) / "sandbox.jsonl",
    )
    log.info("sandbox started", extra={"port": port})
    serve_app("127.0.0.1", port, app)
