"""From station to station and back: at most so often, and never with a new clock (R10)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dispatch import desk
from tests.village.town import Town
from village import clock, grounds
from village.access import Actor
from village.catalog.cache import Catalog
from village.errors import GuardFailed
from village.workflow.request_transfers import holders

PLACES = ("public_works", "sanitation", "culture")
Heads = dict[str, Actor]


@pytest.fixture
def heads(town: Town) -> Heads:
    others = {kind: town.person(f"{kind}站长", ("head", kind)) for kind in PLACES[1:]}
    return {PLACES[0]: town.head, **others}


def move(town: Town, catalog: Catalog, request_id: UUID, actor: Actor, station: str) -> str:
    sent = {"station": station, "reason": "归他们"}
    done = town.run(lambda s: desk.act(s, actor, catalog, request_id, "route", sent))
    return str(done.status)


def test_a_second_return_goes_to_the_chair_with_the_reason(
    town: Town, catalog: Catalog, heads: Heads
) -> None:
    """The chair's moves are no transfers of heads, but a request that comes back comes back."""
    request_id = town.submit()
    assert move(town, catalog, request_id, town.chair, "sanitation") == "submitted"
    back = move(town, catalog, request_id, heads["sanitation"], "public_works")
    assert (back, town.request(request_id).transfers) == ("submitted", 1)
    assert move(town, catalog, request_id, town.head, "sanitation") == "triage"
    event = town.events(request_id)[-1]
    assert (event.action, event.actor_id) == ("ask_chair", town.head.person_id)
    assert event.data == {"reason": "归他们", "proposed": "sanitation"}
    assert town.request(request_id).station == "public_works"  # answers for it until then
    told = grounds.of(town.request(request_id))
    assert told["proposed"] == "sanitation"
    assert {"公益事业服务站的站长请会长定：归他们"} <= set(told["lines"])
    assert any(line.startswith("站长之间转过1次") for line in told["lines"])
    assert move(town, catalog, request_id, town.chair, "public_works") == "submitted"
    assert grounds.of(town.request(request_id))["proposed"] is None


def test_a_third_transfer_goes_to_the_chair_wherever_it_would_lead(
    town: Town, catalog: Catalog, heads: Heads
) -> None:
    request_id = town.submit()
    for source, target in (PLACES[:2], PLACES[1:]):
        assert move(town, catalog, request_id, heads[source], target) == "submitted"
    assert move(town, catalog, request_id, heads["culture"], "public_works") == "triage"


def test_a_station_that_never_had_it_may_still_get_it(
    town: Town, catalog: Catalog, heads: Heads
) -> None:
    request_id = town.submit()
    move(town, catalog, request_id, town.chair, "sanitation")
    move(town, catalog, request_id, town.chair, "public_works")
    assert move(town, catalog, request_id, town.head, "culture") == "submitted"


def test_to_the_same_station_is_a_mistake_and_nothing_for_the_chair(
    town: Town, catalog: Catalog, heads: Heads
) -> None:
    request_id = town.submit()
    move(town, catalog, request_id, town.chair, "sanitation")
    move(town, catalog, request_id, town.chair, "public_works")
    with pytest.raises(GuardFailed) as caught:
        move(town, catalog, request_id, town.head, "public_works")
    assert caught.value.code == "same_station"


def test_a_head_who_cannot_say_whose_it_is_asks_the_chair(town: Town) -> None:
    request_id = town.submit()
    before = town.request(request_id)
    clock.step(timedelta(hours=3))
    assert town.act(request_id, "ask_chair", reason="像是几个站的事") == "triage"
    assert clocks(town.request(request_id)) == clocks(before)
    assert town.due(request_id, "triage") == [clock.add_service_hours(clock.now(), 4)]


def test_what_may_be_danger_is_not_put_off_by_asking(town: Town) -> None:
    request_id = town.hold()
    town.system(request_id, "presume_danger")
    with pytest.raises(GuardFailed):
        town.act(request_id, "ask_chair", reason="不归我")


def clocks(request: Any) -> tuple[Any, ...]:
    return (request.submitted_at, request.first_response_due, request.resolve_due)


@given(moves=st.lists(st.tuples(st.booleans(), st.sampled_from(PLACES)), max_size=12))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_however_it_is_passed_on_its_clocks_go_on_and_returns_are_the_chair_s(
    town: Town, catalog: Catalog, heads: Heads, moves: list[tuple[bool, str]]
) -> None:
    request_id = town.submit()
    begun = clocks(town.request(request_id))
    resolve = town.due(request_id, "resolve")
    for by_chair, station in moves:
        request = town.request(request_id)
        if request.station == station:
            continue
        clock.step(timedelta(minutes=7))
        in_triage = request.status == "triage"
        actor = town.chair if by_chair or in_triage else heads[request.station or ""]
        had = town.run(lambda s, r=request: holders(s, r))
        back = [one for n, one in enumerate([*had, station]) if one in had[:n]]
        came = move(town, catalog, request_id, actor, station)
        asked = actor != town.chair and (
            request.transfers >= 2 or (station in had and len(back) > 1)
        )
        assert came == ("triage" if asked else "submitted")
        assert clocks(town.request(request_id)) == begun
        assert town.due(request_id, "resolve") == resolve
    assert town.request(request_id).transfers <= 2
