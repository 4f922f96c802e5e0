from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runtime import cli
from tests.village.roster.files import HEADER, text, xlsx
from village import phones
from village.db import Base, transaction
from village.models import (
    AvailabilityWindow,
    Certificate,
    ConflictDeclaration,
    Consent,
    Membership,
    Outbox,
    Person,
    RoleGrant,
    Volunteer,
)

WIDE = [
    "序号",
    "姓名*",
    "所属村",
    "出生日期",
    "联系电话",
    "户号",
    "职务",
    "服务站点",
    "任期起",
    "任期止",
    "特长",
    "服务时间",
    "保险有效期",
    "持证",
    "证书有效期至",
    "监护人是否同意",
]
PHONE = "1999" + "0" * 7
CANARY = "金丝雀"


def run(*arguments: Any) -> Result:
    return CliRunner().invoke(cli.main, ["import", "roster", *map(str, arguments)])


def import_(file: Path) -> str:
    result = run(file, "--apply")
    assert result.exit_code == 0, result.output
    return result.output


def refused(file: Path, *options: str) -> str:
    result = run(file, *options)
    assert (result.exit_code, type(result.exception)) == (1, SystemExit), result.output
    return result.output


def rows(engine: sa.Engine, model: type[Base], *where: Any) -> list[Any]:
    with transaction(engine) as session:
        return list(session.scalars(sa.select(model).where(*where)))


def person(engine: sa.Engine, name: str) -> Any:
    return rows(engine, Person, Person.name == name)[0]


def everything(engine: sa.Engine) -> list[Any]:
    with engine.connect() as link:
        return [
            link.execute(sa.select(t).order_by(*t.primary_key)).all()
            for t in Base.metadata.sorted_tables
        ]


def figures(output: str) -> dict[str, list[int]]:
    found = (line.split() for line in output.splitlines())
    return {
        line[0]: [int(part) for part in line[1:]]
        for line in found
        if len(line) == 4 and line[1].isdigit()
    }


def day(text: str) -> datetime:
    """A date as Excel keeps it."""
    return datetime.fromisoformat(text)


def an_office_file(path: Path) -> Path:
    """A table as an office has it: a title, merged villages, numbers for dates, a sum below."""
    xlsx(
        path,
        ["清穗县志愿者花名册"],
        [],
        WIDE,
        [
            1, f"{CANARY}一", "桥头", day("1962-03-05"), int(PHONE), 7, "志愿者、站长", "卫生站",
            day("2026-12-01"), day("2029-11-30"), "探访、电工", "每天上午", "2027年12月", "电工证",
            46750,
        ],
        [
            2, f"{CANARY}二", None, "１９８０", f"{PHONE[:3]} {PHONE[3:7]} {PHONE[7:]}", "07", None,
            "互助", None, None, "做饭", "周末",
        ],
        [None] * len(WIDE),
        WIDE,
        [3, f"{CANARY}三", "枫林村枫林坳", 2010, None, None, "志愿者", "枫林坳文体活动联络站",
         None, None, None, None, None, None, None, "是"],
        [4, f"{CANARY}四", "石桥村桥头", None, None, None, "村委会经办", None,
         None, None, None, None, None, None, None, None],
        ["合计", 4],
    )  # fmt: skip
    book = openpyxl.load_workbook(path)
    book["名册"].merge_cells("A1:P1")
    book["名册"].merge_cells("C4:C5")
    book.create_sheet("填表说明").append(["请如实填写"])
    book.save(path)
    return path


def test_a_table_of_an_office_is_imported(county: sa.Engine, tmp_path: Path) -> None:
    output = import_(an_office_file(tmp_path / "花名册.xlsx"))

    assert figures(output) == {"人员": [4, 0, 0], "志愿者": [3, 0, 0], "任职": [2, 0, 0]}
    one, two = person(county, f"{CANARY}一"), person(county, f"{CANARY}二")
    assert (one.village_code, one.birth_year, one.household) == ("990101", 1962, "7")
    assert (two.village_code, two.birth_year) == ("990101", 1980)
    helper = rows(county, Volunteer, Volunteer.person_id == one.id)[0]
    assert helper.skills == ["探访", "电工", "电工证"]
    assert helper.insured_until == date(2027, 12, 31)
    paper = rows(county, Certificate, Certificate.person_id == one.id)[0]
    assert (paper.skill, paper.valid_until) == ("电工证", date(2027, 12, 29))
    grant = rows(county, RoleGrant, RoleGrant.person_id == one.id)[0]
    assert (grant.role, grant.unit_code, grant.station) == ("head", "990101", "sanitation")
    assert grant.valid_from == datetime(2026, 11, 30, 16, tzinfo=UTC)
    assert grant.valid_to == datetime(2029, 11, 30, 16, tzinfo=UTC)
    hours = rows(county, AvailabilityWindow, AvailabilityWindow.person_id == two.id)
    assert sorted(window.weekday for window in hours) == [5, 6]
    young = person(county, f"{CANARY}三")
    place = rows(county, Membership, Membership.person_id == young.id)[0]
    assert (place.village_code, place.station) == ("990105", "culture")
    assert rows(county, Consent, Consent.person_id == young.id)[0].document == "guardian"
    clerk = person(county, f"{CANARY}四")
    assert rows(county, RoleGrant, RoleGrant.person_id == clerk.id)[0].unit_code == "shiqiao"
    assert "没有读的列（不会存下来）：序号" in output
    assert phones.of(one) == phones.of(two) == PHONE
    assert one.phone_hash == two.phone_hash
    assert "没有读的工作表：填表说明" in output


