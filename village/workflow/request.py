"""The request's workflow (诉求工单), `domain/workflows.md` 3.1: read it as a table."""

from __future__ import annotations

from functools import cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningInsert

from village import access, clock, duty
from village.access import Actor
from village.db import table
from village.models import Place, Request, Task
from village.models.requests import REQUEST_STATES, number_sequence
from village.relations import CALLER, CHAIR, ENTERER, HEAD, ON_DUTY, REQUESTER, STAND_IN, SYSTEM
from village.safe_path import is_safe_path
from village.workflow import (
    recusal,
    request_clock,
    request_duty,
    request_escalation,
    request_review,
    request_silence,
    request_suspend,
)
from village.workflow import request_advice as advice
from village.workflow import request_callback as callback
from village.workflow import request_limits as limits
from village.workflow import request_merge as merge
from village.workflow import request_rules as rules
from village.workflow import request_safe as safe
from village.workflow import request_split as split
from village.workflow import request_transfers as transfers
from village.workflow import request_words as words
from village.workflow.engine import (
    LOCK,
    START,
    Guard,
    Machine,
    Step,
    Tell,
    Transition,
    column_values,
)

STAFF = (HEAD, CHAIR)
# Until she claims it, who entered it for her says what she says; but not that it is solved.
HERS = (REQUESTER, ENTERER)
ENTERED = ("source", "consent_how")
OPEN = ("submitted", "triage", "needs_info", "accepted", "dispatching", "assigned")
ACTIVE = (*OPEN, "in_progress", "suspended", "checking")
AT_STATION = tuple(state for state in ACTIVE if state != "triage")
MOVE = ("station", "category", "reason")
MOVED = (recusal.not_recused, transfers.stays_sealed, safe.no_mediation)
T = Transition
# Those who said 我也是 hear of the main steps in their inboxes.
FOLLOWERS = Tell("followers", push=False)

