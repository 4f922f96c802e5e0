"""What a villager's own words bring about: flags, her name, and what staff and she are told."""

from __future__ import annotations

import pytest

from tests.service.house import House
from tests.service.test_problems import problem
from village.catalog.files import read

HIDDEN = "村口那个猪场夜里往河里放黑水，不要讲是我说的"
DAM = "坝脚漏水，越来越大，下面住着几户人家"
COUNCIL = "路灯坏了三盏，大家愿意出工修，走一事一议"


def test_words_raise_the_priority_and_staff_read_why(house: House) -> None:
    made = house.submit("u041", DAM, category="PUB-08", emergency_confirmed=False)
    assert made["priority"] == "P1"
    seen = house.seen(f"/requests/{made['id']}", "u006")["grounds"]
    flag = next(flag for flag in seen["flags"] if flag["kind"] == "dam_water")
    assert (flag["priority"], flag["matched"] in DAM) == ("P1", True)
    assert flag["text"].startswith("水利安全：")
    stored = house.rows("select routing from requests")[0][0]["flags"]
    assert {"kind", "reason", "matched", "priority"} == set(stored[0])


def test_words_never_lower_a_priority(house: House) -> None:
    categories = house.get("/categories").json or {}
    most_urgent = min(categories["items"], key=lambda each: each["priority"])
    made = house.submit("u041", "一个人住，身边没有人", category=most_urgent["code"])
    assert made["priority"] <= most_urgent["priority"]


def test_a_raised_priority_takes_the_earlier_limit(house: House) -> None:
    calm = {"category": "PUB-08", "emergency_confirmed": False}
    plain, raised = (house.submit("u041", text, **calm) for text in ("路坏了", DAM))
    assert raised["deadlines"]["resolve_due"] < plain["deadlines"]["resolve_due"]


def test_she_who_must_not_be_named_is_hidden_and_told_so_and_may_change_it(house: House) -> None:
    made = house.submit("u041", HIDDEN, category="ENV-03", hide_me=False)
    path = f"/requests/{made['id']}"
    head = next(
        c for c in ("u003", "u004", "u005", "u006") if house.get(path, c).status_code == 200
    )
    assert made["hide_me"] is True
    assert "看不到您的名字" in made["told"][-1]
    assert "requester" not in house.seen(path, head)
    shown = house.done(f"{path}/hide_me", "u041", {"hide": False})
    assert shown["hide_me"] is False
    assert "看不到" not in "".join(shown["told"])
    assert "requester" in house.seen(path, head)
    lines = house.seen(f"{path}/timeline", head)["items"]
    assert lines[-1]["text"] == "村民改了要不要让站里知道姓名。"
    assert house.post(f"{path}/hide_me", head, {"hide": True}).status_code == 403


def test_council_and_authority_are_marked_for_staff_alone(house: House) -> None:
    made = house.submit("u041", COUNCIL, category="PUB-03")
    assert "grounds" not in made
    seen = house.seen(f"/requests/{made['id']}", "u006")
    assert "council" in {flag["kind"] for flag in seen["grounds"]["flags"]}
    assert "told" not in seen


@pytest.mark.parametrize("kind", sorted({row["kind"] for row in read("routing_flags")}))
def test_every_flag_has_its_words(kind: str) -> None:
    assert f"flag_{kind}" in {row["kind"] for row in read("grounds")}


# ------------------------------------------------------------------ category and text disagree

LAMP_AS_CULTURE = {"text": "村口到小学那段路灯坏了三盏，晚上很黑。", "category": "CUL-03"}
PENSION = "请问养老保险断交三年怎么补缴，社保局说要去外地开证明，退休工资怎么算"
QUARREL = "邻居把滴水打到我家墙上，吵了几次，想请人调解一下"


def head_lines(house: House, path: str, caller: str) -> list[str]:
    lines: list[str] = house.seen(path, caller)["grounds"]["lines"]
    return lines


def test_a_clear_disagreement_is_asked_once_and_goes_on_unanswered(house: House) -> None:
    made = house.submit("u041", **LAMP_AS_CULTURE)
    path = f"/requests/{made['id']}"
    assert (made["status"], made["station"], made["routing"]["by"]) == (
        "submitted", "culture", "category",
    )  # fmt: skip
    assert (made["asks"]["station"], made["asks"]["chosen"]) == ("public_works", "CUL-03")
    assert made["asks"]["question"].startswith("您选的是“")
    assert {"recategorise", "keep_category"} <= set(made["allowed_actions"])
    (line,) = head_lines(house, path, "u005")
    assert "还没有回答" in line
    assert "asks" not in house.seen(path, "u005")
    house.done(f"{path}/accept", "u005")
    seen = house.seen(path, "u041")
    assert (seen["asks"], "recategorise" in seen["allowed_actions"]) == (None, False)
    problem(house.post(f"{path}/recategorise", "u041"), 409, "transition_not_allowed")


