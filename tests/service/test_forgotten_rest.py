"""What stands beside a request about people is forgotten with its words."""

from __future__ import annotations

from uuid import UUID

from tests.service.house import House, assisted
from village import clock, forgetting
from village.db import transaction

WORD = "金丝雀"


def forget(house: House, request_id: str) -> None:
    with transaction(house.context.engine) as session:
        forgetting.forget(session, [UUID(request_id)])


def test_to_whom_it_was_handed_and_why_it_was_opened_go_with_the_words(house: House) -> None:
    made = house.submit()["id"]
    house.rows(
        """insert into handovers (id, request_id, receiver, contact, basis, at)
           values (gen_random_uuid(), :id, :w, :w, 'consent', :now)""",
        id=made, w=WORD, now=clock.now(),
    )  # fmt: skip
    house.rows(
        """insert into break_glass (id, request_id, reason, asked_by, asked_at)
           select gen_random_uuid(), id, :w, requester_id, :now from requests where id = :id""",
        id=made, w=WORD, now=clock.now(),
    )  # fmt: skip
    forget(house, made)
    rows = [
        *house.rows("select receiver, contact from handovers where request_id = :id", id=made),
        *house.rows("select reason from break_glass where request_id = :id", id=made),
    ]
    assert len(rows) == 2
    assert WORD not in str(rows)


def test_who_has_no_account_is_forgotten_with_the_last_that_was_entered_for_her(
    house: House,
) -> None:
    made = house.post("/requests/assisted", "u006", assisted()).json["id"]
    person = "select p.name, p.phone_sealed from people p join requests r on r.requester_id = p.id"
    (before,) = house.rows(f"{person} where r.id = :id", id=made)
    assert before[0]
    forget(house, made)
    assert house.rows(f"{person} where r.id = :id", id=made) == [("", None)]
