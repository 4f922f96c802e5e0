"""How every endpoint is built: who may, once, parsed, in one transaction, answered.

`Door.open` is the one way to declare an endpoint. The order of a call: token, key, arguments,
use case; the session is committed when the answer is ready, and a keyed call's answer is
stored with the change.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

import marshmallow as ma
import orjson
from flask import Request, Response, current_app, g, request
from flask_smorest import Blueprint
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import (
    BadRequest,
    HTTPException,
    RequestEntityTooLarge,
    UnsupportedMediaType,
)

from service.context import AppContext, context
from service.openapi import VERSION, Facts, document
from service.problems import body_of, respond
from village import idempotency, people
from village.access import Actor
from village.db import transaction
from village.errors import Forbidden, Invalid, LostRace, WuzhanError
from village.files import MOST_BYTES
from village.idempotency import Answer
from village.matrix import MATRIX
from village.relations import LOOPBACK, PUBLIC

View = Callable[..., Any]
NOBODY = Actor(person_id=None)
NOT_STORED = (401, 409, 429)
UNIQUE_VIOLATION = "23505"
MAX_UPLOAD = MOST_BYTES + 4096  # with the form around it
KEYED = ("POST", "PUT", "DELETE")
ORDINARY = {"GET": "read"}


class Overtaken(Exception):
    """Another call with this key was answered since this one began."""


class Collided(LostRace):
    """Two calls wrote the same thing at the same moment; try again."""

    retryable = True


@dataclass
class Call:
    """What a view gets: its session, its caller, and the installation that it serves."""

    session: Session
    actor: Actor
    context: AppContext
    if_match: int | None


class StrictParser(FlaskParser):
    """Reads bodies by orjson: no NaN, no lone surrogates, no depth that eats the stack."""

    def _raw_load_json(self, req: Request) -> Any:
        try:
            return orjson.loads(body) if (body := req.get_data(cache=True)) else {}
        except orjson.JSONDecodeError as error:
            return self._handle_invalid_json_error(error, req)


class Door(Blueprint):  # type: ignore[misc]  # flask-smorest has no types
    """A blueprint whose endpoints all share one order of checks."""

    ARGUMENTS_PARSER = StrictParser()
    permissions: dict[str, str]

    def __init__(self, name: str, import_name: str, **options: Any) -> None:
        self.permissions = {}
        super().__init__(name, import_name, **options)

    def open(
        self,
        method: str,
        rule: str,
        *,
        permission: str,
        returns: type[ma.Schema] | None = None,
        status: int = 200,
        body: type[ma.Schema] | None = None,
        upload: type[ma.Schema] | None = None,
        query: type[ma.Schema] | None = None,
        stored: bool = True,
        versioned: bool = False,
        limit: str | None = None,
        name: str | None = None,
    ) -> Callable[[View], View]:
        """Declare an endpoint that `permission` opens.

        `body` is JSON, `upload` a form with files; `stored`: keyed answers are kept; `versioned`:
        it takes `If-Match`; `limit`: its class in `rate_limits.csv`, where it is not what every
        reading or writing call is.
        """
        keyed = method in KEYED and stored
        taken = "json" if body else "files" if upload else None
        facts = Facts(method, rule, permission, taken, query is not None, keyed, versioned)

        def declare(view: View) -> View:
            endpoint = name or view.__name__
            wrapped: View = _answering(view, status)
            # Instances, since of a class webargs would make a new one at each call.
            if query is not None:
                wrapped = self.arguments(query(), location="query")(wrapped)
            if body is not None:
                needed = any(field.required for field in body().fields.values())
                wrapped = self.arguments(body(), location="json", required=needed)(wrapped)
            if upload is not None:
                wrapped = self.arguments(upload(), location="files")(wrapped)
            wrapped = _guarded(wrapped, facts, limit or ORDINARY.get(method, "write"))
            wrapped = self.response(status, returns)(wrapped)
            wrapped = document(self, wrapped, facts)
            self.route(rule, methods=[method], endpoint=endpoint)(wrapped)
            self.permissions[endpoint] = permission
            return view

        return declare


def _answering(view: View, status: int) -> View:
    @wraps(view)
    def answer(*parsed: Any, **path: Any) -> Response:
        result = view(g.call, *parsed, **path)
        if isinstance(result, Response):
            return result
        if result is None:
            return Response(status=204)
        return _json(result, status)

    return answer


def _json(body: Any, status: int) -> Response:
    return Response(current_app.json.dumps(body), status=status, mimetype="application/json")


def _guarded(inner: View, facts: Facts, limit: str) -> View:
    @wraps(inner)
    def guard(**path: Any) -> Response:
        _require(facts.taken)
        app = context()
        key = _key() if facts.keyed else None
        kept: idempotency.Call | None = None
        try:
            with transaction(app.engine) as session:
                actor = _authenticate(app, session, facts.permission)
                g.call = Call(session, actor, app, _if_match() if facts.versioned else None)
                kept = _keyed_call(key, actor)
                if kept is not None and (first := idempotency.claim(session, kept)):
                    app.limits.check("write", actor.person_id, request)
                    return _replay(first)
                app.limits.check(limit, actor.person_id, request)
                response = _run(inner, path, session)
                if kept is not None:
                    body = response.get_json() if response.is_json else {}
                    if not idempotency.keep(session, kept, Answer(response.status_code, body)):
                        raise Overtaken
        except Overtaken:
            return _first_answer(app, kept)
        except (WuzhanError, HTTPException) as error:
            return _refuse(app, kept, error)
        except IntegrityError as error:
            if getattr(error.orig, "sqlstate", "") != UNIQUE_VIOLATION:
                raise
            return _refuse(app, kept, Collided())
        return _conditional(response)

    return guard


def _run(inner: View, path: dict[str, Any], session: Session) -> Response:
    try:
        response: Response = inner(**path)
    except WuzhanError as error:
        if error.keeps_changes:
            session.commit()
        raise
    session.flush()
    return response


def _authenticate(app: AppContext, session: Session, permission: str) -> Actor:
    opened = MATRIX[permission]
    header = request.headers.get("Authorization")
    if PUBLIC in opened:
        return NOBODY
    actor = people.load_actor(session, app.tokens.family_of(header))
    if opened <= {LOOPBACK}:  # open to nobody; other relations are the use case's to ask
        raise Forbidden
    return actor


def _require(taken: str | None) -> None:
    if taken == "json":
        _require_json()
    elif taken == "files":
        request.max_content_length = MAX_UPLOAD


def _require_json() -> None:
    body = request.get_data(cache=True)
    if body and not request.is_json:
        raise UnsupportedMediaType("send application/json")
    bound = request.max_content_length
    if request.content_length is None and bound is not None and len(body) >= bound:
        raise RequestEntityTooLarge  # one of unknown length is cut off at the bound, unsaid


def _key() -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is not None and not (1 <= len(key) <= 255 and all("!" <= c <= "~" for c in key)):
        raise Invalid("invalid_idempotency_key", "1 to 255 visible ASCII characters")
    return key


def _if_match() -> int | None:
    sent = request.headers.get("If-Match")
    if sent is None:
        return None
    version = re.fullmatch(VERSION, sent)
    if version is None:
        raise BadRequest('If-Match takes a version such as "3"')
    return int(version[1])


def _keyed_call(key: str | None, actor: Actor) -> idempotency.Call | None:
    if key is None:
        return None
    mark = idempotency.fingerprint(request.method, request.full_path, request.get_data(cache=True))
    return idempotency.Call(str(actor.person_id), key, mark)


def _replay(first: Answer) -> Response:
    if first.status >= 400:
        response = respond(first.body)
    elif first.status == 204:
        response = Response(status=204)
    else:
        response = _json(first.body, first.status)
    response.headers["Idempotency-Replayed"] = "true"
    return response


def _refuse(
    app: AppContext, kept: idempotency.Call | None, error: WuzhanError | HTTPException
) -> Response:
    """Answer with a problem; a keyed call's refusal is kept, unless trying again may help."""
    if isinstance(error, HTTPException) and error.response is not None:
        raise error
    body = body_of(error)
    stored = body["status"] < 500 and body["status"] not in NOT_STORED
    if kept is not None and stored and body["code"] != "idempotency_key_reused":
        with transaction(app.engine) as session:
            idempotency.keep(session, kept, Answer(body["status"], body))
    return respond(body, getattr(error, "after_seconds", 5))


def _first_answer(app: AppContext, kept: idempotency.Call | None) -> Response:
    """Two calls with one key at the very same moment: the loser repeats the winner's answer."""
    with transaction(app.engine) as session:
        first = kept and idempotency.claim(session, kept)
    return _replay(first) if first else respond(body_of(Collided()))


def _conditional(response: Response) -> Response:
    if request.method == "GET" and response.status_code == 200 and response.is_json:
        response.add_etag()
        response.make_conditional(request)
    return response