def test_her_answer_moves_it_and_resets_no_clock(house: House) -> None:
    made = house.submit("u041", **LAMP_AS_CULTURE)
    path = f"/requests/{made['id']}"
    house.work()
    moved = house.done(f"{path}/recategorise", "u041")
    assert (moved["status"], moved["station"], moved["category"]) == (
        "submitted", "public_works", "PUB-03",
    )  # fmt: skip
    assert moved["routing"]["by"] == "person"
    assert moved["deadlines"]["resolve_due"] <= made["deadlines"]["resolve_due"]
    assert moved["asks"] is None
    assert house.get(path, "u005").status_code == 404
    (line,) = head_lines(house, path, "u006")
    assert (line.startswith("村民先选了"), "路灯" in line) == (True, True)
    house.work()
    assert house.seen("/notifications", "u006")["items"][0]["title"] == "新事项待受理"
    problem(house.post(f"{path}/recategorise", "u041"), 409, "transition_not_allowed")


def test_her_word_that_it_is_right_ends_the_question(house: House) -> None:
    path = f"/requests/{house.submit('u041', **LAMP_AS_CULTURE)['id']}"
    kept = house.done(f"{path}/keep_category", "u041")
    assert (kept["station"], kept["asks"]) == ("culture", None)
    assert "没有错" in head_lines(house, path, "u005")[0]
    assert house.seen(f"{path}/timeline", "u005")["items"][-1]["text"] == "村民说选的类别没有错。"


def test_what_turns_out_to_be_a_dispute_is_sealed(house: House) -> None:
    made = house.submit("u041", QUARREL, category="PUB-08")
    path = f"/requests/{made['id']}"
    assert made["asks"]["station"] == "mediation"
    house.done(f"{path}/recategorise", "u041")
    assert house.get(path, "u006").status_code == 404
    assert "text" not in house.seen(path, "u001")
    assert house.seen(path, "u012")["text"] == QUARREL


def test_what_turns_out_to_be_no_village_matter_is_answered(house: House) -> None:
    made = house.submit("u041", PENSION, category="PUB-08")
    path = f"/requests/{made['id']}"
    assert made["asks"]["station"] is None
    moved = house.done(f"{path}/recategorise", "u041")
    assert (moved["status"], moved["advice"][0]["phone"]) == ("not_ours", "12333")
    assert moved["deadlines"] == made["deadlines"]
    open_due = "select kind from due_times where cancelled_at is null and fired_at is null"
    assert [row[0] for row in house.rows(open_due)] == ["ask_helped"]
    assert house.get(path, "u006").status_code == 404
    assert house.done(f"{path}/keep", "u041")["status"] == "triage"


def test_who_has_put_it_elsewhere_has_decided(house: House) -> None:
    path = f"/requests/{house.submit('u041', **LAMP_AS_CULTURE)['id']}"
    house.done(f"{path}/route", "u001", {"station": "sanitation", "reason": "归卫生"})
    assert house.seen(path, "u041")["asks"] is None
    problem(house.post(f"{path}/recategorise", "u041"), 409, "transition_not_allowed")


def test_nobody_else_answers_for_her(house: House) -> None:
    path = f"/requests/{house.submit('u041', **LAMP_AS_CULTURE)['id']}"
    problem(house.post(f"{path}/recategorise", "u005"), 403, "forbidden")
    problem(house.post(f"{path}/recategorise", "u045"), 404, "not_found")


@pytest.mark.parametrize("row", read("request_texts"), ids=lambda row: row["id"])
def test_the_right_category_is_never_doubted(shared_house: House, row: dict[str, str]) -> None:
    body = {"village": row["village"], "text": row["text"], "category": row["category"]}
    assert shared_house.done("/routing/preview", "u041", body)["asks"] is None


def test_the_live_hint_asks_too(shared_house: House) -> None:
    body = {"village": "990101", **LAMP_AS_CULTURE}
    asked = shared_house.done("/routing/preview", "u041", body)["asks"]
    assert asked["question"].startswith("您选的是“")
    unsure = {**body, "text": "麻烦你们看看"}
    assert shared_house.done("/routing/preview", "u041", unsure)["asks"] is None


# ------------------------------------------------------------------ the grounds, in words


def test_staff_read_the_grounds_and_she_a_sentence(house: House) -> None:
    made = house.submit("u041", "村口到小学那段路灯坏了三盏，晚上很黑。", place={"name": "村口"})
    assert made["told"] == ["按您说的，送到了公益事业服务站。"]
    assert "grounds" not in made
    seen = house.seen(f"/requests/{made['id']}", "u006")
    assert "told" not in seen
    found = seen["grounds"]
    assert found["decided"].startswith("按清楚的词，")
    assert made["routing"]["by"] == "words"
    assert "公益事业服务站，把握" in found["decided"]
    assert found["inputs"] == ["看了原话19个字。", "村民没有选类别。", "看了填写的地点。"]
    assert (found["version"], found["confidence"]) == (
        made["routing"]["version"], made["routing"]["confidence"],
    )  # fmt: skip
    assert found["ranked"][0]["name"] == "公益事业服务站"
    shares = [each["confidence"] for each in found["ranked"][1:]]
    assert shares == sorted(shares, reverse=True)
    assert "词语“路灯”" in {reason["text"] for reason in found["reasons"]}
    assert all(isinstance(reason["weight"], float) for reason in found["reasons"])


