"""The client against the stand-in, over real HTTP."""

from __future__ import annotations

import logging
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.wechat.stand_in import OFFER, SECRET, SEND, STABLE_TOKEN, Sandbox
from wechat import errors
from wechat.client import Identity, WechatClient
from wechat.errors import CLASSES, Unavailable, WechatError

NewClient = Callable[..., WechatClient]
LOGIN = "/sns/jscode2session"


def send(client: WechatClient, openid: str = "u1") -> str:
    return client.send_subscribe_message(openid, "tmpl-offer", OFFER, "pages/offers?id=1")


@contextmanager
def answering(*raw: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """A server that answers these bytes, one connection each; yields its URL and what it read."""
    read: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            for answer_bytes in raw:
                link, _ = server.accept()
                with link:
                    read.append(read_request(link))
                    link.sendall(answer_bytes)

        thread = threading.Thread(target=answer)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", read
        thread.join()


def read_request(link: socket.socket) -> bytes:
    """One request with its whole body, which arrives apart from the head."""
    with link.makefile("rb") as file:
        head = b"".join(iter(file.readline, b"\r\n"))
        length = re.search(rb"Content-Length: (\d+)", head)
        return head + file.read(int(length.group(1)) if length else 0)


def http(body: bytes) -> bytes:
    """A plain 200 with `body`."""
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"Connection: close\r\n\r\n" + body


def test_a_login_gives_the_openid_and_hides_it_from_logs(new_client: NewClient) -> None:
    identity = new_client().login("demo.demo-u007.n1")
    assert identity == Identity("demo-u007", None)
    assert "demo-u007" not in repr(identity)


def test_a_used_login_code_is_invalid(new_client: NewClient) -> None:
    client = new_client()
    client.login("demo.u1.n1")
    with pytest.raises(errors.LoginCodeInvalid):
        client.login("demo.u1.n1")


def test_a_message_arrives_as_it_was_written(sandbox: Sandbox, new_client: NewClient) -> None:
    sandbox.grant("u1")
    msgid = send(new_client())
    (received,) = sandbox.messages("u1")
    assert received["msgid"] == msgid
    assert int(msgid) > 2**53
    assert received["data"] == OFFER
    assert received["page"] == "pages/offers?id=1"
    assert received["miniprogram_state"] == "formal"


def test_without_a_grant_nothing_arrives(sandbox: Sandbox, new_client: NewClient) -> None:
    with pytest.raises(errors.NotSubscribed) as caught:
        send(new_client())
    assert caught.value.rid
    assert sandbox.messages("u1") == []


def test_a_wrong_value_is_named(sandbox: Sandbox, new_client: NewClient) -> None:
    with pytest.raises(errors.ContentError) as caught:
        new_client().send_subscribe_message("u1", "tmpl-offer", OFFER | {"thing1": "灯" * 21})
    assert caught.value.field == "thing1"


@pytest.mark.parametrize("code", sorted(CLASSES))
def test_every_refusal_of_a_send_arrives_as_its_class(
    sandbox: Sandbox, new_client: NewClient, code: int
) -> None:
    sandbox.fault(SEND, errcode=code, times=2)
    with pytest.raises(WechatError) as caught:
        send(new_client())
    assert type(caught.value) is CLASSES[code]
    assert caught.value.code == code


@pytest.mark.parametrize("code", [40001, 40125, 40164])
def test_a_wrong_secret_or_address_is_the_operators_matter(
    sandbox: Sandbox, new_client: NewClient, code: int
) -> None:
    sandbox.fault(STABLE_TOKEN, errcode=code)
    with pytest.raises(errors.ConfigError):
        send(new_client())


def test_a_lost_reply_says_the_message_may_have_arrived(
    sandbox: Sandbox, new_client: NewClient
) -> None:
    sandbox.grant("u1")
    sandbox.fault(SEND, drop=True)
    with pytest.raises(Unavailable) as caught:
        send(new_client())
    assert caught.value.maybe_done
    assert len(sandbox.messages("u1")) == 1


def test_a_slow_reply_is_unavailable(sandbox: Sandbox, new_client: NewClient) -> None:
    sandbox.fault(LOGIN, delay_ms=1000)
    with pytest.raises(Unavailable) as caught:
        new_client(timeout=(2, 0.1)).login("demo.u1.n1")
    assert caught.value.maybe_done


@pytest.mark.parametrize("status", [500, 502, 503, 429])
def test_a_failing_server_is_unavailable(
    sandbox: Sandbox, new_client: NewClient, status: int
) -> None:
    sandbox.fault(LOGIN, status=status)
    with pytest.raises(Unavailable):
        new_client().login("demo.u1.n1")


def test_a_wrong_path_is_the_operators_matter(sandbox: Sandbox, new_client: NewClient) -> None:
    sandbox.fault(LOGIN, status=404)
    with pytest.raises(errors.ConfigError):
        new_client().login("demo.u1.n1")


def test_nobody_listening_means_nothing_was_sent(new_client: NewClient) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(Unavailable) as caught:
        new_client(url=f"http://127.0.0.1:{port}").login("demo.u1.n1")
    assert not caught.value.maybe_done


def test_a_lost_token_reply_means_nothing_was_sent(sandbox: Sandbox, new_client: NewClient) -> None:
    sandbox.fault(STABLE_TOKEN, drop=True)
    with pytest.raises(Unavailable) as caught:
        send(new_client())
    assert not caught.value.maybe_done


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>log in to this network</html>",
        b"[]",
        b"\xff\xfe",
        b"{}",
        b'{"openid": 7}',
        b'{"errcode": "many"}',
        b"[" * 100_000,
    ],
)
def test_what_is_not_wechats_answer_is_unavailable(new_client: NewClient, body: bytes) -> None:
    with answering(http(body)) as (url, _), pytest.raises(Unavailable):
        new_client(url=url).login("demo.u1.n1")


def test_chinese_is_read_as_utf8_whatever_the_content_type(new_client: NewClient) -> None:
    body = '{"errcode":47003,"errmsg":"模板 data.thing1.value invalid"}'.encode()
    with answering(http(body)) as (url, _), pytest.raises(errors.ContentError) as caught:
        new_client(url=url).login("demo.u1.n1")
    assert caught.value.errmsg.startswith("模板")


def test_chinese_is_sent_as_itself(new_client: NewClient) -> None:
    token = b'{"access_token": "t", "expires_in": 7200}'
    with answering(http(token), http(b'{"errcode": 0, "msgid": 1}')) as (url, read):
        send(new_client(url=url))
    assert OFFER["thing1"].encode() in read[1]


def test_no_secret_token_or_openid_reaches_logs_or_errors(
    sandbox: Sandbox, new_client: NewClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    client, token = new_client(), sandbox.token()
    caplog.clear()
    texts = []
    for path, fault in ((SEND, {"drop": True}), (SEND, {"status": 502}), (LOGIN, {"drop": True})):
        sandbox.fault(path, **fault)
        with pytest.raises(Unavailable) as caught:
            send(client, "secret-openid") if path == SEND else client.login("demo.secret-openid.1")
        texts.append(str(caught.getrepr(chain=True)))
    with pytest.raises(Unavailable) as caught:
        new_client(url="http://127.0.0.1:1").login("demo.secret-openid.1")
    texts.append(str(caught.getrepr(chain=True)))
    texts.append(caplog.text)
    assert "connectionpool" in caplog.text
    assert not [t for t in texts for word in (token, SECRET) if word in t]
    assert "secret-openid" not in caplog.text
