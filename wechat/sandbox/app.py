"""The stand-in as a Flask app, and ways to run it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from flask import Flask, Response, g, jsonify, request
from werkzeug.exceptions import HTTPException
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from wechat.sandbox.control import PREFIX, control_paths
from wechat.sandbox.credentials import Clock, Codes, Tokens
from wechat.sandbox.faults import Fault, Faults, Refusal
from wechat.sandbox.phones import Phones
from wechat.sandbox.platform import Platform, refuse, wechat_paths

MOST_BYTES = 1024 * 1024


def create_sandbox(
    appid: str,
    secret: str,
    *,
    templates: Mapping[str, Iterable[str]] | Iterable[str] | None = None,
    auto_grant: int = 0,
    state_file: Path | None = None,
    token_seconds: int = 7200,
    clock: Clock = time.time,
) -> Flask:
    """The stand-in for one account; its state is here, so run one process, with threads.

    `templates`: the known template ids, or a mapping of each to its keys; None takes any id.
    `auto_grant`: messages each openid may get per template before it must tap "allow".
    `state_file`: JSON lines by which grants and messages survive a restart.
    `token_seconds`: life of an access token (WeChat: up to 7200). `clock`: wall time in seconds.
    """
    platform = Platform(
        appid=appid,
        secret=secret,
        templates=templates
        if templates is None or isinstance(templates, Mapping)
        else set(templates),
        clock=clock,
        codes=Codes(clock),
        tokens=Tokens(clock, token_seconds),
        phones=Phones(clock, auto_grant, state_file),
        faults=Faults(),
    )
    app = Flask("wechat.sandbox", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MOST_BYTES
    app.register_blueprint(wechat_paths(platform))
    app.register_blueprint(control_paths(platform))
    _answer_errors(app)
    _play_faults(app, platform)
    return app


def bind(host: str, port: int, app: Flask) -> BaseWSGIServer:
    """A threaded server for `app`, not yet serving; port 0 picks a free one (`server.port`)."""
    return make_server(host, port, app, threaded=True, request_handler=_QuietHandler)


def serve(host: str, port: int, app: Flask) -> None:
    """Serves `app` until the process is told to stop."""
    bind(host, port, app).serve_forever()


@contextmanager
def running(app: Flask) -> Iterator[str]:
    """Serves a stand-in from a thread on a free loopback port; yields its base URL."""
    server = bind("127.0.0.1", 0, app)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()


class _QuietHandler(WSGIRequestHandler):
    """Keeps request lines out of the log: their queries carry tokens, secrets and openids."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Says nothing."""


def _answer_errors(app: Flask) -> None:
    @app.errorhandler(Refusal)
    def refused(refusal: Refusal) -> Response:
        return refuse(refusal.errcode, refusal.errmsg)

    @app.errorhandler(HTTPException)
    def failed(error: HTTPException) -> Response:
        if request.path.startswith(PREFIX):
            answer = jsonify(error=error.description)
            answer.status_code = error.code or 400
            return answer
        if error.code == 413:
            return refuse(45002, "content size out of limit")
        return refuse(40066, "invalid url")


def _play_faults(app: Flask, platform: Platform) -> None:
    @app.before_request
    def fail_instead() -> Response | None:
        if request.path.startswith(PREFIX):
            return None
        g.fault = platform.faults.next(request.path)
        if g.fault.errcode is not None:
            return refuse(g.fault.errcode, "fault played on demand")
        if g.fault.status is not None:
            return Response(status=g.fault.status)
        return None

    @app.after_request
    def fail_afterwards(response: Response) -> Response:
        fault: Fault = g.get("fault") or Fault()
        time.sleep(fault.delay_ms / 1000)
        return _drop() if fault.drop else response

    @app.teardown_request
    def end_send(_error: BaseException | None) -> None:
        if "sending_to" in g:
            platform.phones.end_send(g.sending_to)


def _drop() -> Response:
    """Cuts the connection under the answer; where the server does not lend its socket, a 502."""
    connection = request.environ.get("werkzeug.socket")
    if isinstance(connection, socket.socket):
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
    return Response(status=502)
