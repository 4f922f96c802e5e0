"""What browsers are told: no frames, no foreign scripts, no other origin."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from service.headers import digest
from tests.service.house import House


@pytest.fixture
def house(shared_house: House) -> House:
    return shared_house


@pytest.mark.parametrize("path", ["/docs", "/openapi.json", "/healthz", "/api/v1/me", "/nothing"])
def test_every_answer_says_what_a_browser_must_not_do(house: House, path: str) -> None:
    answer = house.client.get(path)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


def test_an_answer_that_is_no_page_may_do_nothing(house: House) -> None:
    policy = house.get("/villages").headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")


def test_the_documentation_may_run_its_own_script_and_no_other(house: House) -> None:
    answer = house.client.get("/docs")
    policy = answer.headers["Content-Security-Policy"]
    (inline,) = re.findall(r"<script>(.*?)</script>", answer.text, re.DOTALL)
    assert f"'{digest(inline)}'" in policy
    assert "'unsafe-inline'" not in policy.partition("style-src")[0]
    assert "unsafe-eval" not in policy


def test_a_page_from_a_file_keeps_its_content(house: House, tmp_path: Path) -> None:
    page = Path(house.context.h5_dir) / "test_headers.html"
    page.write_text("<p>五站</p><script>go()</script>", encoding="utf-8")
    try:
        with house.client.get("/m/test_headers.html") as answer:
            assert answer.text == page.read_text(encoding="utf-8")
            assert digest("go()") in answer.headers["Content-Security-Policy"]
    finally:
        page.unlink()


def test_no_other_origin_may_read_anything(house: House) -> None:
    ask = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "POST"}
    for method, path in (("OPTIONS", "/requests"), ("GET", "/villages"), ("POST", "/auth/wechat")):
        answer = house.call(method, path, headers=ask)
        assert not [name for name, _ in answer.headers if name.startswith("Access-Control-")]


def test_a_body_without_a_length_is_bounded_too(house: House) -> None:
    from io import BytesIO

    body = BytesIO(b'{"text": "' + b"a" * 1_000_000 + b'"}')
    answer = house.client.post(
        "/api/v1/auth/wechat",
        input_stream=body,
        content_type="application/json",
        environ_overrides={"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"},
    )
    assert answer.status_code == 413, answer.text
