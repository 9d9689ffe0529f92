"""Northbridge, the made-up authority: its organisations, their services and sites, and who works there."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from throughcare.accounts import actions as accounts
from throughcare.accounts.models import User
from throughcare.demo.names import telephone
from throughcare.events.actor import SYSTEM, Actor
from throughcare.organisations import actions as organisations
from throughcare.organisations.models import Membership, Organisation, Service, Site
from throughcare.organisations.queries import actor_of
from throughcare.reference.areas import MADE_UP_AREAS

AREA = next(iter(MADE_UP_AREAS))
PASSWORD = "demonstration-only"  # noqa: S105 it is printed at every start

PRISON_SITE = "HMP Northgate"
ORGANISATIONS: Mapping[str, tuple[str, str]] = {
    "HM Prison Northgate": ("prison", "Ian Whitaker"),
    "Waymark Recovery": ("prison substance misuse service", "Catherine Ofori"),
    "Fellside Prison Health": ("prison healthcare provider", "Dr Sunil Rao"),
    "Northbridge Police": ("police force", "Chief Superintendent Helen Marsh"),
    "Northbridge Magistrates' Court": ("court", "Peter Lowther"),
    "Northbridge Crown Court": ("court", "Alison Drake"),
    "Probation Service, Northbridge": ("Probation Service", "Gwen Parry"),
    "Riverside Recovery": ("community drug and alcohol treatment service", "Martin Achebe"),
    "Aldergate Alcohol Service": ("community drug and alcohol treatment service", "Joan Fairclough"),
    "Kestrel Young People's Service": ("community drug and alcohol treatment service", "Tom Iqbal"),
    "Weir House Approved Premises": ("approved premises", "Stella Novak"),
    "Threshold Homes": ("housing or supported accommodation service", "Bríd Nolan"),
    "Northbridge Works": ("employment support service", "Lakshmi Menon"),
    "Open Door Recovery Community": ("lived-experience recovery organisation", "Darren Clegg"),
    "Northbridge Community Health": ("NHS Liaison and Diversion service", "Dr Ama Sarpong"),
    "Mill Lane Surgery": ("general practice", "Dr Owen Blake"),
    "Quayside Practice": ("general practice", "Dr Femi Adewale"),
    "High Street Pharmacy": ("community pharmacy", "Rupa Patel"),
    "Northbridge Council": ("local authority or partnership", "Elaine Croft"),
}
"""Each organisation with its kind and its lead."""

SITES: Mapping[str, tuple[str, str]] = {
    PRISON_SITE: ("HM Prison Northgate", "prison"),
    "Northbridge custody suite": ("Northbridge Police", "custody suite"),
    "Weir House": ("Weir House Approved Premises", "approved premises"),
}


@dataclass(frozen=True)
class Team:
    """A service: its organisation, its kind, who works there (role, name), who manages it, and the sites it covers.

    front_door: it answers whoever in Northbridge asks for help by themselves.
    """

    name: str
    organisation: str
    kind: str
    staff: tuple[tuple[str, str], ...]
    manager: str
    takes_hand_overs: bool = True
    front_door: bool = False
    sites: tuple[str, ...] = ()


PRISON_SERVICE = "HMP Northgate substance misuse service"
PRISON_HEALTH = "HMP Northgate healthcare"
CUSTODY_HEALTH = "Northbridge custody suite healthcare"
RIVERSIDE = "Riverside Recovery, duty team"
ALDERGATE = "Aldergate Alcohol Service, adult team"
KESTREL = "Kestrel, under 25s"
PROBATION = "Northbridge probation office"
HOUSING = "Threshold Homes, housing support"
EMPLOYMENT = "Northbridge Works, job coaches"
PEERS = "Open Door, peer mentors"
DIVERSION = "Northbridge Liaison and Diversion"
RECONNECT = "Northbridge RECONNECT"
SURGERY = "Mill Lane Surgery, clinical team"
QUAYSIDE = "Quayside Practice, duty desk"
"""Nobody signs in for it: it answers by link."""
GOVERNANCE = "Riverside Recovery, information governance"
COUNCIL = "Northbridge public health commissioning"

TEAMS = (
    Team(
        PRISON_SERVICE,
        "Waymark Recovery",
        "prison substance misuse service",
        (
            ("prison_drug_worker", "Grace Mbeki"),
            ("prison_drug_worker", "Lee Sutcliffe"),
            ("prison_drug_worker", "Renáta Horváth"),
            ("service_manager", "Joseph Kilbride"),
        ),
        "Joseph Kilbride",
        sites=(PRISON_SITE,),
    ),
    Team(
        PRISON_HEALTH,
        "Fellside Prison Health",
        "prison healthcare",
        (("prison_healthcare", "Rajan Pillai"), ("prison_healthcare", "Nicola Frost")),
        "Nicola Frost",
        sites=(PRISON_SITE,),
    ),
    Team(
        "HMP Northgate offender management unit",
        "HM Prison Northgate",
        "prison operations",
        (("prison_operations", "Carl Ibbotson"),),
        "Ian Whitaker",
        takes_hand_overs=False,
        sites=(PRISON_SITE,),
    ),
    Team(
        "Northbridge custody suite",
        "Northbridge Police",
        "police custody",
        (("police_custody", "Sgt Amy Rowe"),),
        "Insp Daniel Okafor",
        takes_hand_overs=False,
        sites=("Northbridge custody suite",),
    ),
    Team(
        CUSTODY_HEALTH,
        "Fellside Prison Health",
        "police custody healthcare",
        (("custody_healthcare", "Marta Kowalczyk"),),
        "Nicola Frost",
        takes_hand_overs=False,
        sites=("Northbridge custody suite",),
    ),
    Team(
        "Northbridge Magistrates' Court office",
        "Northbridge Magistrates' Court",
        "magistrates' court",
        (("court", "Judith Penn"),),
        "Peter Lowther",
        takes_hand_overs=False,
    ),
    Team(
        "Northbridge Crown Court office",
        "Northbridge Crown Court",
        "Crown Court",
        (("isc_coordinator", "Simon Adair"),),
        "Alison Drake",
        takes_hand_overs=False,
    ),
    Team(
        PROBATION,
        "Probation Service, Northbridge",
        "probation office",
        (("responsible_officer", "Fiona Campbell-Reid"), ("responsible_officer", "Imran Siddiqui")),
        "Gwen Parry",
    ),
    Team(
        RIVERSIDE,
        "Riverside Recovery",
        "adult drug and alcohol service",
        (
            ("keyworker", "Samuel Okoro"),
            ("keyworker", "Beth Hargreaves"),
            ("keyworker", "Tomasz Zieliński"),
            ("keyworker", "Yasmin Qureshi"),
            ("clinician", "Dr Anjali Shah"),
            ("service_manager", "Maureen O'Hara"),
            ("front_desk", "Jo Li"),
        ),
        "Maureen O'Hara",
        front_door=True,
    ),
    Team(
        ALDERGATE,
        "Aldergate Alcohol Service",
        "adult alcohol service",
        (
            ("keyworker", "Pauline Jarvis"),
            ("keyworker", "Wai-Ling Cheung"),
            ("clinician", "Dr Anjali Shah"),
            ("service_manager", "Neil Barraclough"),
        ),
        "Neil Barraclough",
    ),
    Team(
        KESTREL,
        "Kestrel Young People's Service",
        "young people's drug and alcohol service",
        (("keyworker", "Ffion Rees"), ("service_manager", "Tom Iqbal")),
        "Tom Iqbal",
    ),
    Team(
        "Weir House, premises team",
        "Weir House Approved Premises",
        "approved premises",
        (("approved_premises", "Malcolm Tye"),),
        "Stella Novak",
        sites=("Weir House",),
    ),
    Team(
        HOUSING,
        "Threshold Homes",
        "housing service",
        (("housing_worker", "Leanne Duffy"), ("housing_worker", "Abdi Warsame")),
        "Bríd Nolan",
    ),
    Team(
        EMPLOYMENT,
        "Northbridge Works",
        "employment service",
        (("employment_specialist", "Gary Hines"), ("employment_specialist", "Oluwadamilola Adeyinka-Fashola")),
        "Lakshmi Menon",
    ),
    Team(
        PEERS,
        "Open Door Recovery Community",
        "lived-experience recovery organisation",
        (("peer_mentor", "Denise Ashcroft"), ("peer_mentor", "Mick Doran")),
        "Darren Clegg",
    ),
    Team(
        DIVERSION,
        "Northbridge Community Health",
        "Liaison and Diversion",
        (("liaison_diversion", "Esther Quaye"), ("liaison_diversion", "Adam Firth")),
        "Keeley Marsden",
    ),
    Team(
        RECONNECT,
        "Northbridge Community Health",
        "RECONNECT",
        (("reconnect", "Jamal Anderson"),),
        "Keeley Marsden",
    ),
    Team(
        SURGERY,
        "Mill Lane Surgery",
        "general practice",
        (("gp", "Dr Owen Blake"), ("gp", "Dr Nasreen Aziz")),
        "Wendy Tate",
    ),
    Team(QUAYSIDE, "Quayside Practice", "general practice", (), "Ruth Leach"),
    Team(
        "High Street Pharmacy, dispensary",
        "High Street Pharmacy",
        "community pharmacy",
        (("pharmacist", "Rupa Patel"),),
        "Rupa Patel",
    ),
    Team(
        GOVERNANCE,
        "Riverside Recovery",
        "information governance",
        (("data_protection_lead", "Hugh Pemberton"),),
        "Martin Achebe",
        takes_hand_overs=False,
    ),
    Team(
        COUNCIL,
        "Northbridge Council",
        "commissioning",
        (("commissioner", "Nadia Rahman"),),
        "Elaine Croft",
        takes_hand_overs=False,
    ),
)


@dataclass(frozen=True)
class SignIn:
    """Somebody of the demonstration whom one can sign in as."""

    role: str
    role_name: str
    user_name: str
    email: str
    password: str
    service_name: str


_SIGN_INS = (
    ("prison_drug_worker", "Prison drug worker", "Grace Mbeki", PRISON_SERVICE),
    ("prison_healthcare", "Prison nurse", "Rajan Pillai", PRISON_HEALTH),
    ("custody_healthcare", "Custody nurse", "Marta Kowalczyk", CUSTODY_HEALTH),
    ("keyworker", "Community keyworker", "Samuel Okoro", RIVERSIDE),
    ("clinician", "Clinician", "Dr Anjali Shah", RIVERSIDE),
    ("service_manager", "Service manager", "Maureen O'Hara", RIVERSIDE),
    ("responsible_officer", "Responsible officer", "Fiona Campbell-Reid", PROBATION),
    ("housing_worker", "Housing worker", "Leanne Duffy", HOUSING),
    ("commissioner", "Commissioner", "Nadia Rahman", COUNCIL),
    ("data_protection_lead", "Data-protection lead", "Hugh Pemberton", GOVERNANCE),
)


def sign_ins() -> list[SignIn]:
    """One sign-in for each role that has pages so far. Everybody else here has the same password."""
    return [SignIn(role, words, name, email_of(name), PASSWORD, service) for role, words, name, service in _SIGN_INS]


def email_of(name: str) -> str:
    """ "Dr Anjali Shah" is anjali.shah@northbridge.example.org."""
    from throughcare.people.rules import key

    words = [key(word) for word in name.split() if word not in ("Dr", "Sgt", "Insp")]
    return f"{'.'.join(words)}@northbridge.example.org"


def enter(at: datetime) -> None:
    """Enter all of Northbridge, as it has stood since `at`."""
    numbers = iter(range(1000))
    bodies = {
        name: organisations.found(
            by=SYSTEM, at=at, name=name, kind=kind, lead_name=lead, lead_telephone=telephone(next(numbers))
        )
        for name, (kind, lead) in ORGANISATIONS.items()
    }
    sites = {
        name: organisations.enter_site(by=SYSTEM, at=at, organisation=bodies[body], name=name, kind=kind)
        for name, (body, kind) in SITES.items()
    }
    users: dict[str, User] = {}
    for team in TEAMS:
        service = organisations.set_up(
            by=SYSTEM,
            at=at,
            organisation=bodies[team.organisation],
            name=team.name,
            kind=team.kind,
            telephone=telephone(next(numbers)),
            mailbox=f"{email_of(team.name.replace(',', '')).split('@')[0].replace('.', '-')}@services.example.net",
            manager_name=team.manager,
            manager_telephone=telephone(next(numbers)),
            takes_hand_overs=team.takes_hand_overs,
            areas=[AREA],
            sites=[sites[name] for name in team.sites],
        )
        if team.front_door:
            organisations.name_front_door(by=SYSTEM, at=at, service=service, area=AREA)
        for role, name in team.staff:
            if name not in users:
                users[name] = accounts.create(
                    by=SYSTEM,
                    at=at,
                    email=email_of(name),
                    name=name,
                    password=PASSWORD,
                    telephone=telephone(next(numbers)),
                )
            organisations.join(by=SYSTEM, at=at, user=users[name], service=service, role=role)


@dataclass(frozen=True)
class Held:
    """A site where people are held, and the services that cover it."""

    id: int
    name: str
    covered_by: tuple[int, ...]


@dataclass(frozen=True)
class Staffed:
    """Every service and site as they stand in the database.

    actors: who acts for each service, by its name, in the order in which they joined.
    held:   the prisons, by their name.
    """

    actors: Mapping[str, tuple[Actor, ...]]
    held: Mapping[str, Held]

    def actor(self, service: str, name: str) -> Actor:
        return next(actor for actor in self.actors[service] if actor.user_name == name)

    def service(self, name: str) -> Service:
        return Service.objects.get(name=name)


def staffed() -> Staffed:
    """Read back what was entered."""
    actors: dict[str, list[Actor]] = defaultdict(list)
    for membership in Membership.objects.select_related("user", "service").order_by("pk"):
        actors[membership.service.name].append(actor_of(membership, membership.user))
    covering: dict[int, list[int]] = defaultdict(list)
    for service, site in Service.sites.through.objects.order_by("pk").values_list("service_id", "site_id"):
        covering[site].append(service)
    return Staffed(
        actors={name: tuple(found) for name, found in actors.items()},
        held={
            site.name: Held(site.pk, site.name, tuple(covering[site.pk]))
            for site in Site.objects.filter(kind="prison").order_by("pk")
        },
    )


def is_entered() -> bool:
    """Is there any organisation at all?"""
    return Organisation.objects.exists()
