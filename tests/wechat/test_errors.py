"""What each of WeChat's codes makes the caller do."""

from __future__ import annotations

import pickle

import pytest

from wechat import errors
from wechat.errors import CLASSES, ContentError, RateLimited, Unavailable, WechatError, error_for

DOCUMENTED = {
    errors.Busy: [-1],
    errors.TokenRejected: [40001, 40014, 42001],
    errors.BadIdentity: [40003],
    errors.NotSubscribed: [43101],
    errors.RateLimited: [45009, 45011, 43108, 43117],
    errors.ContentError: [45168, 47001, 47003],
    errors.LoginCodeInvalid: [40029, 40163],
    errors.LoginBlocked: [40226],
    errors.ConfigError: [
        *(40002, 40013, 40037, 40125, 40164, 40243, 41002, 41004, 41030, 43002, 43107, 43116),
        *(48001, 50004, 50007, 89503, 89506, 89507),
    ],
}


@pytest.mark.parametrize(
    ("code", "kind"), [(code, kind) for kind, codes in DOCUMENTED.items() for code in codes]
)
def test_each_documented_code_has_its_class(code: int, kind: type[WechatError]) -> None:
    assert type(error_for(code)) is kind


def test_only_what_may_get_better_by_waiting_is_retryable() -> None:
    retryable = {kind for kind in CLASSES.values() if kind.retryable} | {Unavailable}
    assert retryable == {errors.Busy, errors.TokenRejected, errors.RateLimited, Unavailable}


def test_a_code_nobody_listed_is_final_and_keeps_its_number() -> None:
    error = error_for(99999, "what is this")
    assert type(error) is WechatError
    assert not error.retryable
    assert error.code == 99999


def test_the_rid_and_the_field_are_found_and_the_rest_of_errmsg_stays_out_of_the_text() -> None:
    error = error_for(47003, "argument invalid! data.thing1.value 张三 rid: 5f-a1-b2")
    assert isinstance(error, ContentError)
    assert (error.rid, error.field) == ("5f-a1-b2", "thing1")
    assert "code 47003, field thing1, rid 5f-a1-b2" in str(error)
    assert "张三" not in str(error)


def test_a_day_quota_waits_longer_than_an_overlap() -> None:
    overlap, day = error_for(43108), error_for(45009)
    assert isinstance(overlap, RateLimited)
    assert isinstance(day, RateLimited)
    assert overlap.delay_seconds < 10 < day.delay_seconds


def test_errors_survive_pickling() -> None:
    error = Unavailable(502, "HTTP 502")
    error.maybe_done = False
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert (str(copy), copy.maybe_done) == (str(error), False)
