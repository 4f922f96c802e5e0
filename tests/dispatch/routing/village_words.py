"""A village that corrects its routing: what its people write, and where it is put."""

from __future__ import annotations

from uuid import UUID

from tests.village.town import Town
from village.access import Actor
from village.ids import new_id

PLACES = ("村东", "村西", "桥头边", "学校旁", "祠堂前", "井边", "坡上", "路口")
SIGNS = ("戏服要熨", "锣鼓要搬", "灯笼要挂", "舞龙要排")


def villagers(town: Town, many: int) -> list[Actor]:
    return [town.person(f"村民{new_id()}") for _ in range(many)]


def performances(people: list[Actor]) -> list[tuple[Actor, str]]:
    """Texts whose one sure word, 雷公寨, is of this village alone: all of them are culture's."""
    return [
        (person, f"{PLACES[n % 8]}雷公寨{SIGNS[n % 4]}，缺人手")
        for n, person in enumerate(people)
    ]  # fmt: skip


def moved(town: Town, person: Actor, text: str, station: str = "culture", **facts: object) -> UUID:
    """It was sent to public works, and its head passed it on."""
    request_id = town.submit(person, text=text, **facts)
    town.act(request_id, "route", station=station, reason="归他们")
    return request_id


def stayed(town: Town, person: Actor, text: str) -> UUID:
    request_id = town.submit(person, text=text)
    town.act(request_id, "accept")
    return request_id
