"""Tables, a file per family; importing this package registers them all."""

from village.models.calls import ClaimTry, PhoneCall
from village.models.complaints import Complaint, ComplaintStep
from village.models.config import ConfigVersion
from village.models.dispatch import (
    Certificate,
    DispatchSettings,
    DispatchSettingsVersion,
    RequestExclusion,
    RequestParty,
    ResponseReset,
    ResponseStat,
    Round,
    StandingPair,
    VillageAgreement,
)
from village.models.duty import Absence, DutyShift, PhoneTask
from village.models.files import File, RequestFile
from village.models.follows import Follow
from village.models.glass import BreakGlass
from village.models.hour_certificates import HourCertificate
from village.models.messages import (
    Delivery,
    IdempotencyKey,
    Notification,
    NotificationTemplate,
    Outbox,
    PushGrant,
    Reminder,
)
from village.models.org import Category, OrgUnit, Station
from village.models.papers import Paper
from village.models.people import (
    AvailabilityWindow,
    ConflictDeclaration,
    Consent,
    LoginCode,
    Membership,
    Person,
    RoleGrant,
    TimeOff,
    TokenFamily,
    Volunteer,
    WechatIdentity,
)
from village.models.privacy import AccessLog, Erasure, ImpactAssessment, KnownKey
from village.models.records import ServiceRecord, ServiceRecordStep
from village.models.registrations import Registration, RegistrationStep
from village.models.reports import DutyReport
from village.models.requests import Assisted, DueTime, Event, Handover, Request
from village.models.routing import RoutingRule, RoutingRuleVersion
from village.models.similar import SimilarText
from village.models.tasks import Offer, Place, Task

__all__ = [
    "Absence",
    "AccessLog",
    "Assisted",
    "AvailabilityWindow",
    "BreakGlass",
    "Category",
    "Certificate",
    "ClaimTry",
    "Complaint",
    "ComplaintStep",
    "ConfigVersion",
    "ConflictDeclaration",
    "Consent",
    "Delivery",
    "DispatchSettings",
    "DispatchSettingsVersion",
    "DueTime",
    "DutyReport",
    "DutyShift",
    "Erasure",
    "Event",
    "File",
    "Follow",
    "Handover",
    "HourCertificate",
    "IdempotencyKey",
    "ImpactAssessment",
    "KnownKey",
    "LoginCode",
    "Membership",
    "Notification",
    "NotificationTemplate",
    "Offer",
    "OrgUnit",
    "Outbox",
    "Paper",
    "Person",
    "PhoneCall",
    "PhoneTask",
    "Place",
    "PushGrant",
    "Registration",
    "RegistrationStep",
    "Reminder",
    "Request",
    "RequestExclusion",
    "RequestFile",
    "RequestParty",
    "ResponseReset",
    "ResponseStat",
    "RoleGrant",
    "Round",
    "RoutingRule",
    "RoutingRuleVersion",
    "ServiceRecord",
    "ServiceRecordStep",
    "SimilarText",
    "StandingPair",
    "Station",
    "Task",
    "TimeOff",
    "TokenFamily",
    "VillageAgreement",
    "Volunteer",
    "WechatIdentity",
]
