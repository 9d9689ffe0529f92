"""The clinical hand-over sheet in a real browser: written, printed on one page of paper, and who prescribes."""

import re
from collections.abc import Callable
from typing import Any

from browser import acts
from playwright.sync_api import expect

from throughcare.handovers.rules.sheet import PARTS

Check = Callable[[Any], None]
SignIn = Callable[[Any, str], None]
FULL = {
    "Dose": "60 mg once a day",
    "Pick-up days": "Monday, Wednesday, Friday",
    "Doses taken home": "Tuesday’s, Thursday’s, Saturday’s and Sunday’s",
    "Dose days missed": "0",
    "Pharmacy": "High Street Pharmacy, 0113 496 0144",
    "Product and dose": "None",
    "Next injection due": "None due",
    "Benzodiazepines": "Diazepam 5 mg at night, prescribed",
    "Gabapentin": "Pregabalin 150 mg twice a day, prescribed",
    "Other medicines that can lengthen": "Citalopram 20 mg once a day",
    "Allergies": "Penicillin: rash",
    "Alcohol, units": "8",
    "Overdoses": "12 December 2025, heroin and diazepam, naloxone given by a friend, kept in hospital for a night",
    "Hepatitis": "Hepatitis C treated in 2024 and clear; hepatitis B vaccine complete; HIV negative in May 2026",
    "Children in": "Two, aged 4 and 7, live with their grandmother and stay every other weekend",
    "Safe storage": "Locked box given and shown",
    "Safeguarding": "None open. Family support worker: D. Marsh, 0113 496 0150",
    "What could kill": "Tolerance lost in hospital; takes diazepam on top",
    "Risk to self": "Took tablets in 2023. No plan now; asked on the day of this sheet",
}
"""An answer for each box that takes words, by the beginning of its label; no part has two that begin alike."""
CHOSEN = {
    "Medicine, product and strength": "Methadone oral solution 1 mg/ml",
    "Stage of the prescription": "Stable",
    "Supervision": "Some doses supervised",
    "Severe withdrawal": "No",
    "Seizures": "No",
    "Has the person overdosed": "Yes",
    "Does the person hold naloxone": "Yes",
    "Pregnant": "No",
}


def write(page: Any, person: int, part: str, *, confirmed: bool) -> None:
    """Answer every question of one part; not kept yet."""
    page.goto(f"/people/{person}/sheet/{part}/")
    for label, words in FULL.items():
        for box in page.get_by_label(re.compile(f"^{label}")).and_(page.get_by_role("textbox")).all():
            box.fill(words)
    for label, words in CHOSEN.items():
        question = page.get_by_role("group", name=re.compile(f"^{label}"))
        if question.count():
            question.get_by_label(words, exact=True).check()
    for question, days in (("Last supervised dose", -1), ("Last day of the prescription", 2)):
        boxes = page.get_by_role("group", name=re.compile(f"^{question}"))
        if boxes.count():
            acts.on_day(page, re.compile(f"^{question}"), acts.in_days(days))  # type: ignore[arg-type]
    if part == "opioid":
        page.get_by_label(re.compile(r"^Time \(")).fill("9:10am")
    page.get_by_label("Pharmacy", exact=True).check()
    page.get_by_label("Who confirmed them?").fill("R. Patel, pharmacist" if confirmed else "")


def pages_of(pdf: bytes) -> int:
    """How many sheets of paper a PDF takes."""
    return len(re.findall(rb"/Type\s*/Page\b", pdf))


def test_a_full_clinical_sheet_is_written_and_fits_on_one_page_of_paper(
    screen: Any, sign_in_as: SignIn, looks_right: Check, picture: Any
) -> None:
    page, size = screen, screen.viewport_size

    sign_in_as(page, "clinician")
    person = acts.open_record(page, "Philippa", "Ravenscroft" if size["width"] > 500 else "Ravenscroft-Diallo")
    page.goto(f"/people/{person}/sheet/")
    looks_right(page)
    page.goto(f"/people/{person}/sheet/opioid/")
    page.get_by_label(re.compile(r"^Dose \(")).fill("sixty")
    acts.press(page, "Keep these answers")
    expect(page.get_by_role("heading", name="There is a problem")).to_be_visible()
    looks_right(page)
    for part in PARTS:
        write(page, person, part, confirmed=part not in ("overdose", "risk"))
        if part == "opioid":
            picture(page, "sheet-part")
        acts.press(page, "Keep these answers")
        expect(page.get_by_text("The sheet is kept.")).to_be_visible()
    page.reload()
    expect(page.get_by_text("Unconfirmed", exact=True).first).to_be_visible()
    expect(page.get_by_text("Nothing is written down yet.")).to_have_count(0)
    looks_right(page)
    picture(page, "sheet")

    page.goto(f"/people/{person}/prescriber/")
    page.get_by_label("Who prescribes now?").fill("Dr Anjali Shah, Riverside Recovery")
    page.get_by_label("Their telephone number").first.fill("0113 496 0118")
    acts.press(page, "Keep who prescribes")
    expect(page.get_by_role("heading", name="There is a problem")).to_be_visible()
    looks_right(page)
    page.goto(page.url)
    page.get_by_label("Who prescribes now?").fill("Dr Anjali Shah, Riverside Recovery")
    page.get_by_label("Their telephone number").first.fill("0113 496 0118")
    acts.on_day(page, "Until when is the person covered?", acts.in_days(2))
    picture(page, "prescriber")
    acts.press(page, "Keep who prescribes")
    expect(page.get_by_text("It is kept who prescribes.")).to_be_visible()
    page.reload()
    safety = page.get_by_role("region", name="Safety")
    looks_right(page)
    picture(page, "safety-gap", of=safety)

    page.goto(f"/people/{person}/sheet/print/")
    looks_right(page)
    expect(page.get_by_text("Took tablets in 2023")).to_be_visible()
    pdf = page.pdf(format="A4", margin=dict.fromkeys(("top", "right", "bottom", "left"), "10mm"))
    assert pages_of(pdf) == 1
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 718, "height": 1046})  # A4 within those margins, at 96 dots an inch
    picture(page, "sheet-print")
