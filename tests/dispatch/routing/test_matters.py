"""What is decided of a whole that is mostly no village matter."""

from __future__ import annotations

import pytest

from dispatch.routing.matters import advice, whole
from dispatch.routing.predict import predict
from dispatch.routing.router import Routing, route

PENSION = "请问养老保险断交三年怎么补缴，社保局说要去外地开证明"


def alone(text: str) -> Routing:
    return route(text, None, "")


@pytest.mark.parametrize("also", ["还有垃圾没人清运", "路灯也坏了"])
def test_a_station_s_matter_in_another_office_s_is_looked_at_by_a_person(also: str) -> None:
    text = f"{PENSION}，{also}"
    assert alone(text).decision == "not_ours"
    routing, matters = whole(text, alone(text), alone)
    assert (routing.decision, routing.station, advice(text, routing)) == ("triage", None, None)
    assert any(part.station for part in matters)
    assert any(part.none for part in matters)


def test_what_is_one_matter_stays_as_it_was() -> None:
    assert whole(PENSION, alone(PENSION), alone) == (alone(PENSION), [])


def test_a_prediction_is_the_whole_decision() -> None:
    found = predict(f"{PENSION}，还有垃圾没人清运")
    assert (predict(PENSION).label, found.label) == ("none", None)
    assert found.forced() == "none"
