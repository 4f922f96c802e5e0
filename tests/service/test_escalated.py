"""What is put to the committee: it finds it in its own list, with as little of her as will do."""

from __future__ import annotations

from datetime import timedelta

from tests.service.house import House
from tests.service.test_emergency import told
from tests.service.test_problems import problem
from tests.service.world import KIN
from village import clock, outbox
from village.db import transaction

VILLAGER, HEAD, CHAIR, CLERK, TOWNSHIP, OTHER_CLERK = "u041", "u006", "u001", "u067", "u901", "u170"
WHY = {"reason": "缺一台吊车"}


def listed(house: House, caller: str) -> list[str]:
    return [one["id"] for one in house.seen("/requests?scope=escalated", caller)["items"]]


def test_the_committee_finds_reads_and_answers_what_was_put_to_it(house: House) -> None:
    made = house.submit(VILLAGER, category="PUB-03")["id"]
    path = f"/requests/{made}"
    house.done(f"{path}/escalate", HEAD, WHY)
    assert listed(house, CLERK) == []
    assert house.get(path, CLERK).status_code == 404
    house.done(f"{path}/escalate", CHAIR, WHY)
    assert listed(house, CLERK) == [made]
    assert listed(house, TOWNSHIP) == listed(house, OTHER_CLERK) == []
    seen = house.seen(path, CLERK)
    assert seen["text"]
    assert seen.get("requester") is None
    assert seen["allowed_actions"] == ["sign_for", "answer_escalation"]
    assert "缺一台吊车" in str(house.seen(f"{path}/timeline", CLERK))
    house.done(f"{path}/sign_for", CLERK)
    house.done(f"{path}/answer_escalation", CLERK, {"text": "乡里借一台来"})
    assert listed(house, CLERK) == []
    assert "乡里借一台来" in str(house.seen(f"{path}/timeline", VILLAGER))


def test_she_puts_an_answer_that_does_not_help_to_the_next_rung(house: House) -> None:
    path = f"/requests/{house.submit(VILLAGER, category='PUB-03')['id']}"
    house.done(f"{path}/escalate", HEAD, WHY)
    house.done(f"{path}/answer_escalation", CHAIR, {"text": "再等等"})
    house.done(f"{path}/re_raise", VILLAGER, {"reason": "还是黑的"})
    house.work()
    lines = [line["title"] for line in house.seen("/notifications", CLERK)["items"]]
    assert lines == ["村民请您再看看"]
    assert "还是黑的" in str(house.seen(f"{path}/timeline", CLERK))
    house.done(f"{path}/answer_escalation", CLERK, {"text": "年底修"})
    said = str(house.seen(f"{path}/timeline", VILLAGER))
    assert "行政复议" in said
    assert "re_raise" not in house.seen(path, VILLAGER)["allowed_actions"]
    problem(
        house.post(f"{path}/re_raise", VILLAGER, {"reason": "还是黑的"}),
        409,
        "transition_not_allowed",
    )


def test_who_is_asked_to_sign_can_and_who_is_too_close_is_passed_over(house: House) -> None:
    """The chair is kin of u063's: the committee is asked at once, and she is not."""
    path = f"/requests/{house.submit(KIN, category='PUB-03')['id']}"
    house.done(f"{path}/escalate", HEAD, WHY)
    house.work()
    assert told(house, CHAIR) == []
    assert told(house, CLERK) == ["有件事上报给您"]
    assert house.seen(path, CLERK)["allowed_actions"] == ["sign_for", "answer_escalation"]


def test_what_goes_past_the_chair_does_not_ask_her_to_sign(
    movable_clock: None, house: House
) -> None:
    path = f"/requests/{house.submit(VILLAGER, category='PUB-03')['id']}"
    house.done(f"{path}/escalate", HEAD, WHY)
    assert told(house, CHAIR) == ["事项上报给您"]
    clock.step(timedelta(days=1, minutes=5))
    house.logged_in.clear()
    with transaction(house.context.engine) as session:
        outbox.sweep_deadlines(session)
    assert told(house, CLERK) == ["有件事上报给您"]
    assert told(house, CHAIR).count("事项上报给您") == 1


def test_the_third_time_that_it_is_not_solved_the_committee_is_asked_too(house: House) -> None:
    made = house.submit(VILLAGER, category="PUB-03")["id"]
    path = f"/requests/{made}"
    house.done(f"{path}/accept", HEAD)
    house.done(f"{path}/handle", HEAD)
    for times in (1, 2, 3):
        house.done(f"{path}/submit_result", HEAD, {"result": "换了灯泡"})
        house.done(f"{path}/resolve", CHAIR)
        house.done(f"{path}/reopen", VILLAGER, {"reason": "又坏了"})
        assert (listed(house, CLERK) == [made]) == (times == 3)
        if times == 2:
            house.done(f"{path}/route", CHAIR, {"station": "public_works", "reason": "再修"})
            house.done(f"{path}/accept", HEAD)
            house.done(f"{path}/handle", HEAD)
    assert told(house, CLERK) == ["第三次没有解决"]
    assert house.seen(path, CLERK)["allowed_actions"] == ["sign_for", "answer_escalation"]
    assert "route" in house.seen(path, CHAIR)["allowed_actions"]
    assert "村委会" in str(house.seen(f"{path}/timeline", VILLAGER))


def test_those_below_have_no_such_list(house: House) -> None:
    for caller in (VILLAGER, HEAD, CHAIR):
        assert house.get("/requests?scope=escalated", caller).status_code == 403
