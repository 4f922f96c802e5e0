from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runtime import cli
from tests.village.roster.files import xlsx
from village import clock, hours, workdays
from village.catalog import config, loader
from village.catalog.cache import Catalog
from village.catalog.files import read
from village.db import create_engine, transaction
from village.models import Category, ConfigVersion, NotificationTemplate, Person, Request

Row = dict[str, str]
WHO = ("--by", "县农办 经办")
NEW = {
    "code": "PUB-13", "station": "public_works", "zh": "水井清淤", "en": "Well cleaning",
    "priority": "P3", "first_h": "24", "days": "7", "form": "F-WORK", "flags": "",
    "next_step": "volunteer", "people": "2", "skills": "", "risk": "1", "minutes": "120",
    "window_days": "7", "at_once": "no",
}  # fmt: skip


def run(*arguments: Any) -> Result:
    return CliRunner().invoke(cli.main, ["config", *map(str, arguments)])


def done(*arguments: Any) -> str:
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    return result.output


def refused(*arguments: Any) -> str:
    result = run(*arguments)
    assert (result.exit_code, type(result.exception)) == (1, SystemExit), result.output
    return result.output


def packaged(code: str, **changes: str) -> Row:
    found = next(row for row in read("categories") if row["code"] == code)
    return {**found, **changes}


def folder(path: Path, name: str = "categories", *rows: Row) -> Path:
    path.mkdir(exist_ok=True)
    with (path / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, config.columns(name))
        writer.writeheader()
        writer.writerows(rows)
    return path


def category(engine: sa.Engine, code: str) -> Category | None:
    with transaction(engine) as session:
        return session.get(Category, code)


def versions(engine: sa.Engine) -> list[tuple[int, int | None]]:
    with transaction(engine) as session:
        found = session.scalars(sa.select(ConfigVersion).order_by(ConfigVersion.number))
        return [(version.number, version.of) for version in found]


def test_what_is_in_force_can_be_taken_changed_and_applied(
    county: sa.Engine, tmp_path: Path
) -> None:
    here = tmp_path / "县"
    done("export", here)
    refused("export", here)
    assert "和现在用的一样" in done("check", here)
    assert "和现在用的一样" in done("apply", here, *WHO)
    assert versions(county) == []

    file = here / "categories.csv"
    text = file.read_text(encoding="utf-8-sig")
    lamp = next(line for line in text.splitlines() if line.startswith("PUB-03"))
    file.write_text(text.replace(lamp, lamp.replace(",24,5,", ",12,3,")), encoding="gbk")

    assert "有 1 处不同" in done("check", here)
    assert "～ PUB-03：first_h 24 → 12、days 5 → 3" in done("diff", here)
    assert versions(county) == []
    assert "第 1 版已经生效" in done("apply", here, *WHO)
    found = category(county, "PUB-03")
    assert found is not None
    assert (found.first_response_hours, found.resolve_days) == (12, 3)
    with transaction(county) as session:
        assert session.get_one(ConfigVersion, 1).files == {
            "categories": [packaged("PUB-03", first_h="12", days="3")]
        }


def test_seeding_again_keeps_what_is_in_force(county: sa.Engine, tmp_path: Path) -> None:
    done("apply", folder(tmp_path / "a", "categories", packaged("PUB-03", zh="灯不亮")), *WHO)
    with transaction(county) as session:
        loader.load(session)
    found = category(county, "PUB-03")
    assert found is not None
    assert found.zh == "灯不亮"


def test_processes_pick_a_version_up(county: sa.Engine, tmp_path: Path) -> None:
    catalog = Catalog(county, ttl_seconds=0)
    assert "PUB-13" not in catalog.categories
    here = folder(tmp_path / "a", "categories", NEW)
    folder(here, "wechat_templates", {"tpl": "N01", "template_id": "a-real-id"})
    done("apply", here, *WHO)
    assert list(catalog.categories)[-1] == "PUB-13"
    assert catalog.template_ids["N01"] == "a-real-id"