TABLE: tuple[Transition, ...] = (
    # ------------------------------------------------------------------ asking for help
    T("submit", (START,), "submitted", HERS, "R1, R3",
      when=rules.is_routed, guards=(rules.has_consent,), effects=(limits.set_limits,),
      keeps=ENTERED, tell=(Tell(REQUESTER, "N01", push=False), Tell(HEAD, "N13"))),
    T("submit", (START,), "not_ours", HERS, "R31",
      when=advice.is_not_ours, guards=(rules.has_consent,), effects=(advice.forget_tip_off,),
      keeps=ENTERED, tell=(Tell(REQUESTER, push=False),)),
    T("submit", (START,), "triage", HERS, "R1, R4",
      guards=(rules.has_consent,), effects=(limits.set_limits,),
      keeps=ENTERED, tell=(Tell(REQUESTER, "N01", push=False), *recusal.TRIAGE)),
    T("visit", (START,), "accepted", (SYSTEM,), "R1, 3.8", effects=(limits.set_limits,)),
    T("open_visit", ("accepted",), "dispatching", (SYSTEM,), "R13, 3.8",
      effects=(rules.open_task,),
      tell=(Tell(REQUESTER, push=False), Tell(HEAD, push=False))),
    T("hold", (START,), "draft", HERS, "R1", guards=(rules.has_consent,), keeps=ENTERED),
    *(T("hide_me", (state,), state, HERS, "R1",
        effects=(words.hide_or_show, merge.part_merged), keeps=("hide",))
      for state in ("draft", *ACTIVE)),
    *(T("claim", (state,), state, (REQUESTER,), "R1",
        when=callback.is_entered, effects=(callback.speak_for_herself,))
      for state in REQUEST_STATES),
    # ------------------------------------------------------------------ the emergency question
    T("danger", ("draft", "not_ours", *ACTIVE), "handed_over", HERS, "R2",
      when=rules.was_asked, effects=(rules.hand_to_rescue, rules.cancel_task),
      tell=(Tell(REQUESTER, "N07", push=False), Tell(HEAD), Tell(CHAIR))),
    T("no_danger", ("draft",), "submitted", HERS, "R1, R3",
      when=rules.is_routed, effects=(limits.set_limits, rules.no_danger),
      tell=(Tell(REQUESTER, "N01", push=False), Tell(HEAD, "N13"))),
    T("no_danger", ("draft",), "not_ours", HERS, "R31",
      when=advice.is_not_ours, effects=(rules.no_danger, advice.forget_tip_off),
      tell=(Tell(REQUESTER, push=False),)),
    T("no_danger", ("draft",), "triage", HERS, "R1, R4",
      effects=(limits.set_limits, rules.no_danger),
      tell=(Tell(REQUESTER, "N01", push=False), *recusal.TRIAGE)),
    T("no_danger", ("submitted",), "submitted", HERS, "R30",
      when=rules.is_unconfirmed, effects=(rules.no_danger,), tell=(Tell(HEAD), Tell(CHAIR))),
    *safe.ROWS,
    T("presume_danger", ("draft",), "submitted", (SYSTEM,), "R30",
      effects=(rules.presume_danger,),
      tell=(Tell(HEAD, "N13"), Tell(CHAIR, "N13"), Tell(REQUESTER, push=False))),
    # ------------------------------------------------------------------ another category?
    T("recategorise", ("submitted", "triage"), "submitted", HERS, "R3, R10",
      when=words.is_asked_station, effects=(words.take_suggestion, merge.part_merged),
      tell=(Tell(HEAD, "N13"), Tell(REQUESTER, push=False))),
    T("recategorise", ("submitted", "triage"), "not_ours", HERS, "R31",
      when=words.is_asked_elsewhere,
      effects=(words.take_suggestion, advice.forget_tip_off, merge.part_merged),
      tell=(Tell(REQUESTER, push=False),)),
    *(T("keep_category", (state,), state, HERS, "R3", when=words.is_asked,
        effects=(words.keep_choice,)) for state in ("submitted", "triage")),
    # ------------------------------------------------------------------ no village matter
    T("ask_helped", ("not_ours",), "not_ours", (SYSTEM,), "R31",
      tell=(Tell(REQUESTER, push=False),)),
    T("helped", ("not_ours",), "not_ours", HERS, "R31",
      guards=(advice.may_be_kept,), effects=(advice.keep_answer,), keeps=("helped",)),
    T("keep", ("not_ours",), "triage", HERS, "R32",
      guards=(advice.may_be_kept, advice.within_30_days), effects=(advice.live_again,),
      tell=(Tell(REQUESTER, "N01", push=False), *recusal.TRIAGE)),
    # ------------------------------------------------------------------ finding the station
    T("route", ("triage",), "submitted", (CHAIR, STAND_IN), "R5",
      guards=MOVED,
      effects=(transfers.to_station, merge.part_merged), keeps=MOVE,
      tell=(Tell(HEAD, "N13"), Tell(REQUESTER, push=False))),
    # the chair asks before she knows whose it is, and may decide without the answer
    T("route", ("needs_info",), "submitted", (CHAIR,), "R5", when=rules.is_nowhere,
      guards=MOVED,
      effects=(limits.go_on, transfers.to_station, merge.part_merged), keeps=MOVE,
      tell=(Tell(HEAD, "N13"), Tell(REQUESTER, push=False))),
    T("refer", ("triage",), "not_ours", (CHAIR, STAND_IN), "R5, R31",
      when=advice.may_be_referred, guards=(recusal.not_recused,),
      effects=(limits.responded, advice.refer, merge.part_merged),
      tell=(Tell(REQUESTER, "N07"),)),
    T("route", ("submitted", "accepted"), "submitted", (CHAIR, STAND_IN), "R10",
      guards=(*MOVED, transfers.other_station),
      effects=(transfers.to_station, merge.part_merged), keeps=MOVE,
      tell=(Tell(HEAD, "N13"), Tell(REQUESTER, push=False))),
    T("route", ("submitted", "accepted"), "submitted", (HEAD,), "R10",
      when=transfers.may_transfer,
      guards=(*MOVED, transfers.other_station, transfers.no_second_return),
      effects=(transfers.to_station, transfers.count_transfer, merge.part_merged), keeps=MOVE,
      tell=(Tell(HEAD, "N13"), Tell(REQUESTER, push=False))),
    T("ask_chair", ("submitted", "accepted"), "triage", (HEAD,), "R10",
      guards=(recusal.not_recused, rules.is_confirmed),
      effects=(transfers.keep_question,), keeps=("reason", "proposed"),
      tell=(*recusal.TRIAGE, Tell(REQUESTER, push=False))),
    # ------------------------------------------------------------------ the station's answer
    T("accept", ("submitted",), "accepted", STAFF, "R6",
      guards=(recusal.not_recused,), effects=(limits.responded, rules.take_over),
      keeps=("priority",), tell=(Tell(REQUESTER, "N02"), FOLLOWERS)),
    T("accept", ("submitted",), "accepted", (ON_DUTY,), "R6, R30",
      guards=(recusal.not_recused,), effects=(limits.responded, rules.take_over),
      keeps=("priority",), tell=(Tell(REQUESTER, "N02"), Tell(HEAD, "N13"), FOLLOWERS)),
    T("ask", ("submitted", "accepted"), "needs_info", STAFF, "R7",
      guards=(recusal.not_recused,), effects=(limits.responded, limits.pause),
      keeps=("question",), tell=(Tell(REQUESTER, "N03"),)),
    T("ask", ("triage",), "needs_info", (CHAIR,), "R5, R7", when=rules.is_nowhere,
      guards=(recusal.not_recused,), effects=(limits.responded, limits.pause),
      keeps=("question",), tell=(Tell(REQUESTER, "N03"),)),
    T("answer", ("needs_info",), "triage", HERS, "R8", when=rules.is_nowhere,
      effects=(limits.go_on,), keeps=("text",), tell=recusal.TRIAGE),
    T("answer", ("needs_info",), "submitted", HERS, "R8",
      effects=(limits.go_on,), keeps=("text",), tell=(Tell(HEAD, "N13"),)),
    *request_silence.ROWS,
    T("reject", ("submitted",), "rejected", STAFF, "R11",
      guards=(recusal.not_recused, rules.is_confirmed),
      effects=(limits.responded, merge.part_merged),
      keeps=("reason", "advice"), tell=(Tell(REQUESTER, "N04"), FOLLOWERS)),
    # ------------------------------------------------------------------ one matter, several wrote
    *merge.ROWS,
    *(T("let_go", (state,), state, (SYSTEM,), "R28", effects=(merge.give_limits_back,),
        keeps=("number",)) for state in ACTIVE),
    # ------------------------------------------------------------------ several matters
    T("split", ("submitted", "triage"), "split", (REQUESTER,), "R1", when=safe.is_no_safe_path,
      guards=(rules.is_confirmed, split.holds_all),
      effects=(split.count_parts, merge.part_merged)),
    T("split", ("submitted", "triage", "accepted"), "split", STAFF, "R5, R10",
      when=split.is_open_to_staff,
      guards=(recusal.not_recused, rules.is_confirmed, split.holds_all),
      effects=(split.count_parts, merge.part_merged), tell=(Tell(REQUESTER, push=False),)),
    T("split", ("triage",), "split", (STAND_IN,), "R5",
      when=split.is_open_to_staff,
      guards=(recusal.not_recused, rules.is_confirmed, split.holds_all),
      effects=(split.count_parts, merge.part_merged), tell=(Tell(REQUESTER, push=False),)),
    T("split_off", (START,), "submitted", (REQUESTER, SYSTEM), "R1, R3",
      when=rules.is_routed, effects=(split.keep_clock,), keeps=("number",),
      tell=(Tell(REQUESTER, "N01", push=False), Tell(HEAD, "N13"))),
    T("split_off", (START,), "not_ours", (REQUESTER, SYSTEM), "R31",
      when=advice.is_not_ours, effects=(advice.forget_tip_off,), keeps=("number",),
      tell=(Tell(REQUESTER, push=False),)),
    T("split_off", (START,), "triage", (REQUESTER, SYSTEM), "R1, R4",
      effects=(split.keep_clock,), keeps=("number",),
      tell=(Tell(REQUESTER, "N01", push=False), *recusal.TRIAGE)),
    # ------------------------------------------------------------------ the work
    T("dispatch", ("accepted",), "dispatching", STAFF, "R13",
      guards=(recusal.not_recused, rules.has_machine, rules.for_volunteers),
      effects=(rules.open_task,), tell=(Tell(REQUESTER, push=False),)),
    T("dispatch", ("in_progress",), "dispatching", STAFF, "R13, R25",
      when=rules.was_reopened,
      guards=(recusal.not_recused, rules.has_machine, rules.for_volunteers, rules.no_live_task),
      effects=(rules.open_task,), tell=(Tell(REQUESTER, push=False),)),
    T("recall", ("dispatching",), "accepted", STAFF, "R13",
      guards=(recusal.not_recused,), effects=(rules.cancel_task,),
      tell=(Tell(REQUESTER, push=False),)),
    T("fill", ("dispatching",), "assigned", (SYSTEM,), "R14",
      effects=(rules.withdraw_offers,), tell=(Tell(REQUESTER, "N05"), Tell(HEAD, push=False))),
    T("run_short", ("dispatching",), "dispatching", (SYSTEM,), "R14, R15",
      effects=(rules.run_short,), tell=(Tell(HEAD),)),
    T("may_fail", ("dispatching",), "dispatching", (SYSTEM,), "R15",
      effects=(rules.run_short,), tell=(Tell(HEAD),)),
    T("widen_village", ("dispatching",), "dispatching", (SYSTEM,), "R14",
      tell=(Tell(HEAD, push=False),)),
    T("widen", ("dispatching",), "dispatching", (SYSTEM,), "R14", tell=(Tell(HEAD, "N13"),)),
    T("go_ahead", ("dispatching",), "assigned", STAFF, "R14",
      when=rules.is_short, guards=(recusal.not_recused, rules.somebody_accepted),
      effects=(rules.drop_open_places, rules.withdraw_offers), tell=(Tell(REQUESTER, "N05"),)),
    T("give_up", ("dispatching",), "accepted", (SYSTEM,), "R15",
      effects=(rules.close_unfilled,), tell=(Tell(HEAD), Tell(CHAIR, push=False))),
    T("handle", ("accepted",), "in_progress", STAFF, "R16",
      guards=(recusal.not_recused, rules.may_be_handled), effects=(rules.do_without_volunteers,),
      tell=(Tell(REQUESTER, push=False),)),
    T("start", ("assigned",), "in_progress", (SYSTEM,), "R17",
      tell=(Tell(REQUESTER, push=False),)),
    T("start", ("assigned",), "in_progress", STAFF, "R17, R34", guards=(recusal.not_recused,),
      tell=(Tell(REQUESTER, push=False), Tell("volunteers", push=False))),
    T("reopen_place", ("assigned", "in_progress"), "dispatching", (SYSTEM,), "R18",
      effects=(rules.refill,), tell=(Tell(REQUESTER, push=False), Tell(HEAD, push=False))),
    T("submit_result", ("in_progress",), "checking", (*STAFF, SYSTEM), "R21",
      guards=(recusal.not_recused,), effects=(rules.keep_result,), keeps=("result",),
      tell=(Tell(HEAD, push=False),)),
    T("send_back", ("checking",), "in_progress", STAFF, "R22",
      guards=(recusal.not_recused,), effects=(rules.work_again,), keeps=("reason",),
      tell=(Tell("volunteers"),)),
    T("resolve", ("checking",), "resolved", STAFF, "R23",
      guards=(recusal.not_recused, rules.second_person),
      tell=(Tell(REQUESTER, "N08"), FOLLOWERS)),
    # ------------------------------------------------------------------ the villager's word
    T("confirm", ("resolved",), "closed", (REQUESTER,), "R24",
      effects=(rules.keep_verdict,), keeps=("solved", "rating", "comment"),
      tell=(Tell(HEAD, push=False), Tell("volunteers", push=False))),
    T("auto_close", ("resolved",), "closed", (SYSTEM,), "R24"),
    T("reopen", ("resolved", "closed"), "in_progress", (REQUESTER,), "R25",
      when=rules.never_reopened, guards=(rules.within_15_days,), effects=(rules.open_again,),
      keeps=("reason",), tell=(Tell(HEAD, "N13"), Tell(CHAIR, push=False))),
    T("reopen", ("resolved", "closed"), "triage", (REQUESTER,), "R25, 3.7",
      when=rules.reopened_twice, guards=(rules.within_15_days,),
      effects=(rules.open_again, request_escalation.past_the_chair),
      keeps=("reason",), tell=request_escalation.THIRD_TIME),
    T("reopen", ("resolved", "closed"), "triage", (REQUESTER,), "R25",
      when=rules.reopened_before, guards=(rules.within_15_days,), effects=(rules.open_again,),
      keeps=("reason",), tell=recusal.TRIAGE),
    T("reopen", ("resolved", "closed"), "in_progress", (CHAIR,), "R25",
      when=rules.reopened_once, guards=(recusal.not_recused, rules.within_15_days),
      effects=(rules.open_again,), keeps=("reason",),
      tell=(Tell(HEAD, "N13"), Tell(REQUESTER, push=False))),
    *callback.ROWS,
    T("withdraw", ("triage",), "withdrawn", HERS, "R27",
      effects=(merge.part_merged,), keeps=("reason",), tell=(Tell(CHAIR, push=False),)),
    T("withdraw", ("draft", *AT_STATION), "withdrawn", (ENTERER,), "R27",
      effects=(rules.cancel_task, merge.part_merged), keeps=("reason",),
      tell=(Tell(CHAIR, push=False), Tell(HEAD, push=False), FOLLOWERS)),
    T("withdraw", ("draft", *AT_STATION), "withdrawn", (REQUESTER,), "R27",
      effects=(rules.cancel_task, merge.part_merged), keeps=("reason",),
      tell=(Tell(HEAD, push=False), FOLLOWERS)),
    T("hand_over", ACTIVE, "handed_over", (*STAFF, STAND_IN), "R2, R29",
      guards=(recusal.not_recused,),
      effects=(limits.responded, rules.hand_over, rules.cancel_task, merge.part_merged),
      tell=(Tell(REQUESTER, "N07"), FOLLOWERS)),
    *request_review.ROWS,
    *request_suspend.ROWS,
    # ------------------------------------------------------------------ the clock
    *request_clock.ROWS,
    *request_escalation.ROWS,
    *request_duty.ROWS,
)  # fmt: skip


