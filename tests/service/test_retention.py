"""Retention: each answer its own time, the words the longest, a dry run changes nothing."""

from __future__ import annotations

from typing import Any

import pytest
from click.testing import CliRunner

from runtime.cli import main
from tests.service.house import House
from tests.service.test_level3 import VILLAGER, agree, everywhere
from village import form_times, keys, retention
from village.db import transaction

CARE = {
    "category": "AID-01",
    "answers": {"mobility": "卧床", "needs": ["做饭"], "times": "金丝雀叫的时候"},
}


def ended(house: House, days: int, **facts: Any) -> Any:
    agree(house, VILLAGER)
    made = house.submit(VILLAGER, "金丝雀的事", **{**CARE, **facts})
    house.done(f"/requests/{made['id']}/withdraw", VILLAGER)
    house.work()
    set_back(house, made, days)
    return made


def set_back(house: House, made: Any, days: int) -> None:
    house.rows(
        "update requests set ended_at = now() - make_interval(days => :days) where id = :id",
        days=days, id=made["id"],
    )  # fmt: skip


def run(house: House) -> int:
    with transaction(house.context.engine) as session:
        return retention.run(session)


def due(house: House) -> retention.Due:
    with transaction(house.context.engine) as session:
        return retention.due(session)


def answers(house: House, made: Any) -> Any:
    return house.seen(f"/requests/{made['id']}", VILLAGER)["answers"]


def test_an_answer_goes_after_its_time_and_the_others_stay(house: House) -> None:
    made = ended(house, 89)
    assert (due(house).count, run(house)) == (0, 0)
    set_back(house, made, 91)
    assert dict(due(house).answers) == {("AID-01", "times"): 1}
    assert run(house) == 1
    assert answers(house, made) == {"mobility": "卧床", "needs": ["做饭"]}
    assert run(house) == 0


def test_the_words_go_with_the_longest_time(house: House) -> None:
    made = ended(house, 366)
    assert dict(due(house).words) == {"AID-01": 1}
    assert everywhere(house, "金丝雀") != []
    assert run(house) == 1
    assert everywhere(house, "金丝雀") == []
    assert answers(house, made) == {}
    assert (due(house).count, run(house)) == (0, 0)


def test_what_is_open_or_an_archives_business_stays(house: House) -> None:
    open_ = house.submit(VILLAGER, "金丝雀的事", category="AID-01", answers={"times": "早上"})
    house.rows("update requests set submitted_at = now() - interval '9 years'")
    dispute = ended(house, 9 * 365, category="MED-01", answers={"facts": "吵架", "tried": ["亲友"]})
    assert (due(house).count, run(house)) == (0, 0)
    assert answers(house, open_) == {"times": "早上"}
    assert answers(house, dispute) == {"facts": "吵架", "tried": ["亲友"]}


def test_what_outlived_its_person_goes_when_it_has_ended(house: House) -> None:
    made = ended(house, 1)
    house.rows("update people set erased_at = now() where code = :code", code=VILLAGER)
    assert run(house) == 1
    assert everywhere(house, "金丝雀") == []
    assert house.rows("select status from requests where id = :id", id=made["id"]) == [
        ("withdrawn",)
    ]


def test_what_cannot_be_opened_waits_for_its_key(house: House) -> None:
    ended(house, 91)
    house.rows(
        "update requests set sealed_answers = overlay(sealed_answers placing '\\x00' from 40)"
    )
    assert run(house) == 0
    assert everywhere(house, "金丝雀叫的时候") != []


def test_the_command_counts_first(
    house: House, monkeypatch: pytest.MonkeyPatch, keys_of_all: Any
) -> None:
    ended(house, 91)
    url = house.context.engine.url.render_as_string(hide_password=False)
    monkeypatch.setenv("WUZHAN_DATABASE_URL", url)
    monkeypatch.setenv("WUZHAN_REDIS_URL", "redis://127.0.0.1:1")
    monkeypatch.setenv("WUZHAN_SECRET_KEY", "k" * 32)
    dry = CliRunner().invoke(main, ["retention", "run"])
    assert (dry.exit_code, "nothing was changed" in dry.output) == (0, True), dry.output
    assert "AID-01   times" in dry.output
    assert due(house).count == 1
    done = CliRunner().invoke(main, ["retention", "run", "--apply"])
    assert "1 requests and complaints changed" in done.output
    assert due(house).count == 0
    keys.configure(keys_of_all)


@pytest.mark.parametrize(
    ("form", "field", "days"),
    [
        ("F-CARE", "mobility", 365),
        ("F-DISPUTE", "facts", None),
        ("F-ERRAND", "item", 90),
        ("F-CARE", "on_behalf_of", 730),
    ],
)
def test_the_times_are_those_of_the_file(form: str, field: str, days: int | None) -> None:
    found = form_times.times(form)[field]
    assert (found.days if found else None) == days
