"""A county with one request of every confidentiality, and who stands how to each of them.

The relations are worked out here from the roster and from what the test did, not by the code
that is tested.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from tests.pictures import form, picture
from tests.service.house import FLOOD, House
from village import clock, relations
from village.catalog.files import parts, read
from village.catalog.privacy import PRIVACY_VERSION
from village.db import transaction
from village.relations import (
    CHAIR,
    ENTERER,
    HEAD,
    INVITED,
    MEDIATOR,
    NEIGHBOUR,
    REQUESTER,
    STAND_IN,
    VOLUNTEER,
)
from village.workflow.engine import attempt
from village.workflow.request import REQUEST

HOME, NEXT, AWAY = "990101", "990102", "990105"
PAIRED = "u016"
APPLICANT = "u046"
KIN, CLERK, TOWNSHIP = "u063", "u067", "u901"
ENTERED_BY = "u005"
STATION = f"{HOME}.public_works"
SECRET = "程家院墙边的旧事"
VIOLENCE = "家里男人喝了酒又打我，孩子也挨打"
TAGS = {"SH": HEAD, "DSH": HEAD, "AC": CHAIR, "MED": MEDIATOR}

CALLERS = {
    "u041": "requester",
    "u045": "villager",
    "u047": "villager in fear",
    "u141": "villager elsewhere",
    "u016": "volunteer of the station",
    "u017": "volunteer of the station",
    "u035": "volunteer of the station",
    "u036": "volunteer of the station",
    "u032": "volunteer of another station",
    "u006": "head",
    "u023": "deputy",
    "u005": "head of another station",
    "u106": "head elsewhere",
    "u001": "chair",
    "u101": "chair elsewhere",
    "u004": "head of mediation and mediator",
    "u021": "deputy of mediation",
    "u012": "mediator and volunteer",
    "u111": "mediator elsewhere",
    "u061": "council chair",
    "u062": "council member",
    "u066": "party leader",
    "u063": "council member, nephew of the chair",
    "u067": "clerk",
    "u068": "supervisor",
    "u903": "auditor",
    "u901": "township officer",
    "u902": "county officer",
    "u904": "administrator",
}


@dataclass(frozen=True)
class Case:
    """A request as the test made it."""

    id: str
    name: str
    requester: str
    station: str | None
    village: str = HOME
    draft: bool = False
    danger: bool = False
    sealed: bool = False
    hidden: bool = False
    safe: bool = False
    kin: bool = False  # of the chair, who must keep out of it
    entered_by: str | None = None  # by whom, for somebody without an account
    workers: frozenset[str] = frozenset()

    @property
    def public(self) -> bool:
        """Whether neighbours may know of it."""
        secret = self.draft or self.danger or self.sealed or self.hidden or self.safe
        return self.station is not None and not secret


@dataclass
class World:
    """The requests by name, the task and its offers, and a line of the requester's inbox."""

    cases: dict[str, Case] = field(default_factory=dict)
    task: str = ""
    offers: dict[str, str] = field(default_factory=dict)  # code of the invited → offer
    phone_task: str = ""
    worker: str = ""
    line: str = ""
    call: str = ""  # to a person without an account
    member: str = ""  # a volunteer of the station, by id
    agreement: str = ""
    rule: str = ""
    pair: str = ""
    complaint: str = ""
    report: str = ""
    record: str = ""  # drafted, of her who is at work
    paper: str = ""
    certificate: str = ""  # asked for by her who is at work
    applicant: str = ""  # a villager who would help the station of culture, by id
    number: str = ""
    file: str = ""  # id and key, as its request's reader is given them
    glass: str = ""  # asked by the administrator


