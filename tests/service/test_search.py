"""The search for people as its head meets it: counts that betray nobody, names, a hand-pick."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Any

import pytest

from dispatch.candidates import OF_THE_MOMENT, WHOLE_TIME
from dispatch.policies import registry
from dispatch.why import left_out
from tests.service.house import House
from tests.service.test_answers import offer_of, sent_out
from tests.service.test_heads import CHAIR, HEAD, me
from tests.service.test_problems import problem
from village import clock, outbox
from village.catalog.files import read
from village.db import transaction

OWN = ("u016", "u017", "u035", "u036")
Statements = Callable[[], AbstractContextManager[list[str]]]


def task_of(house: House, request_id: str) -> str:
    (task,) = house.seen(f"/tasks?scope=station&request={request_id}", HEAD)["items"]
    return f"/tasks/{task['id']}"


def looking(house: House, people: int = 2) -> str:
    """A lamp for which people are looked for; returns the path of its task."""
    return task_of(house, sent_out(house, people))


def name(house: House, code: str) -> str:
    return str(house.seen("/me", code)["name"])


def asked(house: House, task: str) -> list[str]:
    """The codes of those who were asked."""
    rows = house.rows(
        "select code from offers join people p on p.id = person_id where task_id = :id",
        id=task.rpartition("/")[2],
    )
    return [row.code for row in rows]


def unasked(house: House, task: str) -> str:
    return next(code for code in OWN if code not in asked(house, task))


def decline(house: House, code: str) -> None:
    house.done(f"/offers/{offer_of(house, code)['id']}/decline", code)
    house.work()


def test_the_task_of_a_request_is_found_by_who_answers_for_it(house: House) -> None:
    request_id, other = sent_out(house), sent_out(house)
    assert task_of(house, request_id) != task_of(house, other)
    path = f"/tasks?scope=station&request={request_id}"
    assert house.seen(path, "u106")["items"] == []
    assert house.seen(path.replace("station", "mine"), "u041")["items"] == []


# ------------------------------------------------------------------ why


def test_the_head_sees_how_many_were_looked_at_asked_and_left_out(house: House) -> None:
    task = looking(house)
    for caller in (HEAD, "u023", CHAIR):
        why = house.seen(f"{task}/why", caller)
        assert why["text"] == "正在找人：问了2位，还没有人答应。"
        assert (why["asked"], why["accepted"]) == (2, [])
    (wave,) = why["rounds"]
    assert (wave["asked"], wave["circle"], wave["by"]) == (2, "station", "policy")
    assert (wave["policy"], wave["text"]) == ("robin_demo-1", "本站的人：轮流问，很久没问过的先问")
    assert ":00:00" in wave["at"]
    look = why["last_look"]
    left = sum(each["people"] for each in look["left_out"])
    assert look["looked_at"] == look["now"] + left
    assert look["now"] >= 2
    assert why["next_look"] is not None
    assert why["neighbours"]["state"] == "none"


def test_only_those_who_said_yes_have_names(house: House) -> None:
    task = looking(house)
    first, second = asked(house, task)
    house.done(f"/offers/{offer_of(house, first)['id']}/accept", first)
    decline(house, second)
    body = house.get(f"{task}/why", HEAD)
    assert [each["name"] for each in body.json["accepted"]] == [name(house, first)]
    others = [name(house, code) for code in OWN if code != first]
    assert not [each for each in others if each in body.text]


def test_a_no_changes_nothing_but_who_is_asked_next(movable_clock: None, house: House) -> None:
    """With so few asked, "answered", or one more before the time, would be somebody's no (N10)."""
    task = looking(house, people=1)
    (only,) = asked(house, task)
    before = house.seen(f"{task}/why", HEAD), house.seen(f"{task}/suggestions", HEAD)
    decline(house, only)
    assert len(asked(house, task)) == 2
    apart = {"village": before[0]["village"]}  # what comes next she must hear before it comes
    assert {**house.seen(f"{task}/why", HEAD), **apart} == before[0]
    assert house.seen(f"{task}/suggestions", HEAD) == before[1]
    clock.step(datetime.fromisoformat(before[0]["next_look"]) - clock.now())
    after = house.seen(f"{task}/why", HEAD)
    assert (before[0]["asked"], after["asked"]) == (1, 2)
    for why in (before[0], after):
        assert (why["waiting"], why["answered"]) == (None, None)
        assert "declined" not in str(why)


