"""What the clinic does not say of its treatments, row by row of the handbook's section 15."""

import pytest
from django.core.exceptions import ValidationError

from treatments.claims import CLAIMS, check, flagged, sentences

NOT_WRITTEN = [
    (1, "It contracts the facial muscles", "contracts the facial muscles"),
    (1, "and relaxes your muscles.", "relaxes your muscles"),
    (1, "A current that enters the muscles", "enters the muscles"),
    (3, "Come here instead of medical care.", "instead of medical care"),
    (3, "The alternative to injections", "alternative to injections"),
    (3, "A non-surgical facelift", "non-surgical facelift"),
    (4, "A form of aesthetic medicine", "aesthetic medicine"),
    (4, "It is painless.", "painless"),
    (4, "There is no discomfort.", "no discomfort"),
    (5, "Guaranteed.", "Guaranteed"),
    (5, "More collagen", "collagen"),
    (5, "Better elasticity", "elasticity"),
    (5, "It removes fine lines", "removes fine lines"),
    (5, "Our anti-aging care", "anti-aging"),
    (5, "You look younger.", "look younger"),
    (5, "It firms the skin", "firms the skin"),
    (6, "It improves blood circulation.", "improves blood circulation"),
    (6, "Detoxifying", "Detoxifying"),
    (6, "It reduces puffiness", "reduces puffiness"),
    (7, "Fades dark circles", "dark circles"),
    (7, "circles under the eyes", "circles under the eyes"),
    (7, "from blocked sinuses", "sinuses"),
    (8, "A natural lift", "natural lift"),
    (8, "It lifts the cheeks", "lifts the cheeks"),
    (8, "See our before-and-after photos", "before-and-after photos"),
    (9, "raises ATP", "ATP"),
    (9, "cell regeneration", "cell regeneration"),
    (9, "Skin tightening", "tightening"),
    (10, "A current on the chest", "current on the chest"),
    (11, "Safe for you", "Safe"),
    (11, "An effective hour", "effective"),
    (11, "Our most popular treatment", "most popular"),
    (11, "A revolutionary method", "revolutionary"),
    (11, "Clinically proven", "Clinically proven"),
    (12, "for acne scars", "acne scars"),
    (12, "after sun damage", "sun damage"),
    (12, "We diagnose skin", "diagnose"),
    (13, "Skin heals after a peel", "heals"),
    (13, "Recover faster", "Recover faster"),
    (14, "It lightly exfoliates", "lightly exfoliates"),
    (14, "deeply hydrates", "deeply hydrates"),
    (15, "There are no major side effects.", "no major side effects"),
    (16, "never irritates", "never irritates"),
    (17, "There is no risk.", "no risk"),
    (17, "FDA-approved", "FDA-approved"),
    (18, "It suits everyone", "suits everyone"),
    (19, "No questions asked", "No questions asked"),
    (20, "Any medicines are fine", "Any medicines are fine"),
    (25, "No aftercare needed", "No aftercare needed"),
    (32, "Instant glow", "Instant"),
    (32, "You see it after one session", "after one session"),
    (33, "Younger in two weeks!", "two weeks"),
    (33, "Results within 10 days", "Results within 10 days"),
    (37, "A quick fix", "quick fix"),
    (37, "An affordable hour", "affordable"),
    (38, "Our patients", "patients"),
]
WRITTEN = [
    "It may improve the look of fine lines and tone; people differ.",
    "Changes, if any, usually show after several weeks.",
    "No needles. Most people feel a light tingle or nothing much.",
    "A little pink or warm is usual and soon fades.",
    "We use no current on the chest.",
    "People who know microcurrent and want all of it in one session.",
    "Depuff and Drain. Brow and Forehead Lift. Lymphatic massage.",
    "During a flare of eczema or rosacea we wait until it is calm.",
    "Rarely, skin is irritated; that should be gone within 24 hours.",
    "signs of aging, fine lines",
    "No needles - pain is rare.",
]
ADVICE = [
    "No needling in the two weeks before.",
    "Wait until your skin has healed.",
    "Acne medicine such as isotretinoin? Call us.",
    "Ask whether it is safe to pause it.",
    "No exfoliating products at all.",
]


@pytest.mark.parametrize(("row", "text", "wording"), NOT_WRITTEN)
def test_a_claim_is_found_where_it_stands_and_named_as_written(row, text, wording):
    assert flagged(text) == [wording]
    assert row in {claim.row for claim in CLAIMS if claim.pattern.search(text)}


def test_every_row_of_the_list_is_tried():
    assert {claim.row for claim in CLAIMS} == {row for row, _text, _wording in NOT_WRITTEN}


@pytest.mark.parametrize("text", WRITTEN)
def test_what_we_do_say_is_let_through(text):
    assert flagged(text) == []


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: f"row {claim.row}")
def test_what_we_say_instead_claims_nothing_itself(claim):
    assert flagged(claim.instead) == []
    assert claim.instead.endswith(".")


@pytest.mark.parametrize("text", ADVICE)
def test_advice_before_and_after_a_visit_may_warn_in_words_that_a_treatment_may_not_use(text):
    assert flagged(text, is_care=True) == []


def test_advice_promises_nothing_either():
    assert flagged("Results within 10 days, painless.", is_care=True) == [
        "Results within 10 days",
        "painless",
    ]


def test_each_wording_is_answered_with_the_sentence_to_use():
    assert sentences("Painless, with no side effects.") == [
        "We do not write “Painless”. Instead: “Most people feel a light tingle or nothing much.”",
        "We do not write “no side effects”. "
        "Instead: “A little pink or warm is usual and soon fades.”",
    ]


def test_a_word_within_a_word_is_another_word():
    assert flagged("Health, secured, patience, unsafely put: aircraft.") == []


def test_claims_are_said_by_field():
    with pytest.raises(ValidationError) as refusal:
        check({"name": "Classic Face Tone", "summary": "A quick fix", "suits": "You, painlessly"})
    assert set(refusal.value.message_dict) == {"summary", "suits"}


@pytest.mark.parametrize(
    "text",
    [
        "No quick  fix",
        "No quick\nfix",
        "No quick\N{NO-BREAK SPACE}fix",
        "No quick\N{NON-BREAKING HYPHEN}fix",
        "No qu\N{SOFT HYPHEN}ick fix",
        "No qu\N{ZERO WIDTH SPACE}ick fix",
        "No quick\N{EN DASH}fix",
        "No quick\N{MINUS SIGN}fix",
        "No quick-\nfix",
        "No quickfix",
        "No quick \N{LATIN SMALL LIGATURE FI}x",
        "No \N{FULLWIDTH LATIN SMALL LETTER Q}uick fix",
        "The world's best",
        "Anti aging",
        "Pain free",
        "Pain<b>less</b>",
        "<STRONG>Pain</STRONG>less",
        "<painless>",
    ],
)
def test_however_it_is_broken_or_spaced(text):
    assert len(flagged(text)) == 1