def test_the_same_file_again_changes_nothing_and_says_so(county: sa.Engine, tmp_path: Path) -> None:
    file = an_office_file(tmp_path / "花名册.xlsx")
    import_(file)
    before = everything(county)

    output = import_(file)

    assert figures(output) == {"人员": [0, 0, 4], "志愿者": [0, 0, 3], "任职": [0, 0, 2]}
    assert "没有变化" in output
    assert everything(county) == before


def test_a_row_that_changed_updates_what_it_says_and_no_more(
    county: sa.Engine, tmp_path: Path
) -> None:
    file = tmp_path / "r.xlsx"
    header = [*HEADER, "特长", "任期止", "户号"]
    import_(
        xlsx(
            file,
            header,
            ["甲甲", "桥头", 1960, "志愿者、站长", "文体站", "唱歌", "2028-06-30", "9"],
        )
    )

    again = xlsx(
        file, header, ["甲甲", "桥头", 1961, "志愿者、站长", "文体站", "跳舞", "2029-06-30", None]
    )
    preview, output = run(again).output, import_(again)

    assert figures(output) == {"人员": [0, 1, 0], "志愿者": [0, 1, 0], "任职": [0, 1, 0]}
    assert "名册 第 2 行：出生年\n" in preview
    found = person(county, "甲甲")
    assert (found.birth_year, found.household) == (1961, "9")
    helper = rows(county, Volunteer, Volunteer.person_id == found.id)[0]
    assert (helper.skills, helper.version) == (["跳舞"], 2)
    grants = rows(county, RoleGrant, RoleGrant.person_id == found.id)
    assert [grant.valid_to for grant in grants] == [datetime(2029, 6, 30, 16, tzinfo=UTC)]


def test_a_dry_run_shows_the_same_figures_and_writes_nothing(
    county: sa.Engine, tmp_path: Path
) -> None:
    file, before = an_office_file(tmp_path / "花名册.xlsx"), everything(county)

    output = run(file).output

    assert "这是预演" in output
    assert everything(county) == before
    assert figures(output) == figures(import_(file))


def test_every_bad_row_is_named_and_nothing_is_written(county: sa.Engine, tmp_path: Path) -> None:
    before = everything(county)
    file = xlsx(
        tmp_path / "r.xlsx",
        [*HEADER, "手机", "任期起", "任期止", "服务时间"],
        ["好人", "桥头", 1960, "志愿者", "互助", None, None, None, None],
        [None, "桥头", 1960, "志愿者", "互助", None, None, None, None],
        ["乙乙", "不在村", "二十", "队长", "诊所", PHONE[:-1], "明天", None, "半夜"],
        ["丙丙", "桥头", 1960, "站长", None, None, "2027-01-01", "2026-01-01", None],
        ["丁丁", "桥头", "=1900+60", "志愿者", "互助", None, None, None, None],
    )

    output = refused(file, "--apply")

    assert everything(county) == before
    assert "名册 第 3 行「姓名」：这一项要填" in output
    for column in ("村", "出生年", "身份", "服务站", "手机", "任期起"):
        assert f"名册 第 4 行「{column}」" in output
    assert "名册 第 5 行「服务站」：志愿者、站长、副站长要写清在哪个站" in output
    assert "名册 第 5 行「任期止」：任期结束要在任期开始之后" in output
    assert "名册 第 6 行「出生年」：是公式" in output
    assert "第 2 行" not in output
    assert "没有写入任何内容" in output


def test_no_name_and_no_phone_stands_in_what_is_printed(county: sa.Engine, tmp_path: Path) -> None:
    file = an_office_file(tmp_path / "r.xlsx")
    good = run(file).output + import_(file)
    bad = refused(
        xlsx(
            tmp_path / "bad.xlsx",
            [*HEADER, "电话"],
            [f"{CANARY}五5", f"{CANARY}村", f"{CANARY}", f"{CANARY}", f"{CANARY}", PHONE[:-1]],
            ["丁丁", PHONE, PHONE, PHONE, PHONE, f"{PHONE}9"],
        )
    )
    assert bad.count("第 3 行") > 3
    for output in (good, bad):
        assert CANARY not in output
        assert PHONE[:-1] not in output