@pytest.mark.parametrize("policy", ["robin_demo-1", "paced_strict-1"])
@pytest.mark.parametrize("minutes", [17, 20, 36, 48])
def test_a_no_is_seen_at_no_minute_before_the_look_that_was_announced(
    movable_clock: None, house: House, policy: str, minutes: int
) -> None:
    settings = {"json": {"policy": policy}}
    house.call("PUT", "/villages/990101/dispatch-settings", CHAIR, **settings)
    task = looking(house, people=1)
    for _ in range(minutes):
        clock.step(timedelta(minutes=1))
        with transaction(house.context.engine) as session:
            outbox.sweep_deadlines(session)
        house.work()
    before = house.seen(f"{task}/why", HEAD)
    decline(house, asked(house, task)[-1])
    after = house.seen(f"{task}/why", HEAD)
    assert (after["asked"], after["rounds"]) == (before["asked"], before["rounds"])


def test_who_was_asked_stays_among_those_who_may_be_asked_until_she_says_yes(house: House) -> None:
    task = looking(house, people=1)
    (only,) = asked(house, task)
    listed = [each["name"] for each in house.seen(f"{task}/suggestions", HEAD)["items"]]
    assert name(house, only) in listed
    decline(house, only)
    (second,) = set(asked(house, task)) - {only}
    house.done(f"/offers/{offer_of(house, second)['id']}/accept", second)
    house.rows("update tasks set status = 'open' where id = :id", id=task.rpartition("/")[2])
    house.rows("update requests set status = 'dispatching'")
    now = [each["name"] for each in house.seen(f"{task}/suggestions", HEAD)["items"]]
    assert now[:9] == [each for each in listed if each != name(house, second)]


def test_answers_are_counted_where_they_hide_in_the_crowd(house: House) -> None:
    task = looking(house, people=4)
    for code in ("u032", "u033", "u034"):
        house.rows(
            """insert into offers (id, task_id, request_id, person_id, wave, expires_at,
                   created_at, status, version)
               select gen_random_uuid(), t.id, t.request_id, :person, 1, now() + interval '1 hour',
                   t.shown_as_of, 'offered', 1 from tasks t where t.id = :task""",
            person=me(house, code),
            task=task.rpartition("/")[2],
        )
    house.rows("update offers set status = 'declined' where person_id = :me", me=me(house, "u032"))
    assert house.seen(f"{task}/why", HEAD)["waiting"] is None
    house.rows("update offers set status = 'declined' where person_id = :me", me=me(house, "u033"))
    why = house.seen(f"{task}/why", HEAD)
    total = len(asked(house, task))
    assert (why["asked"], why["waiting"], why["answered"]) == (total, total - 2, 2)


def test_every_hard_rule_has_a_sentence_and_a_refusal_with_a_title() -> None:
    rules = {check.__name__ for check in (*WHOLE_TIME, *OF_THE_MOMENT)}
    assert {row["filter"] for row in read("left_out")} == rules
    titles = {row["code"] for row in read("problem_titles")}
    assert {row["refusal"] for row in read("left_out")} <= titles
    policies = {row["name"] for row in read("search_words") if row["kind"] == "policy"}
    assert set(registry.RULES) <= policies


def test_what_is_private_of_people_is_one_line_together() -> None:
    found = left_out({"not_disliked": 1, "not_too_close": 1, "not_resting": 1, "insured": 4})
    assert [(each.reason, each.people) for each in found] == [("insured", 4), ("others", 3)]