def build(house: House) -> World:
    """Write the requests of every kind, as their people would."""
    world = World()
    _at_work(house, world)
    _plain(house, world)
    _secret(house, world)
    _safe(house, world)
    _entered(house, world)
    _standing(house, world)
    _agreed_on(house, world)
    assert [world.cases[name].station for name in ("triage", "danger")] == [None, None]
    house.work()
    world.call = house.seen("/calls", ENTERED_BY)["items"][0]["id"]
    (task,) = house.rows(
        """insert into phone_tasks (id, request_id, unit_code, created_at)
           select gen_random_uuid(), r.id, u.parent_code, now() from requests r
           join org_units u on u.code = r.village_code where r.id = :id returning id""",
        id=world.cases["submitted"].id,
    )
    world.phone_task = str(task.id)
    said = {"office": "head", "station": "public_works", "reason": "rude", "text": "说话难听"}
    world.complaint = house.done("/complaints", "u041", said)["id"]
    (record,) = house.rows(
        """insert into service_records (id, task_id, person_id, village_code, station, minutes,
                                        status, served_at, reminded)
           select gen_random_uuid(), t.id, p.id, t.village_code, t.station, 40, 'drafted', now(),
                  false
           from tasks t, people p where t.id = :task and p.code = :code returning id""",
        task=world.task, code=world.worker,
    )  # fmt: skip
    world.record = str(record.id)
    (paper,) = house.rows(
        """insert into hour_certificates (id, person_id, unit_code, village_code, status, parts,
                                          requested_at)
           select gen_random_uuid(), p.id, u.parent_code, u.code, 'requested', '[]', now()
           from people p join org_units u on u.code = p.village_code where p.code = :code
           returning id""",
        code=world.worker,
    )
    world.certificate = str(paper.id)
    wish = {"stations": ["culture"], "times": "weekends", "birth_year": 1980}
    house.done("/me/volunteer", APPLICANT, {**wish, "consent_version": PRIVACY_VERSION})
    world.applicant = house.seen("/me", APPLICANT)["id"]
    seen = {"kind": "danger", "text": "有人住在危房里"}
    world.report = house.done("/duty-reports", "u006", seen)["id"]
    world.number = house.seen(f"/requests/{world.cases['submitted'].id}", "u041")["number"]
    why = {"number": world.number, "reason": "修复一个显示错误"}
    world.glass = house.done("/break-glass", "u904", why)["id"]
    sent = house.call("POST", "/files", "u041", **form(picture(size=(8, 8)))).json or {}
    world.file = sent["url"].rpartition("/")[2]
    world.line = house.seen("/notifications", "u041")["items"][0]["id"]
    return world


def _at_work(house: House, world: World) -> None:
    """A lamp for two: one volunteer has said yes, others have not answered yet."""
    made = house.submit("u041", category="PUB-03")
    house.done(f"/requests/{made['id']}/accept", "u006")
    house.done(f"/requests/{made['id']}/dispatch", "u006")
    house.work()
    found = house.rows("select code, offers.id from offers join people on people.id = person_id")
    world.offers = {row.code: str(row.id) for row in found}
    world.worker = min(world.offers)
    accept = f"/offers/{world.offers[world.worker]}/accept"
    world.task = house.done(accept, world.worker)["id"]
    workers = frozenset({world.worker})
    _add(world, Case(made["id"], "at work", "u041", "public_works", workers=workers))


def _standing(house: House, world: World) -> None:
    """An agreement that waits for the other side, and a pair that waits for both."""
    people = house.seen(f"/stations/{STATION}/volunteers", "u006")["items"]
    names = {code: house.seen("/me", code)["id"] for code in (PAIRED, "u017")}
    world.member = names["u017"]
    papers = f"/stations/{STATION}/volunteers/{world.member}/papers"
    seen = {"kind": "training", "issuer": "县红十字会", "valid_from": str(clock.today())}
    world.paper = house.done(papers, "u006", seen)["id"]
    assert world.member in {each["person"] for each in people}
    sent = {"with": NEXT}
    world.agreement = house.done(f"/stations/{STATION}/agreements", "u006", sent)["id"]
    proposed = {"request": world.cases["submitted"].id, "volunteers": [names[PAIRED]]}
    world.pair = house.done(f"/stations/{STATION}/pairs", "u006", proposed)["items"][0]["id"]


def _agreed_on(house: House, world: World) -> None:
    """A rule of the village that moves nothing of what is written here."""
    sent = {"title": "桥归公益站", "words": ["石拱桥"], "to": "station", "station": "public_works"}
    world.rule = house.done(f"/villages/{HOME}/routing-rules", "u001", sent)["id"]


def _plain(house: House, world: World) -> None:
    made = house.submit("u041", category="PUB-08")
    _add(world, Case(made["id"], "submitted", "u041", "public_works"))
    made = house.submit("u041", text="有件事想请大家评一评")
    _add(world, Case(made["id"], "triage", "u041", made["station"]))
    made = house.submit(KIN, text="有件事想请大家评一评")
    _add(world, Case(made["id"], "kin", KIN, made["station"], kin=True))
    made = house.submit("u141", village=AWAY, category="PUB-03")
    _add(world, Case(made["id"], "elsewhere", "u141", "public_works", AWAY))


def _secret(house: House, world: World) -> None:
    made = house.submit("u041", text=FLOOD)
    _add(world, Case(made["id"], "draft", "u041", made["station"], draft=True))
    made = house.submit("u041", text="我娘晕倒了，叫不醒")
    with transaction(house.context.engine) as session:
        attempt(session, REQUEST, UUID(made["id"]), "presume_danger")
    _add(world, Case(made["id"], "danger", "u041", made["station"], danger=True))
    made = house.submit("u045", category="MED-01", text=SECRET)
    _add(world, Case(made["id"], "sealed", "u045", "mediation", sealed=True))
    made = house.submit("u041", category="PUB-08", hide_me=True, on_behalf_of=ELDER)
    _add(world, Case(made["id"], "hidden", "u041", "public_works", hidden=True))