@pytest.mark.parametrize(
    ("offices", "words"),
    [
        ([["甲甲", "桥头", "站长", "文体"], ["甲甲", "桥头", "协会会长", None]], "站长和协会会长"),
        ([["甲甲", "桥头", "理事、村务监督", None]], "不能由同一个人兼任"),
        ([["甲甲", "桥头", "人民调解员、党小组组长", None]], "不能由同一个人兼任"),
        ([["甲甲", "桥头", "系统管理、理事", None]], "不能由同一个人兼任"),
    ],
)
def test_offices_that_do_not_go_together_are_refused(
    county: sa.Engine, tmp_path: Path, offices: list[list[Any]], words: str
) -> None:
    output = refused(
        xlsx(tmp_path / "r.xlsx", ["姓名", "村", "职务", "服务站"], *offices), "--apply"
    )
    assert words in output
    assert not rows(county, Person, Person.name == "甲甲")


def test_an_office_that_she_holds_already_counts_too(county: sa.Engine, tmp_path: Path) -> None:
    header = ["姓名", "村", "职务", "服务站"]
    import_(xlsx(tmp_path / "a.xlsx", header, ["甲甲", "桥头", "站长", "文体"]))
    output = refused(xlsx(tmp_path / "b.xlsx", header, ["甲甲", "桥头", "协会会长", None]))
    assert "第 2 行「职务」：" in output
    assert "站长和协会会长" in output or "协会会长和站长" in output


def test_offices_one_after_the_other_are_allowed(county: sa.Engine, tmp_path: Path) -> None:
    file = xlsx(
        tmp_path / "r.xlsx",
        ["姓名", "村", "职务", "服务站", "任期起", "任期止"],
        ["甲甲", "桥头", "站长", "文体", "2026-12-01", "2027-11-30"],
        ["甲甲", "桥头", "协会会长", None, "2027-12-01", None],
    )
    assert figures(import_(file))["任职"] == [2, 0, 0]


def test_a_supervisor_is_no_near_relative_of_the_council(county: sa.Engine, tmp_path: Path) -> None:
    header = ["姓名", "村", "职务", "户号"]
    file = xlsx(
        tmp_path / "r.xlsx",
        header,
        ["甲甲", "桥头", "村务监督", "801"],
        ["乙乙", "桥头", "理事", "801"],
    )
    assert "近亲属" in refused(file)
    import_(
        xlsx(file, header, ["甲甲", "桥头", "村务监督", "801"], ["乙乙", "桥头", "理事", "802"])
    )
    kin = {"person_id": person(county, "甲甲").id, "other_id": person(county, "乙乙").id}
    with transaction(county) as session:
        session.add(ConflictDeclaration(**kin, kind="kin", declared_at=datetime.now(UTC)))
    assert "近亲属" in refused(file.rename(tmp_path / "again.xlsx"))


def test_namesakes_need_codes_and_a_code_keeps_her_when_she_moves(
    county: sa.Engine, tmp_path: Path
) -> None:
    file = tmp_path / "r.xlsx"
    twice = xlsx(file, ["姓名", "村", "出生年"], ["甲甲", "桥头", 1960], ["甲甲", "桥头", 1990])
    assert "第 3 行「出生年」：同一个人的这一项，和第 2 行写得不一样" in refused(twice)
    header = ["编号", "姓名", "村", "出生年"]
    import_(xlsx(file, header, ["Q-1", "甲甲", "桥头", 1960], ["Q-2", "甲甲", "桥头", 1990]))
    assert "请填编号" in refused(xlsx(file, ["姓名", "村"], ["甲甲", "桥头"]))
    import_(xlsx(file, header, ["Q-2", "甲甲", "枫林坳", 1990]))
    assert {p.code: p.village_code for p in rows(county, Person, Person.name == "甲甲")} == {
        "Q-1": "990101",
        "Q-2": "990105",
    }
    assert "另一个村、另一个名字" in refused(xlsx(file, header, ["Q-2", "乙乙", "桥头", 1990]))


def test_a_code_that_comes_later_is_given_to_who_is_there(
    county: sa.Engine, tmp_path: Path
) -> None:
    file = tmp_path / "r.xlsx"
    import_(xlsx(file, ["姓名", "村"], ["甲甲", "桥头"]))
    import_(xlsx(file, ["编号", "姓名", "村"], ["Q-1", "甲甲", "桥头"]))
    assert [p.code for p in rows(county, Person, Person.name == "甲甲")] == ["Q-1"]