def test_of_a_dispute_nothing_is_said_but_that_people_are_looked_for(house: House) -> None:
    request_id = sent_out(house)
    task = task_of(house, request_id)
    house.rows("update requests set sealed = true where id = :id", id=request_id)
    for caller in (HEAD, CHAIR):
        why = house.seen(f"{task}/why", caller)
        assert why.pop("text").startswith("正在找合适的人")
        assert why.pop("task") in task
        assert set(map(str, why.values())) == {"None", "[]"}


def test_what_the_head_may_not_read_is_not_counted_for_her(house: House) -> None:
    request_id = sent_out(house)
    house.rows("update requests set waits_for = 'safe_path' where id = :id", id=request_id)
    assert house.seen(f"{task_of(house, request_id)}/why", HEAD)["asked"] is None


def test_the_next_village_is_announced_and_can_be_held(house: House) -> None:
    task = looking(house)
    house.rows(
        """insert into village_agreements (id, village_a, village_b, agreed_a_by, agreed_a_at,
               agreed_b_by, agreed_b_at, since)
           values (gen_random_uuid(), '990101', '990102', :me, now(), :me, now(), now())""",
        me=me(house, HEAD),
    )

    def state() -> Any:
        return house.seen(f"{task}/why", HEAD)["neighbours"]

    assert state()["state"] == "if_needed"
    house.rows("update tasks set widens_at = now() + interval '1 hour'")
    assert (state()["state"], state()["at"] is not None) == ("coming", True)
    house.done(f"{task}/hold", HEAD)
    assert state()["state"] == "held"
    house.done(f"{task}/widen", HEAD, {"circle": "neighbours"})
    assert state()["state"] == "soon"


# ------------------------------------------------------------------ suggestions


def test_whom_one_may_ask_is_a_name_with_neutral_reasons(house: House) -> None:
    task = looking(house, people=1)
    found = house.seen(f"{task}/suggestions", HEAD)
    people = [each["person"] for each in found["items"]]
    assert set(people[:4]) == {me(house, code) for code in OWN}
    assert len(people) <= 10
    assert set(found["items"][0]) == {"person", "name", "reasons"}
    assert found["items"][0]["reasons"][0] == "本站的"
    assert "还没有问过" in found["items"][0]["reasons"]
    others = [each["reasons"][0] for each in found["items"][4:]]
    assert others
    assert all(each.startswith("本村") for each in others)


def test_who_was_left_in_peace_for_longest_comes_first_whatever_was_answered(house: House) -> None:
    task = looking(house, people=1)
    last = unasked(house, task)
    house.rows(
        "update volunteers set last_asked_at = now() - interval '5 days' where person_id = :me",
        me=me(house, last),
    )
    house.rows(
        """insert into response_stats (id, person_id, key, yes, tries, at)
           values (gen_random_uuid(), :me, 'all', 9, 9, now())""",
        me=me(house, last),
    )
    items = house.seen(f"{task}/suggestions", HEAD)["items"]
    station = [each for each in items if each["reasons"][0] == "本站的"]
    assert station[-1]["person"] == me(house, last)
    assert "5天没有问过了" in station[-1]["reasons"]


def test_the_next_villages_people_have_no_names_before_they_say_yes(house: House) -> None:
    task = looking(house)
    house.rows(
        """insert into village_agreements (id, village_a, village_b, agreed_a_by, agreed_a_at,
               agreed_b_by, agreed_b_at, since, km)
           values (gen_random_uuid(), '990101', '990105', :me, now(), :me, now(), now(), 1)""",
        me=me(house, HEAD),
    )
    house.rows("update volunteers set next_village = true, next_village_km = 20")
    found = house.seen(f"{task}/suggestions", HEAD)
    assert found["neighbours"] > 0
    there = house.rows(
        """select distinct m.person_id from memberships m where village_code = '990105'
           and person_id not in (select person_id from memberships where village_code = '990101')"""
    )
    theirs = {str(row.person_id) for row in there}
    assert not theirs & {each["person"] for each in found["items"]}
    answer = house.post(f"{task}/invite", HEAD, {"person": min(theirs)})
    problem(answer, 404, "not_found")


