"""What messages say: complete, within WeChat's limits, and fit for any eye."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest

from notifications.scene import MACHINES, Scene
from notifications.templates import Message, compose, fields_of
from tests.notifications.house import VILLAGE, new_request
from village.access import Actor
from village.catalog import entries, files
from village.ids import new_id
from village.models import Category, Event, Offer, Place, Request, Station, Task
from village.workflow.engine import START, Tell, Transition
from wechat.sandbox.rules import is_valid

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
KEYS = {
    template["code"]: {entry["field"]: entry["key"] for entry in template["fields"]}
    for template in entries.notification_templates()
}
TELLING = (
    *("救助", "帮扶", "困难", "低保", "纠纷", "矛盾", "调解", "资金", "捐", "工资", "借贷", "账"),
    *("健康", "病", "医", "药", "残疾", "陪诊", "儿童", "孩", "婚", "家庭", "赡养", "老人", "红白"),
)
VILLAGERS_WORDS = "我娘风湿疼得下不了床，儿子桂生欠了债不管，要去县医院看骨科"
NAME = "邹腊梅"

TELLS = [
    (machine, transition, source, tell)
    for machine in MACHINES.values()
    for transition in machine.rows
    for source in transition.sources
    for tell in transition.tell
]


def scene_of(
    machine: str,
    transition: Transition,
    source: str = "submitted",
    *,
    category: str | None = "PUB-03",
    **facts: object,
) -> Scene:
    """An event of a transition as it would be read, in which people wrote all they could."""
    found = entries.packaged_categories()[category] if category else None
    request = _request(found, **facts)
    offer = Offer(id=new_id(), person_id=new_id(), task_id=new_id())
    event = Event(
        id=new_id(),
        request_id=request.id,
        machine=machine,
        subject_id=request.id if machine == "request" else offer.id,
        action=transition.action,
        from_status=None if source == START else source,
        to_status=transition.target,
        actor_id=new_id(),
        actor_role=transition.who[0],
        data=dict.fromkeys(("reason", "question", "advice", "text", "result"), VILLAGERS_WORDS),
        at=NOW,
    )
    return Scene(
        event,
        request,
        found,
        "柳溪",
        _station(found),
        offer if machine == "offer" else None,
        _task(request),
        [Place(seq=0, person_id=new_id(), status="taken")],
    )


def _request(category: Category | None, **facts: object) -> Request:
    due = {"first_response_due": NOW + timedelta(hours=2), "resolve_due": NOW + timedelta(days=3)}
    words = {"text": VILLAGERS_WORDS, "place": {"name": f"{NAME}家"}, "question": VILLAGERS_WORDS}
    person = Actor(new_id(), NAME)
    state = {"status": "dispatching"}
    return new_request(person, category, **{**due, **words, **state, **facts})


def _station(category: Category | None) -> Station | None:
    if category is None:
        return None
    names = {row["kind"]: row["name"] for row in files.read("stations")}
    return Station(village_code=VILLAGE, kind=category.station, name=names[category.station])


def _task(request: Request) -> Task:
    return Task(
        id=new_id(),
        request_id=request.id,
        what=f"去{NAME}家：{VILLAGERS_WORDS}",
        place=request.place,
        people_needed=2,
        starts_at=NOW,
        ends_at=NOW + timedelta(days=3),
    )


@cache
def messages(**facts: Any) -> tuple[Message, ...]:
    """Every message of both tables about one request."""
    return tuple(
        compose(scene_of(machine.name, transition, source, **facts), tell)
        for machine, transition, source, tell in TELLS
    )


def pairs(text: str) -> set[str]:
    """All neighbouring characters of a text."""
    return {text[at : at + 2] for at in range(len(text) - 1)}


@pytest.mark.parametrize("facts", [{}, {"neutral": True}, {"category": None}], ids=str)
def test_every_notice_of_both_tables_has_its_words(facts: dict[str, object]) -> None:
    for message in messages(**facts):
        assert 0 < len(message.title) <= 20
        assert message.text.endswith("。")
        assert "{" not in message.text + message.title


@pytest.mark.parametrize("category", [None, *entries.packaged_categories()])
def test_every_template_is_filled_within_wechats_limits(category: str | None) -> None:
    for message in messages(category=category):
        assert message.fields.keys() == (
            KEYS[message.template].keys() if message.template else set()
        )
        for name, value in message.fields.items():
            assert is_valid(KEYS[str(message.template)][name], value), (message, name)
            assert value != "无", (message, name)


def test_every_row_of_the_words_belongs_to_a_notice() -> None:
    told = {(m.name, t.action, tell.audience) for m, t, _, tell in TELLS}
    rows = {(row["machine"], row["action"], row["audience"]) for row in files.read("notices")}
    assert rows == told


def test_titles_are_the_same_for_everybody() -> None:
    assert all("{" not in row["title"] for row in files.read("notices"))


@pytest.mark.parametrize("category", ["MED-01", "AID-10", "MED-12", "ENV-02"])
def test_a_neutral_request_is_told_without_a_word_of_the_villager_or_of_its_matter(
    category: str,
) -> None:
    zh = entries.packaged_categories()[category].zh
    unsayable = pairs(VILLAGERS_WORDS) | pairs(NAME) | pairs(zh)
    for message in messages(category=category):
        said = message.title + message.text + "".join(message.fields.values())
        assert not pairs(said) & unsayable, message


@pytest.mark.parametrize("flag", ["neutral", "sealed"])
def test_a_request_that_is_marked_is_neutral_whatever_its_category(flag: str) -> None:
    accept = next(row for row in MACHINES["request"].rows if row.action == "accept")
    message = compose(scene_of("request", accept, **{flag: True}), accept.tell[0])
    assert message.fields["matter"] == "您预约的服务"
    assert message.fields["unit"] == "柳溪志愿者协会"


def test_an_ordinary_request_is_named_and_so_is_its_station() -> None:
    accept = next(row for row in MACHINES["request"].rows if row.action == "accept")
    message = compose(scene_of("request", accept), accept.tell[0])
    assert message.fields["matter"] == "路灯故障"
    assert message.fields["unit"].endswith("公益事业服务站")
    assert message.fields["status"] == "已受理"
    assert message.fields["due"] == "2026年11月25日 10:00"


@pytest.mark.parametrize("category", [None, *entries.packaged_categories()])
def test_no_lock_screen_speaks_of_health_money_disputes_or_family(category: str | None) -> None:
    for message in messages(category=category):
        shown = message.title + "".join(message.fields.values())
        assert not [word for word in TELLING if word in shown], message


@pytest.mark.parametrize("category", [None, *entries.packaged_categories()])
def test_no_message_carries_a_word_that_a_person_wrote(category: str | None) -> None:
    zh = entries.packaged_categories()[category].zh if category else ""
    unsayable = (pairs(VILLAGERS_WORDS) | pairs(NAME)) - pairs(zh)
    for message in messages(category=category):
        said = message.title + message.text + "".join(message.fields.values())
        assert not pairs(said) & unsayable, message


def test_the_villager_is_told_the_time_that_was_promised() -> None:
    fill = next(row for row in MACHINES["request"].rows if row.action == "fill")
    scene = scene_of("request", fill, "dispatching")
    scene.places[0].arrival = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
    message = compose(scene, fill.tell[0])
    assert message.fields["when"] == "2026年11月23日 09:00"


def test_an_invitation_does_not_tell_when_somebody_else_comes() -> None:
    invite = next(row for row in MACHINES["offer"].rows if row.action == "invite")
    scene = scene_of("offer", invite, START)
    scene.places[0].arrival = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
    assert "23日" not in compose(scene, invite.tell[0]).fields["when"]


def test_an_invitation_says_from_when_to_when_and_that_no_is_fine() -> None:
    invite = next(row for row in MACHINES["offer"].rows if row.action == "invite")
    message = compose(scene_of("offer", invite, START), Tell("invited", "N10"))
    assert message.fields == {
        "task": "路灯故障",
        "place": "柳溪",
        "when": "2026年11月22日 10:00~2026年11月25日 10:00",
        "tip": "可接可不接，看您方便",
    }


def test_the_fields_of_a_template_are_those_of_its_file() -> None:
    assert fields_of("N05") == ("matter", "status", "who", "when")
    assert fields_of(None) == ()