def test_an_account_that_took_a_name_gets_no_office_of_the_file(
    county: sa.Engine, tmp_path: Path
) -> None:
    with transaction(county) as session:
        session.add(Person(name="甲甲", village_code="990101", created_at=datetime.now(UTC)))
    taken = person(county, "甲甲").id
    import_(xlsx(tmp_path / "r.xlsx", HEADER, ["甲甲", "桥头", 1960, "站长", "文体"]))
    assert not rows(county, RoleGrant, RoleGrant.person_id == taken)


def test_what_a_volunteer_decided_herself_is_left_to_her(county: sa.Engine, tmp_path: Path) -> None:
    file = xlsx(
        tmp_path / "r.xlsx", [*HEADER, "服务时间"], ["甲甲", "桥头", 1960, None, "文体", "周末"]
    )
    import_(file)
    her = person(county, "甲甲").id
    with transaction(county) as session:
        session.execute(
            sa.update(Membership).where(Membership.person_id == her).values(active=False)
        )
        mine = AvailabilityWindow.person_id == her
        session.execute(sa.update(AvailabilityWindow).where(mine).values(from_minute=600))
    assert "没有变化" in import_(file)
    assert [place.active for place in rows(county, Membership, Membership.person_id == her)] == [
        False
    ]


def test_new_helpers_are_thought_of_where_people_are_waited_for(
    county: sa.Engine, tmp_path: Path
) -> None:
    import_(xlsx(tmp_path / "r.xlsx", HEADER, ["甲甲", "桥头", 1960, None, "文体"]))
    freed = rows(county, Outbox, Outbox.job == "dispatch.freed")
    assert [job.subject_id for job in freed] == [person(county, "甲甲").id]


@pytest.mark.parametrize(
    "line", [["甲甲", "桥头", 1961, None, "文体"], ["甲甲", "桥头", 1960, "站长", "文体"]]
)
def test_a_changed_age_or_a_new_office_is_thought_of_too(
    county: sa.Engine, tmp_path: Path, line: list[Any]
) -> None:
    import_(xlsx(tmp_path / "r.xlsx", HEADER, ["甲甲", "桥头", 1960, None, "文体"]))
    import_(xlsx(tmp_path / "again.xlsx", HEADER, line))
    freed = rows(county, Outbox, Outbox.job == "dispatch.freed")
    assert {job.subject_id for job in freed} == {person(county, "甲甲").id}
    assert len(freed) == 2


def test_a_csv_file_is_imported(county: sa.Engine, tmp_path: Path) -> None:
    file = tmp_path / "名册.csv"
    file.write_text(text(HEADER, ["甲甲", "桥头", "1960", "志愿者", "文体站"]), encoding="gbk")
    assert figures(import_(file))["志愿者"] == [1, 0, 0]


def test_the_empty_roster_can_be_filled_in_and_imported(county: sa.Engine, tmp_path: Path) -> None:
    file = tmp_path / "空白.xlsx"
    assert run("--template", file).exit_code == 0
    assert run("--template", file).exit_code == 1
    assert "表里没有一个人" in refused(file)
    book = openpyxl.load_workbook(file)
    headers = [cell.value for cell in book["名册"][1]]
    example = [cell.value for cell in book["示例"][2]]
    for column, value in enumerate(example, start=1):
        book["名册"].cell(2, column, value)
    assert {"姓名*", "手机号", "服务站"} <= set(headers)
    book.save(file)
    assert figures(import_(file)) == {"人员": [1, 0, 0], "志愿者": [1, 0, 0], "任职": [1, 0, 0]}


def test_one_asks_for_a_file_or_for_a_template() -> None:
    assert run().exit_code == run("a.xlsx", "--template", "b.xlsx").exit_code == 2


CELLS = st.one_of(
    st.none(),
    st.sampled_from(
        ["甲甲", "乙乙", "桥头", "枫林坳", "站长", "志愿者", "文体", "1960", "x" * 300]
    ),
    st.integers(-5, 3000),
    st.text(max_size=4, alphabet=st.characters(codec="utf-8", exclude_characters='\r\n,"\t;')),
)


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    table=st.lists(st.lists(CELLS, min_size=5, max_size=5), min_size=1, max_size=4),
    applies=st.booleans(),
)
def test_no_dry_run_and_no_refused_file_ever_writes(
    county: sa.Engine, tmp_path: Path, table: list[list[Any]], applies: bool
) -> None:
    file = tmp_path / "any.csv"
    file.write_text(text(HEADER, *table), encoding="utf-8")
    before = everything(county)

    result = run(file, *["--apply"] * applies)

    assert result.exit_code == 0 or isinstance(result.exception, SystemExit), result.output
    if not applies or result.exit_code:
        assert everything(county) == before
    else:
        assert "没有变化" in import_(file)