def test_a_dispute_is_for_accredited_mediators_alone_without_reasons(house: House) -> None:
    request_id = sent_out(house)
    task = task_of(house, request_id)
    house.rows("update requests set sealed = true where id = :id", id=request_id)
    found = house.seen(f"{task}/suggestions", HEAD)["items"]
    mediators = house.rows(
        "select person_id from role_grants where role = 'mediator' and unit_code = '990101'"
    )
    assert {each["person"] for each in found} <= {str(row.person_id) for row in mediators}
    assert [each["reasons"] for each in found] == [[]] * len(found)
    answer = house.post(f"{task}/invite", HEAD, {"person": me(house, unasked(house, task))})
    problem(answer, 422, "invite_unfit")


def test_nobody_is_suggested_for_what_looks_for_nobody(house: House) -> None:
    request_id = sent_out(house)
    task = task_of(house, request_id)
    house.done(f"/requests/{request_id}/recall", HEAD)
    problem(house.get(f"{task}/suggestions", HEAD), 409, "transition_not_allowed")
    answer = house.post(f"{task}/invite", HEAD, {"person": me(house, "u016")})
    problem(answer, 409, "transition_not_allowed")
    assert house.seen(f"{task}/why", HEAD)["next_look"] is None


# ------------------------------------------------------------------ asking one


def test_a_hand_pick_is_an_invitation_like_every_other(house: House) -> None:
    task = looking(house, people=1)
    code = unasked(house, task)
    done = house.done(f"{task}/invite", HEAD, {"person": me(house, code)})
    assert done == {"person": me(house, code), "name": name(house, code)}
    house.work()
    offer = offer_of(house, code, "open")
    assert offer["allowed_actions"] == ["accept", "decline"]
    assert offer["why"][0]["kind"] == "hand"
    (row,) = house.rows("select * from offers where source = 'hand'")
    assert (str(row.picked_by), row.policy, row.propensity) == (me(house, HEAD), None, None)
    assert row.chance is not None
    assert row.kind == "PUB-03"
    waves = house.seen(f"{task}/why", HEAD)["rounds"]
    assert {(wave["by"], wave["asked"]) for wave in waves} == {("policy", 1), ("hand", 1)}
    due = house.rows("select 1 from due_times where kind = 'offer_round' and fired_at is null "
                     "and cancelled_at is null")  # fmt: skip
    assert len(due) == 1


def test_asking_again_asks_nobody_twice_and_tells_nothing(house: House) -> None:
    task = looking(house, people=1)
    code = unasked(house, task)
    body = {"person": me(house, code)}
    first = house.post(f"{task}/invite", HEAD, body)
    again = house.post(f"{task}/invite", CHAIR, body)
    house.work()
    decline(house, code)
    after_the_no = house.post(f"{task}/invite", HEAD, body)
    answers = {(each.status_code, each.text) for each in (first, again, after_the_no)}
    assert len(answers) == 1
    assert asked(house, task).count(code) == 1


def test_a_hand_pick_counts_as_a_message(house: House) -> None:
    task, code = looking(house, people=1), ""
    code = unasked(house, task)
    house.rows("update dispatch_settings set day_cap = 1 where village_code = '990101'")
    house.done(f"{task}/invite", HEAD, {"person": me(house, code)})
    other = looking(house, people=1)
    assert me(house, code) not in [
        each["person"] for each in house.seen(f"{other}/suggestions", HEAD)["items"]
    ]
    answer = house.post(f"{other}/invite", HEAD, {"person": me(house, code)})
    problem(answer, 422, "invite_enough")


PRIVATE = {
    "kin": """insert into conflict_declarations (person_id, other_id, kind, declared_at)
              select :me, requester_id, 'kin', now() from requests limit 1""",
    "away": """insert into time_off (id, person_id, starts_at, ends_at)
               values (gen_random_uuid(), :me, now() - interval '1 day',
                       now() + interval '90 days')""",
    "tired": """update volunteers set rest_until = now() + interval '1 day', rest_by = :me
                where person_id = :me""",
    "dislikes": "update volunteers set disliked = '{PUB-03}' where person_id = :me",
}


