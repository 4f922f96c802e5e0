"""Every row of the request's table, taken on the real database: as it should be, and refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from tests.village.town import (
    ELSEWHERE,
    HALVES,
    LAMP,
    OTHER,
    QUESTION,
    STATION,
    VILLAGE,
    Town,
    other,
)
from village import clock
from village.access import THE_SYSTEM, Actor
from village.errors import (
    Forbidden,
    GuardFailed,
    Invalid,
    NotFound,
    Recused,
    WrongState,
    WuzhanError,
)
from village.ids import new_id
from village.models import Category, DutyShift, Event, PhoneCall, Place, RequestParty, Task
from village.relations import (
    ABOVE,
    CALLER,
    CHAIR,
    ENTERER,
    HEAD,
    ON_DUTY,
    REQUESTER,
    STAND_IN,
    SYSTEM,
)
from village.workflow import (
    recusal,
    request_callback,
    request_clock,
    request_duty,
    request_escalation,
    request_review,
    request_silence,
    request_suspend,
)
from village.workflow import request_advice as advice
from village.workflow import request_merge as merge
from village.workflow import request_rules as rules
from village.workflow import request_safe as safe
from village.workflow import request_split as split
from village.workflow import request_transfers as transfers
from village.workflow import request_words as words
from village.workflow.engine import START, Transition
from village.workflow.request import REQUEST

PAYLOADS: dict[str, dict[str, Any]] = {
    "helped": {"helped": "yes"},
    "route": {"station": "sanitation", "reason": "归卫生"},
    "ask": {"question": "哪一盏？"},
    "answer": {"text": "第三盏"},
    "refer": {"referral": "water", "advice": ELSEWHERE["advice"]},
    "ask_chair": {"reason": "说不清归谁", "proposed": "sanitation"},
    "reject": {"reason": "spam", "advice": "请打12345"},
    "submit_result": {"result": "换了灯泡"},
    "send_back": {"reason": "还有一盏"},
    "confirm": {"solved": "yes", "rating": 5},
    "reopen": {"reason": "又坏了"},
    "hand_over": {"receiver": "供电所", "basis": "requester_consents"},
    "hide_me": {"hide": True},
    "merge": {"into": OTHER},
    "take_in": {"number": "QT20261122-0001"},
    "let_go": {"number": "QT20261122-0001"},
    "split": {"parts": HALVES},
    "call_back": {"solved": "yes", "rating": 5},
    "still_open": {"reason": "又坏了"},
    "heard": {"text": "第三盏"},
    "ask_review": {"reason": "是村里的事"},
    "uphold": {"advice": "请打12345"},
    "ask_unresolved": {"reason": "没有零件了"},
    "try_again": {"reason": "问问邻村"},
    "countersign": {"reason": "没有零件了", "advice": "请打12345"},
    "escalate": {"reason": "缺一台吊车"},
    "answer_escalation": {"text": "乡里借一台来"},
    "re_raise": {"reason": "还是没有人来"},
    "suspend": {"reason": "weather", "until": date(2027, 1, 8), "comment": "等天晴"},
}


def unanswered(town: Town, source: str) -> UUID:
    request_id = town.hold()
    town.system(request_id, "presume_danger")
    return request_id


def feared(town: Town, source: str) -> UUID:
    """Violence at home: the question of danger was put, and for `triage` nobody answered it."""
    request_id = town.hold()
    town.set(request_id, emergency=QUESTION | {"kind": "dv"})
    if source == "triage":
        town.system(request_id, "presume_danger")
    return request_id


def asked(town: Town, source: str) -> UUID:
    request_id = town.bring(source)
    town.set(request_id, emergency=QUESTION)
    return request_id


def without_station(town: Town, source: str) -> UUID:
    return town.hold(category=None)


def nowhere(town: Town, source: str) -> UUID:
    request_id = town.bring("triage")
    if source == "needs_info":
        town.act(request_id, "ask", town.chair, question="在哪里？")
    if source == "suspended":
        town.act(request_id, "suspend", town.chair, **PAYLOADS["suspend"])
    return request_id


def elsewhere_asked(town: Town, source: str) -> UUID:
    return town.hold(category=None, **ELSEWHERE)


def short(town: Town, source: str) -> UUID:
    request_id = town.bring("dispatching")
    town.take_place(request_id, town.helpers[0])
    town.system(request_id, "run_short")
    return request_id


def reopened(town: Town, source: str) -> UUID:
    request_id = town.bring("resolved")
    town.act(request_id, "reopen", town.villager, reason="又坏了")
    return request_id


def resolved_again(town: Town, source: str) -> UUID:
    request_id = reopened(town, source)
    town.act(request_id, "submit_result", town.deputy, result="又换了")
    town.act(request_id, "resolve")
    if source == "closed":
        town.act(request_id, "confirm", town.villager, solved="yes")
    return request_id


def resolved_thrice(town: Town, source: str) -> UUID:
    request_id = resolved_again(town, source)
    town.set(request_id, reopened=2)
    return request_id


DOUBT = {"chosen": LAMP, "decision": "routed", "station": "sanitation", "category": None,
         "priority": "P3", "waits_for": None, "advice": None, "answer": None}  # fmt: skip


def in_doubt(town: Town, source: str, **other: Any) -> UUID:
    request_id = town.bring(source)
    routing = {"decision": "routed", "reasons": [], "asks": {**DOUBT, **other}}
    town.set(request_id, routing={**routing, "station": town.request(request_id).station})
    return request_id


def in_doubt_elsewhere(town: Town, source: str) -> UUID:
    return in_doubt(town, source, decision="not_ours", station=None)


def merged_in_triage(town: Town, source: str) -> UUID:
    request_id = town.bring("triage")
    town.act(request_id, "merge", town.chair, into=other(town))
    return request_id


def accepted_and_merged(town: Town, source: str) -> UUID:
    request_id = town.bring("accepted")
    town.act(request_id, "merge", into=other(town))
    return request_id


def late(town: Town, source: str) -> UUID:
    request_id = town.bring(source)
    an_hour_ago = clock.now() - timedelta(hours=1)
    town.set(request_id, first_response_due=an_hour_ago, resolve_due=an_hour_ago)
    return request_id


def told_late(town: Town, source: str) -> UUID:
    request_id = late(town, source)
    town.set(request_id, resolve_breached_at=clock.now())
    return request_id


def escalated(town: Town, source: str) -> UUID:
    request_id = told_late(town, source)
    town.set(request_id, escalated_to="chair")
    return request_id


def escalated_further(town: Town, source: str) -> UUID:
    request_id = town.bring(source)
    town.set(request_id, escalated_to="clerk")
    return request_id


def answered(town: Town, source: str) -> UUID:
    request_id = town.bring(source)
    town.set(request_id, answered_rung="chair")
    return request_id


def urgent(town: Town, source: str) -> UUID:
    request_id = town.bring(source)
    town.set(request_id, priority="P1", seen_at=None)
    return request_id


def entered(town: Town, source: str) -> UUID:
    request_id = town.bring(source)
    town.set(request_id, proxy_id=town.clerk.person_id)
    return request_id


def put_off(state: str) -> Callable[[Town, str], UUID]:
    def go(town: Town, source: str) -> UUID:
        request_id = town.bring(state)
        actor = town.chair if state == "triage" else town.head
        town.act(request_id, "suspend", actor, **PAYLOADS["suspend"])
        return request_id

    return go


def consent_asked(town: Town, source: str) -> UUID:
    request_id = town.bring("suspended")
    town.system(request_id, "ask_consent")
    return request_id


def phoned(town: Town, source: str) -> UUID:
    request_id = town.bring("needs_info")
    town.act(request_id, "phone_try")
    return request_id


def silent(town: Town, source: str) -> UUID:
    request_id = phoned(town, source)
    town.system(request_id, "lapse")
    return request_id


def silent_nowhere(town: Town, source: str) -> UUID:
    request_id = nowhere(town, "needs_info")
    town.act(request_id, "phone_try", town.chair)
    town.system(request_id, "lapse")
    return request_id


def under_review(town: Town, source: str) -> UUID:
    request_id = town.bring("rejected")
    town.act(request_id, "ask_review", town.villager, reason="是村里的事")
    return request_id


def unresolved_asked(town: Town, source: str) -> UUID:
    request_id = town.bring(source)
    town.act(request_id, "ask_unresolved", reason="没有零件了")
    return request_id


UNKNOWN = (HEAD, "triage")  # what lies at no station is the chair's

# How to bring a request to where a row with a condition applies.
READY: dict[Any, Callable[[Town, str], UUID]] = {
    advice.is_not_ours: elsewhere_asked,
    rules.is_nowhere: nowhere,
    rules.was_asked: asked,
    rules.is_unconfirmed: unanswered,
    safe.is_unconfirmed: feared,
    safe.is_safe_path: feared,
    rules.is_short: short,
    rules.was_reopened: reopened,
    rules.reopened_before: resolved_again,
    rules.reopened_once: resolved_again,
    rules.reopened_twice: resolved_thrice,
    words.is_asked: in_doubt,
    words.is_asked_station: in_doubt,
    words.is_asked_elsewhere: in_doubt_elsewhere,
    merge.was_accepted: accepted_and_merged,
    merge.was_triage: merged_in_triage,
    request_clock.is_unanswered_in_time: late,
    request_clock.is_unsolved_in_time: late,
    request_escalation.is_still_late: told_late,
    request_escalation.awaits_signature: escalated,
    request_escalation.is_the_chair_s: escalated,
    request_escalation.is_above_the_village: escalated_further,
    request_escalation.may_be_re_raised: answered,
    request_duty.is_unseen: urgent,
    request_callback.is_entered: entered,
    request_suspend.from_triage: put_off("triage"),
    request_suspend.from_needs_info: put_off("needs_info"),
    request_suspend.from_submitted: put_off("submitted"),
    request_suspend.from_accepted: put_off("dispatching"),
    request_suspend.from_in_progress: put_off("in_progress"),
    request_suspend.from_checking: put_off("checking"),
    request_suspend.awaits_consent: consent_asked,
    request_silence.was_phoned: phoned,
    request_review.is_under_review: under_review,
    request_review.is_asked: unresolved_asked,
    request_silence.lapsed: silent,
    request_silence.lapsed_nowhere: silent_nowhere,
    request_silence.has_no_station: nowhere,
}


def prepared(town: Town, row: Transition, source: str, role: str) -> UUID:
    request_id = brought(town, row, source, role)
    if role == ABOVE:
        town.set(request_id, escalated_to="clerk")
    if role in (ENTERER, CALLER):
        town.set(request_id, proxy_id=town.clerk.person_id)
    if role == CALLER:
        call = PhoneCall(id=new_id(), request_id=request_id, kind="call_back")
        call.event_id, call.caller_id = town.events(request_id)[-1].id, town.clerk.person_id
        call.title, call.text, call.created_at = "请打电话", "问问办好没有", clock.now()
        town.add(call)
    if role == ON_DUTY:
        town.set(request_id, priority="P1", seen_at=None, duty_rung="head")
        on_duty(town, request_id)
    return request_id


def on_duty(town: Town, request_id: UUID) -> None:
    """The head of another station is on the rota, and the first rung was called."""
    made, now = town.events(request_id)[-1], clock.now()
    turn = {"starts_at": now - timedelta(hours=1), "ends_at": now + timedelta(hours=8)}
    town.add(DutyShift(village_code=VILLAGE, person_id=sweeper(town).person_id, **turn))
    facts = {"machine": "request", "subject_id": request_id, "action": "duty_call"}
    facts |= {"from_status": made.to_status, "to_status": made.to_status, "actor_role": SYSTEM}
    town.add(Event(request_id=request_id, at=now, data={"rung": "head"}, **facts))


def sweeper(town: Town) -> Actor:
    if id(town) not in SWEEPERS:
        SWEEPERS[id(town)] = town.person("卫生站长", ("head", "sanitation"))
    return SWEEPERS[id(town)]


SWEEPERS: dict[int, Actor] = {}


def feared_chair(town: Town, source: str) -> UUID:
    """What takes the safe path is kept by who stands in, at a station too."""
    request_id = town.bring(source)
    town.set(request_id, waits_for="safe_path")
    chair = town.chair.person_id
    town.add(RequestParty(request_id=request_id, person_id=chair, at=clock.now()))
    return request_id


def brought(town: Town, row: Transition, source: str, role: str) -> UUID:
    if role == STAND_IN and source != "triage":
        return feared_chair(town, source)
    if role == STAND_IN:
        urgent: dict[str, Any] = {"priority": "P1"} if row.when is request_duty.is_unseen else {}
        if row.when is request_review.is_under_review:
            urgent = {"review_asked_at": clock.now()}
        return town.submit(town.nephew, category=None, **urgent)
    if row.action == "still_open" and row.target == "triage" and not row.when:
        return resolved_again(town, source)
    if (row.action, source, row.target) == ("no_danger", "draft", "triage"):
        return without_station(town, source)
    other(town)
    ready = READY.get(row.when)
    return ready(town, source) if ready else town.bring(source)


def actor_of(town: Town, role: str) -> Actor:
    people = {REQUESTER: town.villager, HEAD: town.head, CHAIR: town.chair, SYSTEM: THE_SYSTEM}
    if role == ON_DUTY:
        return sweeper(town)
    return town.clerk if role in (STAND_IN, ENTERER, CALLER, ABOVE) else people[role]


def cases() -> Iterator[Any]:
    for index, row in enumerate(REQUEST.rows):
        for source in row.sources:
            for role in row.who:
                if source != START and (role, source) != UNKNOWN:
                    name = f"{row.action}-{source}-{row.target}-{role}"
                    yield pytest.param(index, source, role, id=name)


@pytest.fixture(autouse=True)
def hands_free(shared_town: Town) -> Iterator[None]:
    """What one test has left in a helper's hands is not in the next one's way."""
    yield
    held = sa.update(Place).where(Place.status.in_(("taken", "checked_in")))
    shared_town.run(lambda session: session.execute(held.values(status="completed")))


@pytest.mark.parametrize(("index", "source", "role"), [*cases()])
def test_every_row_leads_where_it_says_and_leaves_its_event(
    shared_town: Town, index: int, source: str, role: str
) -> None:
    town, row = shared_town, REQUEST.rows[index]
    request_id = prepared(town, row, source, role)
    before = town.request(request_id)
    assert before.status == source
    actor, sent = actor_of(town, role), PAYLOADS.get(row.action, {})
    assert town.act(request_id, row.action, actor, **sent) == row.target
    after, event = town.request(request_id), town.events(request_id)[-1]
    assert (after.status, after.version) == (row.target, before.version + 1)
    assert (event.action, event.from_status, event.to_status) == (row.action, source, row.target)
    assert (event.actor_id, event.actor_role) == (actor.person_id, role)
    assert {name: event.data.get(name) for name in sent if name in row.keeps} == {
        name: sent[name] for name in sent if name in row.keeps
    }


def too_close(town: Town, request_id: UUID, actor: Actor) -> None:
    requester = town.person("堂弟")
    town.kin(actor, requester)
    if actor == town.clerk:
        town.kin(town.chair, requester)
    town.set(request_id, requester_id=requester.person_id)


def at_target(town: Town, request_id: UUID, actor: Actor) -> None:
    town.set(request_id, station="sanitation")


def been_back(town: Town, request_id: UUID, actor: Actor) -> None:
    for station in ("sanitation", "public_works"):
        town.act(request_id, "route", town.chair, station=station, reason="会长定")


def dispute(town: Town, request_id: UUID, actor: Actor) -> None:
    town.set(request_id, sealed=True)


def perhaps_danger(town: Town, request_id: UUID, actor: Actor) -> None:
    town.set(request_id, waits_for="unconfirmed_danger")


def beaten(town: Town, request_id: UUID, actor: Actor) -> None:
    town.set(request_id, waits_for="safe_path")


def elsewhere(town: Town, request_id: UUID, actor: Actor) -> None:
    town.set(request_id, waits_for="mediation")


def dangerous(town: Town, request_id: UUID, actor: Actor) -> None:
    town.set(request_id, category="PUB-06")


def at_work(town: Town, request_id: UUID, actor: Actor) -> None:
    task = town.task(town.bring("assigned"))
    move = sa.update(Task).where(Task.id == task.id).values(request_id=request_id)
    town.run(lambda session: session.execute(move))


def nobody(town: Town, request_id: UUID, actor: Actor) -> None:
    leave = sa.update(Place).where(Place.task_id == town.task(request_id).id)
    town.run(lambda session: session.execute(leave.values(status="open", person_id=None)))


def same_person(town: Town, request_id: UUID, actor: Actor) -> None:
    town.set(request_id, done_by=actor.person_id)


def long_ago(town: Town, request_id: UUID, actor: Actor) -> None:
    town.set(request_id, resolved_at=clock.now() - timedelta(days=15, minutes=1))


def refused_herself(town: Town, request_id: UUID, actor: Actor) -> None:
    """Who refused it was the chair, or whoever stands in for her."""
    made = town.events(request_id)[-1]
    facts = {"machine": "request", "subject_id": request_id, "action": "reject", "data": {}}
    facts |= {"from_status": "triage", "to_status": "triage", "actor_role": "chair"}
    town.add(Event(request_id=request_id, actor_id=actor.person_id, at=made.at, **facts))


def asked_herself(town: Town, request_id: UUID, actor: Actor) -> None:
    town.set(request_id, unresolved_by=actor.person_id)


def ended_long_ago(town: Town, request_id: UUID, actor: Actor) -> None:
    town.set(request_id, ended_at=clock.now() - timedelta(days=15, minutes=1))


def tip_off(town: Town, request_id: UUID, actor: Actor) -> None:
    town.set(request_id, advice=[{"kind": "crime", "may_keep": False}])


def a_month_ago(town: Town, request_id: UUID, actor: Actor) -> None:
    town.set(request_id, ended_at=clock.now() - timedelta(days=30, minutes=1))


def hidden(town: Town, request_id: UUID, actor: Actor) -> None:
    town.set(request_id, hide_me=True)


def taken_in(town: Town, request_id: UUID, actor: Actor) -> None:
    town.set(accepted_and_merged(town, "merged"), merged_into=request_id)


def said_apart(town: Town, request_id: UUID, actor: Actor) -> None:
    town.act(request_id, "merge", actor, into=other(town))
    town.act(request_id, "unmerge", town.villager)


def other_long_ago(town: Town, request_id: UUID, actor: Actor) -> None:
    ended = town.bring("resolved")
    long_ago(town, ended, actor)
    town.set(request_id, merged_into=ended)


def other_words(town: Town, request_id: UUID, actor: Actor) -> None:
    town.set(request_id, text="村口到小学那段路灯坏了三盏，还有一盏")


# What makes each guard refuse, and the code that it refuses with.
SPOILED: dict[Any, tuple[Callable[[Town, UUID, Actor], None], type[WuzhanError], str]] = {
    recusal.not_recused: (too_close, Recused, "recused"),
    transfers.other_station: (at_target, GuardFailed, "same_station"),
    transfers.no_second_return: (been_back, GuardFailed, "chair_decides"),
    transfers.stays_sealed: (dispute, GuardFailed, "sealed_stays"),
    safe.no_mediation: (beaten, GuardFailed, "no_mediation_on_safe_path"),
    rules.is_confirmed: (perhaps_danger, GuardFailed, "emergency_stays"),
    rules.has_machine: (elsewhere, GuardFailed, "needs_other_body"),
    rules.may_be_handled: (elsewhere, GuardFailed, "needs_other_body"),
    rules.for_volunteers: (dangerous, GuardFailed, "not_for_volunteers"),
    rules.no_live_task: (at_work, GuardFailed, "task_open"),
    rules.somebody_accepted: (nobody, GuardFailed, "nobody_yet"),
    rules.second_person: (same_person, GuardFailed, "second_person_needed"),
    rules.within_15_days: (long_ago, GuardFailed, "too_late"),
    request_review.within_7_days: (ended_long_ago, GuardFailed, "too_late_to_review"),
    request_review.did_not_refuse: (refused_herself, GuardFailed, "second_person_needed"),
    request_review.did_not_ask: (asked_herself, GuardFailed, "second_person_needed"),
    request_silence.within_15_days_of_end: (ended_long_ago, GuardFailed, "too_late"),
    merge.is_same_place: (hidden, GuardFailed, "cannot_merge"),
    merge.took_nothing_in: (taken_in, GuardFailed, "has_merged"),
    merge.not_said_apart: (said_apart, GuardFailed, "said_apart"),
    merge.within_15_days: (other_long_ago, GuardFailed, "too_late"),
    advice.may_be_kept: (tip_off, GuardFailed, "never_queued"),
    split.holds_all: (other_words, Invalid, "invalid"),
    advice.within_30_days: (a_month_ago, GuardFailed, "too_late_to_keep"),
}


def guarded() -> Iterator[Any]:
    for index, row in enumerate(REQUEST.rows):
        roles = [role for role in row.who if role != SYSTEM]
        for guard in row.guards:
            if row.sources != (START,):
                name = f"{row.action}-{row.sources[0]}-{roles[0]}-{guard.__name__}"
                yield pytest.param(index, roles[0], guard, id=name)


@pytest.mark.parametrize(("index", "role", "guard"), [*guarded()])
def test_every_guard_refuses_and_leaves_everything_as_it_was(
    shared_town: Town, index: int, role: str, guard: Any
) -> None:
    town, row = shared_town, REQUEST.rows[index]
    request_id = prepared(town, row, row.sources[0], role)
    spoil, error, code = SPOILED[guard]
    actor = actor_of(town, role)
    if guard is recusal.not_recused and role == STAND_IN:
        error, code = NotFound, "not_found"  # who is close does not even stand in
    if guard is recusal.not_recused and role == ON_DUTY:
        error, code = NotFound, "not_found"  # who is close is not called
    if guard is transfers.other_station and role == HEAD:
        actor = town.person("卫生站长", ("head", "sanitation"))
    sent = PAYLOADS.get(row.action, {})
    if guard is safe.no_mediation:
        sent = {**sent, "station": "mediation"}
    spoil(town, request_id, actor)
    before = town.request(request_id)
    with pytest.raises(error) as caught:
        town.act(request_id, row.action, actor, **sent)
    assert caught.value.code == code
    assert vars_of(town.request(request_id)) == vars_of(before)


def vars_of(row: Any) -> dict[str, Any]:
    return {name: value for name, value in vars(row).items() if not name.startswith("_")}


@pytest.mark.parametrize(
    ("action", "category"), [("submit", LAMP), ("submit", None), ("hold", LAMP)]
)
def test_nothing_begins_without_consent(
    shared_town: Town, action: str, category: str | None
) -> None:
    request = shared_town.new(category=category, consent_version=None)
    someone = Actor(shared_town.villager.person_id, consent=None)
    with pytest.raises(GuardFailed) as caught:
        shared_town.start(request, action, someone)
    assert caught.value.code == "consent_needed"


@pytest.mark.parametrize(
    ("facts", "action", "status"),
    [
        ({"category": LAMP}, "submit", "submitted"),
        ({"category": None}, "submit", "triage"),
        ({"category": None, **ELSEWHERE}, "submit", "not_ours"),
        ({"category": LAMP}, "hold", "draft"),
    ],
)
def test_a_request_begins_where_routing_put_it(
    shared_town: Town, facts: dict[str, Any], action: str, status: str
) -> None:
    request_id = shared_town.start(shared_town.new(**facts), action)
    row, (event,) = shared_town.request(request_id), shared_town.events(request_id)
    assert (row.status, row.version, event.from_status) == (status, 1, None)
    assert row.number.startswith("QT20261125-")


def test_every_guard_of_the_table_is_seen_to_refuse() -> None:
    used = {guard for row in REQUEST.rows for guard in row.guards}
    assert used == {*SPOILED, rules.has_consent}


@pytest.mark.parametrize("action", REQUEST.actions())
def test_who_has_nothing_to_do_with_a_request_does_not_know_of_it(
    shared_town: Town, action: str
) -> None:
    stranger = shared_town.person("外人", ("head", "culture"))
    with pytest.raises(NotFound):
        shared_town.act(shared_town.submit(), action, stranger, **PAYLOADS.get(action, {}))


def test_heads_do_not_know_of_what_waits_for_the_chair(shared_town: Town) -> None:
    with pytest.raises(NotFound):
        shared_town.act(shared_town.bring("triage"), "hand_over", **PAYLOADS["hand_over"])


@pytest.mark.parametrize("action", ["accept", "reject", "dispatch", "resolve", "route"])
def test_the_requester_cannot_take_the_station_s_steps(shared_town: Town, action: str) -> None:
    with pytest.raises(Forbidden):
        shared_town.act(shared_town.submit(), action, shared_town.villager)


@pytest.mark.parametrize("action", ["confirm", "answer", "withdraw", "danger", "no_danger"])
def test_the_station_cannot_speak_for_the_requester(shared_town: Town, action: str) -> None:
    for actor in (shared_town.head, shared_town.chair):
        with pytest.raises(Forbidden):
            shared_town.act(shared_town.submit(), action, actor)


def test_a_step_in_the_wrong_state_says_what_is_possible_instead(shared_town: Town) -> None:
    with pytest.raises(WrongState) as caught:
        shared_town.act(shared_town.submit(), "resolve")
    assert caught.value.extra["current_status"] == "submitted"
    assert {"accept", "ask", "reject"} <= set(caught.value.extra["allowed_actions"])


def test_every_role_of_the_table_is_one_that_the_tests_can_play() -> None:
    roles = {REQUESTER, HEAD, CHAIR, STAND_IN, SYSTEM, ENTERER, CALLER, ABOVE, ON_DUTY}
    assert {who for row in REQUEST.rows for who in row.who} == roles


def test_what_is_allowed_is_what_can_be_done(shared_town: Town) -> None:
    request_id = shared_town.submit()
    row = shared_town.request(request_id)
    offered = REQUEST.allowed_actions(row, frozenset({HEAD}))
    assert offered == [
        "route", "ask_chair", "accept", "ask", "reject", "merge", "split", "hand_over", "suspend",
        "escalate",
    ]  # fmt: skip
    other(shared_town)
    for action in offered:
        another = shared_town.submit()
        shared_town.act(another, action, **PAYLOADS.get(action, {}))


def test_the_limits_of_the_catalog_are_those_that_are_stored(shared_town: Town) -> None:
    request_id = shared_town.submit()
    row = shared_town.request(request_id)
    category = shared_town.run(lambda session: session.get_one(Category, LAMP))
    assert row.submitted_at is not None
    assert row.first_response_due == clock.add_service_hours(
        row.submitted_at, category.first_response_hours
    )
    assert row.resolve_due == clock.end_of_service_day(row.submitted_at, category.resolve_days)
    assert shared_town.due(request_id, "resolve") == [row.resolve_due]
    assert row.station == STATION
