"""Duplicates: found by place, category and words, and never among what is confidential."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from tests.service.house import LAMP, House
from tests.service.test_problems import problem
from village import similar, similar_texts
from village.db import transaction

AGAIN = "小学那边的路灯坏了三盏没有人修"
CANARY = "村口到小学那段路灯坏了，金丝雀七七四九"


def look(house: House, caller: str = "u045", text: str = AGAIN, **facts: Any) -> Any:
    body = {"village": "990101", "text": text, **facts}
    return house.done("/requests/similar", caller, body)["items"]


def test_a_neighbours_request_is_found_without_her_name_and_words(house: House) -> None:
    made = house.submit(place={"name": "村口"}, category="PUB-03")
    (found,) = look(house, place={"name": "村口"}, category="PUB-03")
    assert (found["id"], found["number"]) == (made["id"], made["number"])
    assert (found["category"], found["place"], found["mine"]) == ("PUB-03", "村口", False)
    assert found["by"] == ["text", "place", "category"]
    assert not {"text", "requester", "answers"} & found.keys()


def test_ones_own_is_marked(house: House) -> None:
    house.submit()
    assert [one["mine"] for one in look(house, "u041")] == [True]


def test_another_matter_is_not_found(house: House) -> None:
    house.submit()
    assert look(house, text="垃圾桶满了好几天") == []
    assert look(house, text="💡") == []


def test_nobody_sees_another_villages(house: House) -> None:
    house.submit()
    assert look(house, "u141") == []
    assert look(house, "u141", village="990102") == []


def test_an_old_one_is_no_longer_found(house: House) -> None:
    house.submit()
    house.rows("update requests set status = 'closed', ended_at = now() - interval '29 days'")
    assert len(look(house)) == 1
    house.rows("update requests set ended_at = now() - interval '31 days'")
    assert look(house) == []
    with transaction(house.context.engine) as session:
        assert similar.purge(session) == 1
    assert house.rows("select 1 from similar_texts") == []


CONFIDENTIAL = [
    "sealed = true",
    "neutral = true",
    "hide_me = true",
    "waits_for = 'safe_path'",
    "waits_for = 'mediation'",
    "waits_for = 'unconfirmed_danger'",
    """emergency = '{"kind": "dv", "danger_now": false}'""",
    "category = 'AID-01'",
    "category = 'MED-01', station = 'mediation'",
    "category = null, station = 'mutual_aid'",
    "station = null",
    "status = 'draft'",
    "status = 'withdrawn'",
]


@pytest.mark.parametrize("change", CONFIDENTIAL)
def test_what_has_become_confidential_is_not_found_by_anybody(house: House, change: str) -> None:
    """Neither by a neighbour, nor by the head from another request."""
    mine = house.submit("u045", category="PUB-03")
    made = house.submit(text=CANARY, category="PUB-03")
    path = f"/requests/{mine['id']}/similar"
    assert made["id"] in {one["id"] for one in look(house, "u045", CANARY)}
    assert "金丝雀" in house.get(path, "u006").text
    house.rows(f"update requests set {change} where id = '{made['id']}'")
    assert made["id"] not in {one["id"] for one in look(house, "u045", CANARY)}
    assert "金丝雀" not in house.get(path, "u006").text


@pytest.mark.parametrize(
    "facts",
    [
        {"hide_me": True, "category": "PUB-03"},
        {"category": "MED-01"},
        {"category": "AID-03"},
        {"category": "ENV-02"},
        {"text": "我男人又打我，快要打死我了"},
    ],
)
def test_what_is_confidential_is_not_even_written_down(house: House, facts: Any) -> None:
    house.submit(**facts)
    assert house.rows("select 1 from similar_texts") == []


def test_a_confidential_request_is_compared_with_nothing(house: House) -> None:
    house.submit(category="PUB-03")
    hidden = house.submit("u045", category="PUB-03", hide_me=True)
    assert house.seen(f"/requests/{hidden['id']}/similar", "u006") == {"items": []}


def test_the_head_sees_the_words_of_her_own_stations_alone(house: House) -> None:
    mine = house.submit("u045", category="PUB-03")
    other = house.submit(category="PUB-03")
    path = f"/requests/{mine['id']}/similar"
    (found,) = house.seen(path, "u006")["items"]
    assert (found["id"], found["text"]) == (other["id"], LAMP)
    house.rows(f"update requests set station = 'sanitation' where id = '{other['id']}'")
    assert house.seen(path, "u006")["items"] == []
    problem(house.get(path, "u045"), 403, "forbidden")
    problem(house.get(path, "u141"), 404, "not_found")


def test_the_index_finds_a_village_among_thousands(house: House) -> None:
    house.submit()
    house.rows(
        """insert into requests select (jsonb_populate_record(r, jsonb_build_object(
               'id', gen_random_uuid(), 'number', 'X' || n,
               'village_code', case when n > 100 then '990102' else '990101' end))).*
           from requests r, generate_series(1, 5000) n"""
    )
    house.rows(
        """insert into similar_texts select id, village_code,
               array(select md5(number || n) from generate_series(1, 20) n)
           from requests where number like 'X%'"""
    )
    house.rows("analyze similar_texts, requests")
    found = similar.statement("990101", similar_texts.grams(AGAIN)).compile(
        dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True}
    )
    with house.context.engine.connect() as link:
        plan = "\n".join(link.execute(sa.text(f"explain {found}".replace(":", r"\:"))).scalars())
    assert "ix_similar_texts_village_code" in plan, plan
    assert len(look(house)) == 1