@pytest.mark.parametrize("why", PRIVATE)
def test_what_is_private_is_refused_in_one_and_the_same_word(house: House, why: str) -> None:
    task = looking(house, people=1)
    code = unasked(house, task)
    house.rows(PRIVATE[why], me=me(house, code))
    answer = house.post(f"{task}/invite", HEAD, {"person": me(house, code)})
    body = problem(answer, 422, "invite_unfit")
    assert body["title"] == "这次请这位不合适，请另请一位"
    assert body["detail"] == "a hard rule leaves this person out"
    assert code not in asked(house, task)


OPEN = {
    "invite_unskilled": "update tasks set skills = '{焊接证}'",
    "invite_not_insured": "update volunteers set insured_until = null where person_id = :me",
    "invite_unreachable": "delete from wechat_identities where person_id = :me",
    "invite_busy": "update volunteers set max_open_tasks = 0 where person_id = :me",
    "invite_too_young": """update people set birth_year = 2012 where id = :me""",
    "invite_later": "update volunteers set quiet_from = 0, quiet_to = 1440 where person_id = :me",
}


@pytest.mark.parametrize("code", OPEN)
def test_what_the_head_can_do_something_about_is_named(house: House, code: str) -> None:
    task = looking(house, people=1)
    who = unasked(house, task)
    if code in ("invite_not_insured", "invite_too_young"):
        house.rows("update tasks set risk = 2")
    house.rows(OPEN[code], me=me(house, who))
    answer = house.post(f"{task}/invite", HEAD, {"person": me(house, who)})
    problem(answer, 422, code)
    assert who not in asked(house, task)


@pytest.mark.parametrize("why", ["invite_unreachable", "invite_busy", "invite_later"])
def test_of_a_dispute_every_refusal_is_the_same(house: House, why: str) -> None:
    task = looking(house, people=1)
    who = unasked(house, task)
    grant = """insert into role_grants (id, person_id, role, unit_code, station, valid_from)
               values (gen_random_uuid(), :me, 'mediator', '990101', 'mediation', now())"""
    house.rows(grant, me=me(house, who))
    house.rows("update requests set sealed = true")
    house.rows(OPEN[why], me=me(house, who))
    answer = house.post(f"{task}/invite", HEAD, {"person": me(house, who)})
    assert problem(answer, 422, "invite_unfit")["detail"] == "a hard rule leaves this person out"


def test_who_is_no_volunteer_here_is_not_found(house: House) -> None:
    task = looking(house)
    for person in (me(house, "u041"), "01900000-0000-7000-8000-000000000000"):
        problem(house.post(f"{task}/invite", HEAD, {"person": person}), 404, "not_found")
    problem(house.post(f"{task}/invite", HEAD, {"person": "x"}), 422, "invalid")
    problem(house.post(f"{task}/invite", HEAD), 422, "invalid")


def test_a_head_close_to_the_requester_picks_nobody(house: House) -> None:
    task = looking(house, people=1)
    house.rows(
        """insert into conflict_declarations (person_id, other_id, kind, declared_at)
           values (:one, :other, 'kin', now())""",
        one=me(house, HEAD),
        other=me(house, "u041"),
    )
    body = {"person": me(house, unasked(house, task))}
    problem(house.post(f"{task}/invite", HEAD, body), 403, "recused")
    problem(house.get(f"{task}/suggestions", HEAD), 403, "recused")
    house.done(f"{task}/invite", CHAIR, body)


def test_the_search_is_read_in_few_statements(house: House, statements: Statements) -> None:
    task = looking(house)
    for path, most in (("why", 10), ("suggestions", 13)):
        house.seen(f"{task}/{path}", HEAD)
        with statements() as found:
            house.seen(f"{task}/{path}", HEAD)
        assert len(found) <= most, found