def test_the_chair_reads_why_it_is_hers(house: House) -> None:
    made = house.submit("u041", "村规民约有一条不合理，想提个意见", category="CUL-09")
    assert made["told"] == ["还拿不准由哪个站来办，会长先看看。"]
    found = house.seen(f"/requests/{made['id']}", "u001")["grounds"]
    assert "下一步在理事会" in {reason["text"] for reason in found["reasons"]}
    assert "交会长分派" in found["decided"]
    assert "村民选的类别是" in found["inputs"][1]


def test_what_was_asked_and_answered_is_among_the_grounds(house: House) -> None:
    made = house.submit("u041", "路灯坏了三盏。有人掉进水库了，快来救人")
    house.done(f"/requests/{made['id']}/emergency", "u041", {"danger_now": False})
    reader = "u001"
    found = house.seen(f"/requests/{made['id']}", reader)["grounds"]
    assert any(line.endswith("村民说没有。") for line in found["lines"])
    assert "话里像有危险，先问了村民。" in found["inputs"]
    assert any(reason["text"].startswith("危险的词“") for reason in found["reasons"])
    assert any(reason["text"].startswith("模型看到像有危险") for reason in found["reasons"])


def test_what_must_give_nothing_away_names_nothing(house: House) -> None:
    for text, category in ((QUARREL, "MED-01"), ("家里男人喝了酒又打我，孩子也挨打", "PUB-08")):
        made = house.submit("u047", text, category=category, emergency_confirmed=False)
        assert not [line for line in made["told"] if "站。" in line]
        for head in ("u006", "u004", "u021"):
            answer = house.get(f"/requests/{made['id']}", head)
            if head != "u004" or category != "MED-01":  # she mediates too
                assert "grounds" not in (answer.json or {})


ODD = ("{station} {0} {text.__class__} %s", "{{7*7}}", "';drop table requests;--", "🙏" * 30)


@pytest.mark.parametrize("text", ODD)
def test_no_text_breaks_the_sentences(shared_house: House, text: str) -> None:
    made = shared_house.submit("u041", f"{text} 路灯坏了，不要讲是我说的", category="PUB-03")
    seen = shared_house.seen(f"/requests/{made['id']}", "u006")
    assert seen["text"] == f"{text} 路灯坏了，不要讲是我说的"
    assert seen["grounds"]["decided"].startswith("按村民选的类别，")


def test_what_she_is_told_is_what_is_so_now(house: House) -> None:
    """The chair answers from the directory; kept for the village it is not answered so again."""
    made = house.submit("u041", "有件事想打听打听")
    path = f"/requests/{made['id']}"
    wrong = house.post(f"{path}/refer", "u001", {"referral": "crime"})
    assert "referral" in problem(wrong, 422, "invalid")["errors"]
    assert house.done(f"{path}/refer", "u001", {"referral": "water"})["status"] == "not_ours"
    problem(house.get(path, "u001"), 404, "not_found")
    seen = house.seen(path, "u041")
    assert seen["told"] == ["这件事不归五站办，请看该找谁。"]
    assert [each["kind"] for each in seen["advice"]] == ["water"]
    kept = house.done(f"{path}/keep", "u041")
    assert kept["told"] == ["您说还是村里的事，会长会看看由哪个站来办。"]
    running = "select 1 from due_times where kind = 'resolve' and cancelled_at is null"
    assert len(house.rows(running)) == 1  # its clock goes on
    again = house.post(f"{path}/refer", "u001", {"referral": "water"})
    assert "refer" not in problem(again, 409, "transition_not_allowed")["allowed_actions"]
    house.done(f"{path}/route", "u001", {"station": "culture", "reason": "文体"})
    assert house.seen(path, "u041")["told"] == ["这件事现在由文体活动联络站来办。"]


def test_the_chair_asks_before_she_decides_and_may_decide_without_an_answer(house: House) -> None:
    made = [house.submit("u041", "有件事想打听打听")["id"] for _ in range(2)]
    for each in made:
        asked = house.done(f"/requests/{each}/ask", "u001", {"question": "什么事？"})
        assert (asked["status"], asked["station"]) == ("needs_info", None)
    assert len(house.seen("/villages/990101/triage", "u001")["items"]) == 2
    assert house.done(f"/requests/{made[0]}/answer", "u041", {"text": "灯"})["status"] == "triage"
    sent = {"station": "culture", "reason": "文体"}
    assert house.done(f"/requests/{made[1]}/route", "u001", sent)["status"] == "submitted"
    problem(house.get(f"/requests/{made[0]}", "u006"), 404, "not_found")