class RequestMachine(Machine):
    """Requests: locked by their row, read by requester, station, chair, mediator, volunteer."""

    name = "request"
    permission = "request.act"
    states = REQUEST_STATES
    rows = TABLE

    def lock(self, session: Session, subject_id: UUID) -> Request | None:
        """Return the request, locked; it comes before task and offer in the order of locks."""
        return session.get(Request, subject_id, with_for_update=LOCK, populate_existing=True)

    def relations(self, session: Session, actor: Actor, row: Any) -> frozenset[str]:
        """Return the caller's relations; a place on its task is looked up for strangers only."""
        mediates = row.sealed and actor.mediates(row.village_code, row.station)
        asked = mediates or (is_safe_path(row) and bool(actor.grants))
        found = access.request_relations(
            actor,
            row,
            stands_in=recusal.is_stand_in(session, actor, row),
            tied=asked and recusal.is_recused(session, actor, row),
            above=recusal.is_above(session, actor, row),
        )
        if callback.is_asked(session, actor, row):
            found |= {CALLER}
        if not found & {HEAD, CHAIR} and duty.is_on_duty(session, actor, row):
            found |= {ON_DUTY}
        if found or not actor.volunteer:
            return found
        return access.request_relations(actor, row, works=works_on(session, actor, row.id))

    def refusing(self, session: Session, actor: Actor, row: Any) -> tuple[Guard, ...]:
        """Return the recusal's guard for who is too close to the requester."""
        return (recusal.not_recused,) if recusal.is_recused(session, actor, row) else ()

    def insert(self, session: Session, row: Any) -> None:
        """Write a new request, with no followers and no files yet, and read its number."""
        row.followers = row.file_count = 0
        values = {
            name: value
            for name, value in column_values(row).items()
            if value is not None and name != "number"
        }
        day = {"day": f"QT{clock.local_date(row.created_at)}-"}
        row.number = session.scalar(_insert(), {**values, **day})

    def request_id(self, row: Any) -> UUID:
        """Return its own id."""
        return UUID(str(row.id))

    def entered(self, step: Step, source: str) -> None:
        """Cancel due times of the state that was left, set those of the one that is entered."""
        limits.change_due_times(step, source)


@cache
def _insert() -> ReturningInsert[str]:
    """Build the statement once: it is the hottest one, and wide."""
    requests = table(Request)
    serial = sa.func.to_char(number_sequence.next_value(), "FM9999999990000")
    number = sa.func.concat(sa.bindparam("day", type_=sa.Text), serial)
    return sa.insert(requests).values(number=number).returning(requests.c.number)


def works_on(session: Session, actor: Actor, request_id: UUID) -> bool:
    """Tell whether the actor holds a place of a task of the request."""
    held = (
        sa.select(Place.task_id)
        .join(Task, Task.id == Place.task_id)
        .where(Task.request_id == request_id, Place.person_id == actor.person_id)
    )
    return bool(session.scalar(sa.select(held.exists())))


REQUEST = RequestMachine()