def _safe(house: House, world: World) -> None:
    """Violence at home: whatever was answered, whatever it was filed under."""
    for name, category in (("safe", "PUB-08"), ("safe dispute", "MED-03")):
        made = house.submit("u047", category=category, text=VIOLENCE, emergency_confirmed=False)
        sealed = category.startswith("MED")
        _add(world, Case(made["id"], name, "u047", made["station"], sealed=sealed, safe=True))


def _entered(house: House, world: World) -> None:
    """By phone, for a person who has no account: as it is, sealed, and not sent off yet."""
    for name, text in (("entered", "祠堂门口的水沟堵了"), ("entered draft", FLOOD)):
        made = house.enter(ENTERED_BY, text, category="PUB-04")
        draft = made["status"] == "draft"
        case = Case(made["id"], name, "", made["station"], draft=draft, entered_by=ENTERED_BY)
        _add(world, case)
    question = {"question": "哪一段？"}
    house.done(f"/requests/{world.cases['entered'].id}/ask", "u006", question)
    made = house.enter(ENTERED_BY, SECRET, category="MED-01")
    case = Case(made["id"], "entered dispute", "", "mediation", sealed=True, entered_by=ENTERED_BY)
    _add(world, case)


ELDER = {"name": "程家老人", "consent_how": "oral"}


def _add(world: World, case: Case) -> None:
    world.cases[case.name] = case


def offices(code: str) -> set[tuple[str, str, str | None]]:
    """The (relation, village, station) of a person's offices, straight from the roster."""
    row = next(row for row in read("people") if row["person"] == code)
    return {
        (TAGS[tag], row["village"], row["station"] or None)
        for tag in parts(row["roles"], "|")
        if tag in TAGS
    }


def to_station(code: str, village: str, station: str | None) -> set[str]:
    """How a person stands to a station; None: to the village as a whole."""
    held = offices(code)
    found = {CHAIR} if any(o[:2] == (CHAIR, village) for o in held) else set()
    if any(o[:2] == (HEAD, village) and station in (None, o[2]) for o in held):
        found.add(HEAD)
    return found


def to_home(code: str) -> set[str]:
    """How a person stands to the village: two offices above it stand in for its chair."""
    above = {CLERK: {STAND_IN, relations.CLERK}, TOWNSHIP: {STAND_IN}}
    return to_station(code, HOME, None) | above.get(code, set())


def to_case(code: str, case: Case) -> set[str]:
    """How a person stands to a request."""
    mine = {REQUESTER} if code == case.requester else set()
    if code == case.entered_by:
        mine.add(ENTERER)
    if case.draft:
        return mine
    found = mine | to_station(code, case.village, case.station)
    if case.station is None and not case.danger:
        found.discard(HEAD)
    if case.sealed and (MEDIATOR, case.village, case.station) in offices(code):
        found.add(MEDIATOR)
    if code != case.requester and case.public and _home(code) == case.village:
        found.add(NEIGHBOUR)
    if case.kin and code == CLERK:
        found.add(STAND_IN)
    return found | ({VOLUNTEER} if code in case.workers else set())


def _home(code: str) -> str:
    """Where a person lives."""
    return next(row["village"] for row in read("people") if row["person"] == code)


def to_assist(code: str) -> set[str]:
    """How a person stands to entering something for a villager: by an office of the village."""
    held = {relation for relation, village, _ in offices(code) if village == HOME}
    return held | ({relations.CLERK} if code == CLERK else set())


def to_glass(code: str) -> set[str]:
    """Who asks to open a request in need, and who agrees."""
    return {"u904": {relations.ADMIN}, "u902": {relations.COUNTY}}.get(code, set())


def to_alarm(code: str) -> set[str]:
    """How a person stands to raising an alarm: by an office of the village, or as a volunteer."""
    here = is_volunteer(code) and _home(code) == HOME
    return to_assist(code) | ({VOLUNTEER} if here else set())


def to_report(code: str) -> set[str]:
    """How a person stands to what the head of public works has raised: her deputy does not."""
    found = to_station(code, HOME, "public_works")
    if code != "u006":
        found.discard(HEAD)
    return found | ({relations.CLERK} if code == CLERK else set())


def to_task(code: str, world: World) -> set[str]:
    """How a person stands to the task."""
    works = {VOLUNTEER} if code == world.worker else set()
    return works | to_station(code, HOME, "public_works")


def to_offer(code: str, invited: str) -> set[str]:
    """How a person stands to an offer."""
    return {INVITED} if code == invited else set()


def to_agreement(code: str, kind: str) -> set[str]:
    """How a person stands to the agreement: by either village."""
    return to_station(code, HOME, kind) | to_station(code, NEXT, kind)


def to_pair(code: str, world: World) -> set[str]:
    """How a person stands to the pair."""
    found = to_station(code, HOME, "public_works")
    if code == world.cases["submitted"].requester:
        found.add(REQUESTER)
    return found | ({INVITED} if code == PAIRED else set())


def is_volunteer(code: str) -> bool:
    row = next(row for row in read("people") if row["person"] == code)
    return "VOL" in parts(row["roles"], "|")
