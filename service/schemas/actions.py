"""What each action of the workflow is sent with."""

from __future__ import annotations

import marshmallow as ma
from marshmallow import fields, validate

from service.schemas.base import Code, Empty, Flag, Line, Schema, Text, Whole
from service.schemas.files import file_ids
from service.schemas.requests import HELPED, SOLVED, TaskCardSchema
from village.stations import KINDS, SUSPEND_REASONS

REJECT_REASONS = (
    "not_village_matter",
    "in_procedure",
    "duplicate",
    "unlawful",
    "no_consent",
    "spam",
)
HANDOVER_BASIS = ("consent", "duty_to_report", "emergency")


class AcceptSchema(Schema):
    """`accept`: the head may correct the priority."""

    priority = fields.String(validate=validate.OneOf(("P1", "P2", "P3", "P4", "P5")))


class AskSchema(Schema):
    """`ask`: a concrete question."""

    question = Text(300, required=True)


class AnswerSchema(Schema):
    """`answer`: the villager's reply."""

    text = Text(1000, shortest=0, load_default="")  # or a voice among the files
    files = file_ids()


class HeardSchema(Schema):
    """`heard`: what the person said to the officer's question on the phone (R8, R9)."""

    text = Text(1000, required=True)


class CallBackSchema(Schema):
    """`call_back`: what the person said when she was asked (3.1): solved, and how satisfied."""

    solved = fields.String(required=True, validate=validate.OneOf(SOLVED))
    rating = Whole(1, 5)
    comment = Text(500)


class RouteSchema(Schema):
    """`route`: to which station, and why."""

    station = fields.String(required=True, validate=validate.OneOf(KINDS))
    category = Code(20, allow_none=True)
    reason = Text(200, required=True)


class AskChairSchema(Schema):
    """`ask_chair`: why the head cannot say whose it is (R10)."""

    reason = Text(200, required=True)


class ReferSchema(Schema):
    """`refer`: in triage, no village matter: a kind of the county's directory says whose (R31)."""

    referral = Code(40, required=True)


class RejectSchema(Schema):
    """`reject`: a reason from the closed list, and what to do instead (R11)."""

    reason = fields.String(required=True, validate=validate.OneOf(REJECT_REASONS))
    advice = Text(500, required=True)


class DispatchSchema(Schema):
    """`dispatch`: changes to the default task card."""

    task = fields.Nested(TaskCardSchema)


class SubmitResultSchema(Schema):
    """`submit_result`: what was done."""

    result = Text(1000, required=True)
    files = file_ids()


class ReasonInSchema(Schema):
    """A reason."""

    reason = Text(300, required=True)


class SuspendSchema(Schema):
    """`suspend`: a reason from the closed list, the day on which it goes on, a word more (R19)."""

    reason = fields.String(required=True, validate=validate.OneOf(SUSPEND_REASONS))
    until = fields.Date(required=True)
    comment = Text(200)


class UpholdSchema(Schema):
    """`uphold`: the refusal stands; where she can still go (R12)."""

    advice = Text(500, required=True)


class CountersignSchema(Schema):
    """`countersign`: it cannot be done: why, and where else to go (R26)."""

    reason = Text(300, required=True)
    advice = Text(500, required=True)


class MaybeReasonSchema(Schema):
    """A reason, if one likes."""

    reason = Text(300)


class ConfirmSchema(Schema):
    """`confirm`: the villager's word. No rating is no rating."""

    solved = fields.String(required=True, validate=validate.OneOf(SOLVED))
    rating = Whole(1, 5)
    comment = Text(500)


class HandOverSchema(Schema):
    """`hand_over`: to whom, how to reach them, and on what ground (R29)."""

    receiver = Line(60, required=True)
    contact = Line(60)
    basis = fields.String(required=True, validate=validate.OneOf(HANDOVER_BASIS))


class PartInSchema(Schema):
    """A piece of the text, and its category if one likes."""

    text = Text(2000, required=True)
    category = Code(20, load_default=None, allow_none=True)


class SplitSchema(Schema):
    """`split`: the pieces, one after the other; none: as routing suggested."""

    parts = fields.List(
        fields.Nested(PartInSchema), load_default=list, validate=validate.Length(max=6)
    )


class HideMeSchema(Schema):
    """`hide_me`: whether the station learns who wrote (the chair always does)."""

    hide = Flag(required=True)


class HelpedSchema(Schema):
    """`helped`: whether the office that was named has helped (R31)."""

    helped = fields.String(required=True, validate=validate.OneOf(HELPED))


class MergeSchema(Schema):
    """`merge`: the other request with which it is seen to (R28)."""

    into = fields.UUID(required=True)


PAYLOADS: dict[str, type[ma.Schema]] = {
    "accept": AcceptSchema,
    "ask": AskSchema,
    "answer": AnswerSchema,
    "phone_try": Empty,
    "heard": HeardSchema,
    "route": RouteSchema,
    "ask_chair": AskChairSchema,
    "refer": ReferSchema,
    "reject": RejectSchema,
    "dispatch": DispatchSchema,
    "recall": Empty,
    "go_ahead": Empty,
    "handle": Empty,
    "escalate": ReasonInSchema,
    "sign_for": Empty,
    "answer_escalation": HeardSchema,
    "re_raise": ReasonInSchema,
    "acknowledge": Empty,
    "start": Empty,
    "suspend": SuspendSchema,
    "resume": Empty,
    "ask_review": ReasonInSchema,
    "uphold": UpholdSchema,
    "ask_unresolved": ReasonInSchema,
    "try_again": ReasonInSchema,
    "countersign": CountersignSchema,
    "let_rest": Empty,
    "submit_result": SubmitResultSchema,
    "send_back": ReasonInSchema,
    "resolve": Empty,
    "confirm": ConfirmSchema,
    "reopen": ReasonInSchema,
    "withdraw": MaybeReasonSchema,
    "hand_over": HandOverSchema,
    "keep": Empty,
    "helped": HelpedSchema,
    "merge": MergeSchema,
    "unmerge": Empty,
    "hide_me": HideMeSchema,
    "recategorise": Empty,
    "split": SplitSchema,
    "keep_category": Empty,
    "claim": Empty,
    "call_back": CallBackSchema,
}
