"""Logins: by WeChat's code, refreshed by tokens that are spent by use."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from service.door import Call, Door
from service.me import describe
from service.schemas.people import LoginSchema, RefreshSchema, TokenSchema, WechatLoginSchema
from village import people
from village.errors import Unauthenticated, Unavailable
from wechat.errors import LoginBlocked, LoginCodeInvalid, WechatError

door = Door("auth", __name__, url_prefix="/auth", description="登录")


@door.open(
    "POST", "/wechat", permission="auth.login", body=WechatLoginSchema, returns=LoginSchema,
    stored=False, limit="login",
)  # fmt: skip
def log_in(call: Call, sent: dict[str, str]) -> dict[str, Any]:
    """Log in with the code of `wx.login`; the same code again within ten minutes works too."""
    people.lock_code(call.session, sent["code"])
    person_id = people.person_of_code(call.session, sent["code"])
    family = people.open_family(call.session, person_id or _ask_wechat(call, sent["code"]))
    actor = people.load_actor(call.session, family.id)
    described = describe(call.context, actor)
    tokens = call.context.tokens.pair(family.id, family.generation)
    body: dict[str, Any] = LoginSchema().dump(
        {**tokens, "person": described, "needs": described["needs"]}
    )
    return body


def _ask_wechat(call: Call, code: str) -> UUID:
    try:
        identity = call.context.wechat.login(code)
    except (LoginCodeInvalid, LoginBlocked) as error:
        raise Unauthenticated("wechat_code_invalid", "WeChat refused the code") from error
    except WechatError as error:
        raise Unavailable("unavailable", "WeChat does not answer") from error
    person_id = people.login(call.session, identity.openid)
    people.remember_code(call.session, code, person_id)
    return person_id


class SpentToken(Unauthenticated):
    """The refresh token was spent before; the login has ended."""

    keeps_changes = True


@door.open(
    "POST", "/refresh", permission="auth.login", body=RefreshSchema, returns=TokenSchema,
    stored=False, limit="login",
)  # fmt: skip
def refresh(call: Call, sent: dict[str, str]) -> dict[str, Any]:
    """Get the next pair of tokens; a refresh token that comes a second time ends the login."""
    family_id, generation = call.context.tokens.spent_family_of(sent["refresh_token"])
    family = people.rotate_family(call.session, family_id, generation)
    if family is None:
        raise SpentToken("login_ended")
    body: dict[str, Any] = TokenSchema().dump(
        call.context.tokens.pair(family.id, family.generation)
    )
    return body


@door.open("POST", "/logout", permission="auth.logout", status=204)
def log_out(call: Call) -> None:
    """End this login: all of its tokens are dead."""
    if call.actor.family_id is not None:
        people.end_family(call.session, call.actor.family_id)
