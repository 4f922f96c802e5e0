from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from village.catalog.cache import Catalog
from village.db import create_engine
from village.models import Category


def rename(engine: sa.Engine, zh: str) -> None:
    with Session(engine) as session, session.begin():
        session.execute(sa.update(Category).where(Category.code == "PUB-03").values(zh=zh))


def test_the_catalog_is_read_by_code(engine: sa.Engine) -> None:
    catalog = Catalog(engine)
    assert catalog.categories["PUB-03"].task_card["risk"] == 2
    assert catalog.stations["990101.public_works"].name == "桥头公益事业服务站"
    assert catalog.villages["990101"].name == "桥头"
    assert "shiqiao" not in catalog.villages
    assert list(catalog.categories)[:2] == ["AID-01", "AID-02"]


def test_a_change_is_seen_when_the_time_is_over_and_not_before(engine: sa.Engine) -> None:
    lasting, fleeting = Catalog(engine, ttl_seconds=3600), Catalog(engine, ttl_seconds=0)
    for catalog in (lasting, fleeting):
        assert catalog.categories["PUB-03"].zh == "路灯故障"
    rename(engine, "灯")
    assert lasting.categories["PUB-03"].zh == "路灯故障"
    assert fleeting.categories["PUB-03"].zh == "灯"
    lasting.forget()
    assert lasting.categories["PUB-03"].zh == "灯"


def test_while_the_database_is_away_the_last_catalog_serves(database_url: str) -> None:
    engine = create_engine(database_url)
    catalog = Catalog(engine, ttl_seconds=0)
    assert len(catalog.categories) == 60
    engine.dispose()
    catalog._engine = create_engine("postgresql+psycopg://nobody@127.0.0.1:1/none")
    assert len(catalog.categories) == 60
