"""Violence at home, a child in danger, a wish to die: to the chair alone, whatever was answered."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.service.house import House
from tests.service.test_emergency import answer, let_two_minutes_pass, told
from tests.service.test_problems import problem
from tests.service.world import CLERK, KIN, TOWNSHIP
from village import clock, duty_reports, outbox
from village.db import transaction

LAMP = "。还有村口的路灯坏了三盏"
BEATEN = "我男人喝了酒就打我，昨天又动手了，你们能不能去劝劝他" + LAMP
CHILD = "隔壁孩子天天被他爸打，身上都是伤" + LAMP
DYING = "我真不想活了，日子过不下去" + LAMP
BLEEDING = "老公又拿棍子打我，头上流血不止"  # the first question is about the blood
TEXTS = {"dv": BEATEN, "child": CHILD, "suicide": DYING, "medical": BLEEDING}
CHAIR, HEADS = "u001", ("u002", "u003", "u004", "u005", "u006", "u012")
# No word of the lexicon says it, or another kind's: the second head does.
UNSAID = (
    "我男人打断我肋骨", "继父摸我 我不敢跟妈讲", "她站在水库边上哭 劝不动", "喝农药了",
    "我屋里头那个又动手了 我躲在厕所",
)  # fmt: skip
WAYS = ("asked and answered no", "answered no on her phone", "left unanswered")


def written(
    house: House, way: str, text: str = BEATEN, *, caller: str = "u047", **facts: Any
) -> Any:
    """A request, as she who wrote it sees it."""
    if way == "answered no on her phone":
        facts["emergency_confirmed"] = False
    made = house.submit(caller, text, **facts)
    if way == "asked and answered no":
        answer(house, made, danger_now=False, caller=caller)
    if way == "left unanswered":
        let_two_minutes_pass(house)
    return house.seen(f"/requests/{made['id']}", caller)


def let_an_hour_pass(house: House) -> None:
    """And a few minutes more, as a relay would see them."""
    for _ in range(14):
        clock.step(timedelta(minutes=5))
        house.logged_in.clear()
        with transaction(house.context.engine) as session:
            outbox.sweep_deadlines(session)
        house.work()


def akin(house: House, one: str, other: str) -> None:
    """They are relatives, and have said so."""
    house.rows(
        "insert into conflict_declarations (person_id, other_id, kind, declared_at) "
        "select a.id, b.id, 'kin', now() from people a, people b where a.code = :a and b.code = :b",
        a=one, b=other,
    )  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", TEXTS)
def test_it_lies_with_the_chair_at_once_and_at_no_station(
    movable_clock: None, house: House, kind: str, way: str
) -> None:
    made = written(house, way, TEXTS[kind], category="MED-03")
    waits = "unconfirmed_danger" if way == "left unanswered" else "safe_path"
    assert (made["status"], made["station"], made["priority"]) == ("triage", None, "P1")
    assert made["waits_for"] == waits
    for head in HEADS:
        assert told(house, head) == []
        problem(house.get(f"/requests/{made['id']}", head), 404, "not_found")
    assert len(told(house, CHAIR)) == 1
    (item,) = house.seen("/villages/990101/triage", CHAIR)["items"]
    assert (item["id"], item["text"]) == (made["id"], TEXTS[kind])
    station = house.seen("/stations/990101.mediation/queue", "u004")["items"]
    assert station == []


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("text", UNSAID)
def test_what_is_said_in_other_words_lies_with_the_chair_too(
    movable_clock: None, house: House, text: str, way: str
) -> None:
    made = written(house, way, text)
    assert (made["status"], made["station"], made["priority"]) == ("triage", None, "P1")
    assert made["told"] == []
    assert made["waits_for"] == "safe_path" or made["emergency"]["safe_path"]
    for head in HEADS:
        assert told(house, head) == []
        problem(house.get(f"/requests/{made['id']}", head), 404, "not_found")
    (item,) = house.seen("/villages/990101/triage", CHAIR)["items"]
    assert (item["id"], item["text"]) == (made["id"], text)
    house.work()
    assert text not in str(house.seen("/notifications", "u047"))
    body = {"station": "mediation", "reason": "请去调解", "category": "MED-03"}
    again = house.post(f"/requests/{made['id']}/route", CHAIR, body)
    problem(again, 422, "no_mediation_on_safe_path")


@pytest.mark.parametrize("way", WAYS)
def test_no_mediation_is_suggested_and_no_cut(movable_clock: None, house: House, way: str) -> None:
    made = written(house, way)
    seen = house.seen(f"/requests/{made['id']}", CHAIR)
    assert (seen["grounds"]["ranked"], seen["grounds"]["proposed"]) == ([], None)
    assert "不调解" in seen["grounds"]["decided"]
    help_line = seen["grounds"]["lines"][0]
    assert "12338" in help_line
    assert "人身安全保护令" in help_line
    assert (seen["parts"], made["parts"], made["asks"]) == ([], [], None)
    assert not {"split", "recategorise", "merge", "refer"} & {
        *seen["allowed_actions"], *made["allowed_actions"],
    }  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_routing_it_to_mediation_is_refused_in_plain_words(
    movable_clock: None, house: House, way: str
) -> None:
    path = f"/requests/{written(house, way)['id']}"
    body = {"station": "mediation", "reason": "请去调解", "category": "MED-03"}
    refused = problem(house.post(f"{path}/route", CHAIR, body), 422, "no_mediation_on_safe_path")
    assert "不送调解" in refused["title"]
    assert house.seen(path, CHAIR)["status"] == "triage"
    house.done(f"{path}/route", CHAIR, {"station": "mutual_aid", "reason": "先送些吃的"})
    again = house.post(f"{path}/route", CHAIR, body)
    problem(again, 422, "no_mediation_on_safe_path")
    assert "text" not in house.seen(path, "u002")
    by_head = house.post(f"{path}/route", "u002", body)
    problem(by_head, 422, "no_mediation_on_safe_path")
    house.done(f"{path}/hand_over", CHAIR, {"receiver": "派出所", "basis": "consent"})


@pytest.mark.parametrize("way", WAYS)
def test_her_own_list_and_her_messages_give_nothing_away(
    movable_clock: None, house: House, way: str
) -> None:
    made = written(house, way)
    assert made["told"] == []
    asked = made["emergency"]
    assert made["waits_for"] == "safe_path" or asked["safe_path"]
    house.work()
    said = "".join(
        f"{n['title']}{n['text']}" for n in house.seen("/notifications", "u047")["items"]
    )
    for word in ("打", "家庭", "婚姻", "调解", "男人", "纠纷"):
        assert word not in said.replace("打110", "")


def test_a_question_about_blood_is_quick_to_leave_too(house: House) -> None:
    asked = house.submit("u047", BLEEDING)["emergency"]
    assert (asked["kind"], asked["safe_path"]) == ("medical", True)
    hint = house.done("/routing/preview", "u047", {"village": "990101", "text": BLEEDING})
    assert (hint["emergency"]["safe_path"], hint["told"], hint["suggestions"]) == (True, [], [])


def test_the_ladder_calls_the_chair_and_no_station(movable_clock: None, house: House) -> None:
    made = written(house, "left unanswered")
    let_an_hour_pass(house)
    calls = house.rows(
        "select data->>'rung' from events where action = 'duty_call' and request_id = :id"
        " order by id",
        id=made["id"],
    )
    assert [row[0] for row in calls] == ["chair", "clerk"]
    assert all(told(house, head) == [] for head in HEADS)


def test_she_may_still_answer_and_it_stays_with_the_chair(
    movable_clock: None, house: House
) -> None:
    made = written(house, "left unanswered")
    seen = answer(house, made, danger_now=False, caller="u047").json
    assert (seen["status"], seen["waits_for"], seen["station"]) == ("triage", "safe_path", None)
    assert answer(house, made, danger_now=False, caller="u047").json["status"] == "triage"


def test_her_yes_tells_the_chair_and_no_head(house: House) -> None:
    made = house.submit("u047", BEATEN)
    assert answer(house, made, danger_now=True, caller="u047").json["status"] == "handed_over"
    assert all(told(house, head) == [] for head in HEADS)
    assert len(told(house, CHAIR)) == 1


@pytest.mark.parametrize("text", [CHILD, BEATEN + "，孩子也挨打"], ids=["child", "both"])
@pytest.mark.parametrize("way", WAYS)
def test_a_child_is_reported_in_any_case(
    movable_clock: None, house: House, way: str, text: str
) -> None:
    made = written(house, way, text)
    with transaction(house.context.engine) as session:
        duty_reports.sweep(session)
    rows = house.rows("select kind, request_id::text from duty_reports")
    assert [tuple(row) for row in rows] == [("child", made["id"])]


def test_a_child_in_danger_now_is_reported_too(house: House) -> None:
    made = house.submit("u047", CHILD)
    answer(house, made, danger_now=True, caller="u047")
    with transaction(house.context.engine) as session:
        duty_reports.sweep(session)
    assert len(house.rows("select id from duty_reports")) == 1


@pytest.mark.parametrize("way", WAYS)
def test_a_chair_who_is_close_to_her_knows_nothing_of_it(
    movable_clock: None, house: House, way: str
) -> None:
    """Who beats her may be the chair."""
    path = f"/requests/{written(house, way, caller=KIN)['id']}"
    problem(house.get(path, CHAIR), 404, "not_found")
    for listed in ("/villages/990101/triage", "/requests?scope=village"):
        assert house.seen(listed, CHAIR)["items"] == []
    (seen,) = house.seen("/villages/990101/triage", CLERK)["items"]
    assert seen["text"] == BEATEN
    before = len(told(house, CLERK))
    answer(house, {"id": path.rsplit("/", 1)[1]}, danger_now=True, caller=KIN)
    assert len(told(house, CLERK)) == before + 1
    assert told(house, CHAIR) == []


def test_who_stands_in_keeps_what_she_puts_to_a_station_and_no_kin_of_hers_hears(
    house: House,
) -> None:
    """u002 heads the station, u019 is the deputy."""
    akin(house, "u002", KIN)
    path = f"/requests/{written(house, 'answered no on her phone', caller=KIN)['id']}"
    house.done(f"{path}/route", CLERK, {"station": "mutual_aid", "reason": "先送些吃的"})
    assert (told(house, "u002"), len(told(house, "u019"))) == ([], 1)
    problem(house.get(path, CHAIR), 404, "not_found")
    (seen,) = house.seen("/requests?scope=stand_in", CLERK)["items"]
    assert (seen["text"], seen["station"]) == (BEATEN, "mutual_aid")
    body = {"station": "mediation", "reason": "请去调解"}
    problem(house.post(f"{path}/route", CLERK, body), 422, "no_mediation_on_safe_path")
    house.done(f"{path}/hand_over", CLERK, {"receiver": "派出所", "basis": "consent"})


@pytest.mark.parametrize("said", ["with the words", "with the answer"])
def test_a_neighbour_says_that_it_is_about_the_chair_and_the_chair_never_hears(
    house: House, said: str
) -> None:
    about: dict[str, Any] = {"about_office": ["chair"]}
    text = "会长喝了酒就打他老婆，昨天又动手了"
    if said == "with the words":
        made = house.submit("u047", text, emergency_confirmed=False, **about)
    else:
        made = house.submit("u047", text)
        answered = {"danger_now": False, **about}
        house.done(f"/requests/{made['id']}/emergency", "u047", answered)
    assert told(house, CHAIR) == []
    problem(house.get(f"/requests/{made['id']}", CHAIR), 404, "not_found")
    assert len(told(house, CLERK)) == 1
    assert house.seen(f"/requests/{made['id']}", CLERK)["text"] == text
    wrong = {"village": "990101", "text": text, "about_office": ["king"]}
    problem(house.post("/requests", "u047", wrong), 422, "invalid")


def test_who_complains_of_a_lamp_takes_no_office_out(house: House) -> None:
    house.submit("u047", about_office=["chair", "head", "clerk"])
    assert house.rows("select 1 from request_parties") == []


def test_the_clerk_is_not_sent_to_whom_she_fears(movable_clock: None, house: House) -> None:
    written(house, "left unanswered", caller=KIN)
    let_an_hour_pass(house)
    (task,) = house.seen("/phone-tasks", CLERK)["items"]
    assert task["call"] == []
    akin(house, CLERK, KIN)
    assert house.seen("/phone-tasks", CLERK)["items"] == []
    phoned = house.post(f"/phone-tasks/{task['id']}/phoned", CLERK, {"reached": True})
    problem(phoned, 404, "not_found")


def test_where_chair_and_clerk_are_close_to_her_the_township_is_called_again(
    movable_clock: None, house: House
) -> None:
    made = written(house, "left unanswered", caller=KIN)
    akin(house, CLERK, KIN)
    let_an_hour_pass(house)
    for listed in ("/requests?scope=stand_in", "/villages/990101/triage"):
        assert house.seen(listed, CLERK)["items"] == []
    problem(house.get(f"/requests/{made['id']}", CLERK), 404, "not_found")
    problem(house.get(f"/requests/{made['id']}/timeline", CLERK), 404, "not_found")
    assert "急事还没有人看" in told(house, TOWNSHIP)
    assert house.seen("/phone-tasks", CLERK)["items"] == []
    (task,) = house.seen("/phone-tasks", TOWNSHIP)["items"]
    phoned = f"/phone-tasks/{task['id']}/phoned"
    problem(house.post(phoned, CLERK, {"reached": True}), 404, "not_found")
    assert house.post(phoned, TOWNSHIP, {"reached": True}).status_code == 204
    assert house.seen(f"/requests/{made['id']}", TOWNSHIP)["text"] == BEATEN


def test_a_category_makes_no_work_of_it_for_a_station(movable_clock: None, house: House) -> None:
    made = written(house, "left unanswered")
    sent = {"station": "mutual_aid", "category": "AID-09", "reason": "先送些吃的"}
    house.done(f"/requests/{made['id']}/route", CHAIR, sent)
    path = f"/requests/{made['id']}"
    assert house.seen(path, "u002")["waits_for"] == "safe_path"


def test_a_station_ends_what_it_can_help_with_and_sends_no_volunteer(house: House) -> None:
    path = f"/requests/{written(house, 'answered no on her phone')['id']}"
    house.done(f"{path}/route", CHAIR, {"station": "mutual_aid", "reason": "先送些吃的"})
    house.done(f"{path}/accept", "u002")
    problem(house.post(f"{path}/dispatch", "u002"), 422, "needs_other_body")
    house.done(f"{path}/handle", "u002")
    house.done(f"{path}/submit_result", "u002", {"result": "送了米和油"})
    house.done(f"{path}/resolve", "u019")
    assert house.seen(path, "u047")["status"] == "resolved"