def test_a_setting_comes_before_a_template_id_of_a_version(
    county: sa.Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WUZHAN_WECHAT_TEMPLATES", '{"N01": "of-the-setting"}')
    rows = [{"tpl": tpl, "template_id": f"own-{tpl}"} for tpl in ("N01", "N02")]
    done("apply", folder(tmp_path / "a", "wechat_templates", *rows), *WHO)
    with transaction(county) as session:
        ids = [session.get_one(NotificationTemplate, tpl) for tpl in ("N01", "N02")]
    assert [one.wechat_template_id for one in ids] == ["of-the-setting", "own-N02"]


def test_a_version_is_rolled_back_by_its_number(county: sa.Engine, tmp_path: Path) -> None:
    here = tmp_path / "a"
    done("apply", folder(here, "categories", packaged("PUB-03", days="4")), *WHO)
    done("apply", folder(here, "categories", packaged("PUB-03", days="3"), NEW), *WHO)
    done("rollback", 1, *WHO)

    assert category(county, "PUB-13") is None
    assert getattr(category(county, "PUB-03"), "resolve_days", 0) == 4
    done("rollback", 0, *WHO)
    assert getattr(category(county, "PUB-03"), "resolve_days", 0) == 5
    assert "和现在用的一样" in done("rollback", 0, *WHO)
    assert "没有第 9 版" in refused("rollback", 9, *WHO)
    assert versions(county) == [(1, None), (2, None), (3, 1), (4, 0)]
    listed = done("history").splitlines()
    assert [line.split()[1] for line in listed] == ["4", "3", "2", "1"]
    assert "县农办 经办  （退回到第 1 版）" in listed[1]


def test_a_category_that_was_asked_for_does_not_go(county: sa.Engine, tmp_path: Path) -> None:
    done("apply", folder(tmp_path / "a", "categories", NEW), *WHO)
    with transaction(county) as session:
        her = session.scalars(sa.select(Person).where(Person.village_code == "990101")).first()
        assert her is not None
        session.add(
            Request(
                number="GY-1",
                village_code="990101", station="public_works", category="PUB-13", text="井",
                requester_id=her.id, answers={}, hide_me=False, sealed=False, neutral=False,
                consent_version="1", priority="P3", no_volunteer=False, routing={}, transfers=0,
                reopened=0, status="submitted", created_at=clock.now(),
            )
        )  # fmt: skip
    assert "不能去掉" in refused("rollback", 0, *WHO)
    assert category(county, "PUB-13") is not None
    assert versions(county) == [(1, None)]


@pytest.mark.parametrize(
    ("row", "column"),
    [
        (packaged("AID-01", flags=""), "flags"),
        (packaged("AID-01", first_h="0"), "first_h"),
        (packaged("AID-01", days="1e3"), "days"),
        (packaged("AID-01", days="1" + "0" * 400), "days"),
        (packaged("AID-03", first_h="8"), "first_h"),
        (packaged("AID-01", priority="P0"), "priority"),
        (packaged("AID-01", station="culture"), "station"),
        (packaged("AID-01", form="F-NONE"), "form"),
        (packaged("MED-01", next_step="volunteer"), "next_step"),
        (packaged("AID-01", zh="\x1b[31m红"), "zh"),
        (packaged("AID-01", zh="长" * 21), "zh"),
        (packaged("AID-01", zh="=1+2"), "zh"),
        (packaged("AID-01", en="@SUM(A1)"), "en"),
        (packaged("AID-01", en="-cmd|' /C calc'!A0"), "en"),
        ({**NEW, "code": "XXX-1"}, "code"),
        ({**NEW, "risk": "2"}, "risk"),
        ({**NEW, "risk": "2", "flags": "risk2", "at_once": "yes"}, "at_once"),
        ({**NEW, "people": ""}, "people"),
        ({**NEW, "flags": "secret"}, "flags"),
        ({**NEW, "zh": ""}, "zh"),
    ],
)
def test_a_category_that_would_do_harm_is_refused(tmp_path: Path, row: Row, column: str) -> None:
    output = refused("apply", folder(tmp_path / "a", "categories", row), *WHO)
    assert f"categories.csv 第 2 行「{column}」：" in output


def test_keys_and_ids_of_templates_are_checked(tmp_path: Path) -> None:
    here = folder(
        tmp_path / "a",
        "wechat_keys",
        {"tpl": "N01", "field": "matter", "wechat_key": "phrase1"},
        {"tpl": "N99", "field": "matter", "wechat_key": "thing1"},
        {"tpl": "N01", "field": "nothing", "wechat_key": "thing1"},
    )
    folder(here, "wechat_templates", {"tpl": "N01", "template_id": "x y"}, {"tpl": "N98"})
    output = refused("check", here)
    for place in (
        "wechat_keys.csv 第 2 行「wechat_key」", "wechat_keys.csv 第 3 行「tpl」",
        "wechat_keys.csv 第 4 行「field」", "wechat_templates.csv 第 2 行「template_id」",
        "wechat_templates.csv 第 3 行「tpl」",
    ):  # fmt: skip
        assert place in output


def test_two_fields_of_a_template_have_two_keys(tmp_path: Path) -> None:
    alike = [row for row in read("wechat_keys") if row["wechat_key"].startswith("thing")]
    one, other = next(
        (one, other)
        for one in alike
        for other in alike
        if one["tpl"] == other["tpl"] and one["field"] != other["field"]
    )
    row = {**one, "wechat_key": other["wechat_key"]}
    output = refused("check", folder(tmp_path / "a", "wechat_keys", row))
    assert (
        f"wechat_keys.csv 第 2 行「wechat_key」：同一个模板里两个字段用了同一个 {row['wechat_key']}"
        in output
    )


def unit(code: str, kind: str, name: str, parent: str = "", **more: str) -> Row:
    blank = dict.fromkeys(("households", "population", "lat", "lng"), "")
    return {"code": code, "kind": kind, "name": name, "parent": parent, **blank, **more}


UNITS = [
    unit(
        "360999101", "natural_village", "上屋", "360999-1", population="210", lat="28.5", lng="115"
    ),
    unit("360999102", "natural_village", "下屋", "360999-1"),
    unit("360999-1", "admin_village", "屋背村", "360999"),
    unit("360999", "town", "河口镇", "3609"),
    unit("3609", "county", "青山县"),
]


def test_a_county_has_its_own_villages_and_then_its_own_people(
    empty_database_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("WUZHAN_DATABASE_URL", empty_database_url)
    monkeypatch.setenv("WUZHAN_REDIS_URL", redis_url)
    monkeypatch.setenv("WUZHAN_SECRET_KEY", "k" * 32)
    assert CliRunner().invoke(cli.main, ["seed", "--no-demo"]).exit_code == 0
    output = done("apply", folder(tmp_path / "a", "units", *UNITS), *WHO)
    assert "＋ 360999101" in output
    assert "－ 990101" in output
    # files that a folder does not have stay as they are
    done("apply", folder(tmp_path / "b", "categories", packaged("PUB-03", days="4")), *WHO)
    assert CliRunner().invoke(cli.main, ["seed", "--no-demo"]).exit_code == 0

    engine = create_engine(empty_database_url)
    catalog = Catalog(engine)
    assert [unit.name for unit in catalog.villages.values()] == ["上屋", "下屋"]
    assert len(catalog.stations) == 10
    assert catalog.stations["360999101.culture"].name == "上屋文体活动联络站"
    people = xlsx(tmp_path / "r.xlsx", ["姓名", "村", "身份"], ["甲甲", "屋背村上屋", "村委会经办"])
    imported = CliRunner().invoke(cli.main, ["import", "roster", str(people), "--apply"])
    assert imported.exit_code == 0, imported.output
    assert "不能去掉" in refused("rollback", 0, *WHO)
    assert [unit.name for unit in Catalog(engine).villages.values()] == ["上屋", "下屋"]
    engine.dispose()


def test_villages_with_people_do_not_go(county: sa.Engine, tmp_path: Path) -> None:
    assert "不能去掉" in refused("apply", folder(tmp_path / "a", "units", *UNITS), *WHO)
    assert len(Catalog(county).villages) == 8


@pytest.mark.parametrize(
    ("row", "place"),
    [
        (unit("a b", "natural_village", "新屋", "360999-1"), "第 7 行「code」"),
        (unit("n", "village", "新屋", "360999-1"), "第 7 行「kind」"),
        (unit("n", "natural_village", "", "360999-1"), "第 7 行「name」"),
        (unit("n", "natural_village", "新屋", "3609"), "第 7 行「parent」"),
        (unit("n", "natural_village", "新屋", "nowhere"), "第 7 行「parent」"),
        (unit("n", "natural_village", "上屋", "360999-1"), "第 7 行「name」：和第 2 行"),
        (unit("n", "county", "青海县"), "units.csv：要正好有一个县"),
        (unit("n", "natural_village", "新屋", "360999-1", lat="28"), "第 7 行「lat」：经度和纬度"),
        (unit("n", "natural_village", "新屋", "360999-1", lat="1e400", lng="1"), "第 7 行「lat」"),
        (
            unit("n", "natural_village", "新屋", "360999-1", population="-3"),
            "第 7 行「population」",
        ),
        (unit("3609", "natural_village", "新屋", "360999-1"), "第 7 行「code」：和第 6 行重复"),
    ],
)
def test_units_that_do_not_hang_together_are_refused(tmp_path: Path, row: Row, place: str) -> None:
    assert place in refused("check", folder(tmp_path / "a", "units", *UNITS, row))


YEAR = ("01-01", "05-01", "05-02", "10-01", "10-02", "10-03")


@pytest.fixture
def no_own_calendar() -> Iterator[None]:
    """The years of the tests' own file would come first."""
    workdays.configure(None)
    yield
    workdays.configure(Path(os.environ["WUZHAN_CALENDAR_FILE"]))
    workdays._county = ()


def free(year: int, *days: str) -> list[Row]:
    rows = [{"date": f"{year}-{day}", "kind": "off", "holiday": "节"} for day in days]
    return [{**row, "source": "国办"} for row in rows]


@pytest.mark.usefixtures("no_own_calendar")
def test_holidays_of_a_year_come_with_a_version_and_go_with_it(
    county: sa.Engine, tmp_path: Path
) -> None:
    saturday = {"date": "2031/9/27", "kind": "work", "holiday": "国庆节", "source": "国办"}
    done("apply", folder(tmp_path / "a", "calendar", *free(2031, *YEAR), saturday), *WHO)
    assert workdays.missing(datetime(2031, 1, 1, tzinfo=clock.SHANGHAI)) == 2031
    with transaction(county) as session:
        hours.of(session, "990101")
    assert workdays.missing(datetime(2031, 1, 1, tzinfo=clock.SHANGHAI)) is None
    assert workdays.is_working_day(date(2031, 9, 27))
    assert not workdays.is_working_day(date(2026, 10, 1))
    done("rollback", 0, *WHO)
    workdays.try_follow(county)
    assert not workdays.is_working_day(date(2031, 9, 27))


@pytest.mark.usefixtures("no_own_calendar")
def test_a_year_of_a_county_stands_for_the_whole_year(county: sa.Engine, tmp_path: Path) -> None:
    done("apply", folder(tmp_path / "a", "calendar", *free(2026, *YEAR)), *WHO)
    workdays.try_follow(county)
    assert workdays.is_working_day(date(2026, 10, 7))
    done("export", tmp_path / "b")
    assert "和现在用的一样" in done("check", tmp_path / "b")


def test_a_year_that_is_not_whole_is_refused(tmp_path: Path) -> None:
    output = refused("check", folder(tmp_path / "a", "calendar", *free(2031, *YEAR[:-1])))
    assert "calendar.csv：2031年的放假安排不全" in output
    output = refused("check", folder(tmp_path / "b", "calendar", *free(2031, "13-01")))
    assert "calendar.csv 第 2 行「date」" in output


def test_files_that_are_none_are_named(tmp_path: Path) -> None:
    assert "没有这个文件夹" in refused("check", tmp_path / "nowhere")
    (tmp_path / "a").mkdir()
    assert "没有能用的文件" in refused("check", tmp_path / "a")
    (tmp_path / "a" / "people.csv").write_text("x")
    (tmp_path / "a" / "categories.csv").write_text("code,zh,colour\nAID-01,x,y\n")
    (tmp_path / "a" / "wechat_keys.csv").write_bytes(b"\x81\xff\xff\x00")
    output = refused("check", tmp_path / "a")
    assert "people.csv：不认识的文件" in output
    assert "categories.csv 第 1 行「station」：缺这一列" in output
    assert "categories.csv 第 1 行「colour」：没有这一列" in output
    assert "wechat_keys.csv：文件读不出来" in output


def test_who_decides_is_asked_for(tmp_path: Path) -> None:
    here = folder(tmp_path / "a", "categories", NEW)
    assert run("apply", here).exit_code == 2
    assert run("apply", here, "--by", " ").exit_code == 2
    assert run("rollback", "-1", *WHO).exit_code == 2


def test_without_a_subcommand_the_settings_are_printed(county: sa.Engine) -> None:
    assert "WUZHAN_PORT" in done()


VALUES = st.one_of(
    st.sampled_from(["", "AID-01", "P1", "volunteer", "24", "risk2", "no_vol", "yes"]),
    st.text(max_size=5),
)


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.dictionaries(st.sampled_from(list(NEW)), VALUES, max_size=3))
def test_what_is_refused_or_only_looked_at_changes_nothing(
    county: sa.Engine, tmp_path: Path, changes: Row
) -> None:
    here = folder(tmp_path / "a", "categories", {**NEW, **changes})
    before = versions(county)
    for command in ("check", "diff"):
        result = run(command, here)
        assert result.exit_code == 0 or isinstance(result.exception, SystemExit), result.output
    assert versions(county) == before
    assert category(county, "PUB-13") is None
    if result.exit_code:
        refused("apply", here, *WHO)
        assert versions(county) == before
