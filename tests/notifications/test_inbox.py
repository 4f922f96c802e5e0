"""A person's inbox: hers alone, newest first."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from notifications import inbox
from tests.engines import recorded
from tests.notifications.house import Context, House
from village.access import Actor
from village.errors import NotFound


@pytest.fixture
def villager(house: House, context: Context) -> Actor:
    """A villager with three lines."""
    villager, head = house.person("何大娘"), house.person("站长", ("head", "public_works"))
    request = house.submit(villager)
    house.act(request, "accept", head)
    house.act(request, "handle", head)
    house.work(context, "notify.tell")
    return villager


def titles(session: Session, actor: Actor, **wanted: object) -> list[str]:
    return [line.title for line in inbox.list_inbox(session, actor, **wanted)]  # type: ignore[arg-type]


def test_lines_come_newest_first_a_page_at_a_time(session: Session, villager: Actor) -> None:
    first = inbox.list_inbox(session, villager, unread=None, limit=2)
    assert [line.title for line in first] == ["开始办理", "已受理"]
    assert titles(session, villager, limit=2, before=first[-1].id) == ["已提交"]


def test_a_list_is_one_statement(session: Session, villager: Actor) -> None:
    with recorded(session.get_bind()) as statements:
        lines = inbox.list_inbox(session, villager, unread=True)
    assert [line.text for line in lines]
    assert len(statements) == 1


def test_a_line_is_read_once(session: Session, villager: Actor) -> None:
    newest = inbox.list_inbox(session, villager)[0]
    first = inbox.mark_read(session, villager, newest.id).read_at
    assert first is not None
    assert inbox.mark_read(session, villager, newest.id).read_at == first
    assert titles(session, villager, unread=True) == ["已受理", "已提交"]
    assert titles(session, villager, unread=False) == ["开始办理"]
    assert villager.person_id is not None
    assert inbox.unread_count(session, villager.person_id) == 2


def test_all_lines_are_read_at_once(session: Session, villager: Actor) -> None:
    assert villager.person_id is not None
    assert inbox.mark_all_read(session, villager) == 3
    assert inbox.mark_all_read(session, villager) == 0
    assert inbox.unread_count(session, villager.person_id) == 0


def test_another_persons_lines_are_not_known(
    session: Session, villager: Actor, house: House
) -> None:
    stranger = house.person("别人")
    line = inbox.list_inbox(session, villager)[0]
    with pytest.raises(NotFound):
        inbox.mark_read(session, stranger, line.id)
    assert titles(session, stranger) == []
    assert inbox.mark_all_read(session, stranger) == 0
    assert titles(session, villager, unread=True) == ["开始办理", "已受理", "已提交"]
