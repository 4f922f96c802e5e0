"""Call-backs that are drawn: by whom, of what, and what her answers do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.service.house import House
from tests.service.test_problems import problem
from tests.village.town import stepped
from village import callbacks, clock
from village.db import transaction
from village.workflow.engine import attempt
from village.workflow.request import REQUEST

VILLAGER, HEAD, DEPUTY, CHAIR, CLERK = "u041", "u006", "u023", "u001", "u067"


@pytest.fixture(autouse=True)
def wednesday_at_ten(tmp_path: Path) -> Iterator[None]:
    with stepped(tmp_path):
        yield


def closed(house: House, category: str = "PUB-01", caller: str = VILLAGER, **facts: Any) -> str:
    """A request of P2 that was done and confirmed."""
    made = house.submit(caller, category=category, **facts)["id"]
    for action, who, body in (
        ("accept", HEAD, {}), ("handle", HEAD, {}), ("submit_result", DEPUTY, {"result": "好了"}),
        ("resolve", HEAD, {}), ("confirm", caller, {"solved": "yes", "rating": 5}),
    ):  # fmt: skip
        house.done(f"/requests/{made}/{action}", who, body)
    return str(made)


def drawn(house: House) -> int:
    with transaction(house.context.engine) as session:
        return callbacks.draw(session)


def calls(house: House, person: str) -> list[Any]:
    return [one for one in house.seen("/calls", person)["items"] if one["kind"] == "sample"]


def test_what_was_urgent_is_asked_by_the_chair_once(house: House) -> None:
    made = closed(house)
    assert drawn(house) == 1
    assert drawn(house) == 0
    (call,) = calls(house, CHAIR)
    assert call["request"] == made
    assert calls(house, HEAD) == calls(house, DEPUTY) == []


def test_who_did_it_or_heads_the_station_does_not_ask(house: House) -> None:
    """The chair has done the work herself: the committee's clerk asks."""
    made = closed(house)
    house.rows(
        "update requests set done_by = (select id from people where code = :code) "
        "where id = :id returning id",
        code=CHAIR, id=made,
    )  # fmt: skip
    drawn(house)
    assert calls(house, CHAIR) == []
    assert len(calls(house, CLERK)) == 1


def test_of_the_rest_one_in_five_is_drawn_by_chance(house: House) -> None:
    made = closed(house, category="PUB-08")
    for tail, count in (("0001", 0), ("0004", 0), ("0005", 1)):
        house.rows(
            """insert into events select (left(id::text, 32) || :tail)::uuid, request_id, machine,
               subject_id, action, from_status, to_status, actor_id, actor_role, data, trace, at
               from events where request_id = :id and to_status = 'closed' limit 1 returning id""",
            tail=tail, id=made,
        )  # fmt: skip
        with transaction(house.context.engine) as session:
            found = session.execute(callbacks._closed()).all()
        assert sum(str(event_id).endswith(tail) for _, event_id in found) == count


def test_nobody_phones_who_may_be_listened_to(house: House) -> None:
    made = closed(house)
    house.rows(
        """update requests set emergency = '{"kind": "dv"}' where id = :id returning id""", id=made
    )
    assert drawn(house) == 0


def test_her_answers_are_kept_beside_her_own_word(house: House) -> None:
    made = closed(house)
    drawn(house)
    path = f"/calls/{calls(house, CHAIR)[0]['id']}"
    problem(house.post(f"{path}/answers", HEAD, {"solved": "yes"}), 404, "not_found")
    house.done(f"{path}/answers", CHAIR, {"solved": "partly", "rating": 3, "comment": "还差一点"})
    (row,) = house.rows(
        "select solved, rating, comment, outcome from phone_calls where solved <> ''"
    )
    assert tuple(row) == ("partly", 3, "还差一点", "answered")
    seen = house.seen(f"/requests/{made}", VILLAGER)
    assert (seen["status"], seen["solved"], seen["rating"]) == ("closed", "yes", 5)
    assert calls(house, CHAIR) == []
    problem(house.post(f"{path}/answers", CHAIR, {"solved": "yes"}), 404, "not_found")


def test_not_solved_has_it_done_again_while_she_could_say_so(house: House) -> None:
    made = closed(house)
    drawn(house)
    path = f"/calls/{calls(house, CHAIR)[0]['id']}/answers"
    house.done(path, CHAIR, {"solved": "no", "comment": "又塌了"})
    assert house.seen(f"/requests/{made}", VILLAGER)["status"] == "in_progress"


def test_later_it_is_kept_and_nothing_more(house: House) -> None:
    made = closed(house)
    drawn(house)
    path = f"/calls/{calls(house, CHAIR)[0]['id']}/answers"
    clock.step(timedelta(days=16))
    house.done(path, CHAIR, {"solved": "no"})
    assert house.seen(f"/requests/{made}", VILLAGER)["status"] == "closed"


def test_who_draws_a_call_reads_and_changes_nothing_else(house: House) -> None:
    """A clerk who is to ask learns name and number, not the request."""
    made = closed(house)
    house.rows(
        "update requests set done_by = (select id from people where code = :code) "
        "where id = :id returning id",
        code=CHAIR, id=made,
    )  # fmt: skip
    drawn(house)
    problem(house.get(f"/requests/{made}", CLERK), 404, "not_found")
    refused = house.post(f"/requests/{made}/call_back", CLERK, {"solved": "yes"})
    assert refused.status_code == 409


def test_a_call_that_nobody_could_make_is_let_go(house: House) -> None:
    closed(house)
    drawn(house)
    clock.step(timedelta(days=31))
    drawn(house)
    assert calls(house, CHAIR) == []


def test_silence_is_drawn_too(house: House) -> None:
    made = house.submit(VILLAGER, category="PUB-01")["id"]
    for action, who, body in (
        ("accept", HEAD, {}), ("handle", HEAD, {}), ("submit_result", DEPUTY, {"result": "好了"}),
        ("resolve", HEAD, {}),
    ):  # fmt: skip
        house.done(f"/requests/{made}/{action}", who, body)
    assert drawn(house) == 0
    with transaction(house.context.engine) as session:
        attempt(session, REQUEST, UUID(made), "auto_close")
    assert drawn(house) == 1
