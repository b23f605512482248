"""What the paper says of its tables: verdicts follow from the printed cells and their rounding, nothing is typed in."""

from __future__ import annotations

import pytest

from rgbtbench.results.published import errata
from rgbtbench.results.published.claims import (
    FAILS,
    HOLDS,
    OPEN,
    RELATIONS,
    ROUNDED,
    Claim,
    claims,
    evidence,
    printed,
)
from rgbtbench.results.published.cmd import Key, cells

DISTILL = Key("5", "Student-Distill", "RGBT234", "SR")


def verdicts(id: str) -> dict[str, tuple[str, str]]:
    return {c.keys[0].metric: (c.recomputed, c.verdict) for c in claims() if c.id == id}


def test_every_difference_in_percent_that_section_4_4_states_is_among_them():
    """Zhang et al., CVPR 2023, Sec. 4.4: the numbers before 'improvements', 'higher' and 'reduction', in its order."""
    said = [c.said for c in claims() if c.relation in ("minus", "fewer")]
    assert said == ["3.0", "4.5", "3.8", "2.9", "2.4", "3.6", "75", "1.1", "0.7",
                    "11.0", "11.9", "10.8", "12.1", "0.7", "0.8"]  # fmt: skip


def test_what_holds_and_what_does_not():
    assert verdicts("rgbt234-dafnet") == {"PR": ("+2.4", HOLDS), "SR": ("+3.5", ROUNDED)}
    assert verdicts("rgbt234-best") == {"PR": ("-0.3", FAILS), "SR": ("+0.1", HOLDS)}
    assert verdicts("one-stream") == {"PR": ("+0.6", HOLDS), "SR": ("-0.2", FAILS)}
    assert verdicts("gain-md")["SR"] == ("-0.6", FAILS)
    assert verdicts("gain-fitnets")["SR"] == ("+0.0", OPEN)
    assert verdicts("origin-cost") == {"Params M": ("-0.10", FAILS), "FPS": ("+1", FAILS)}
    assert verdicts("distill-cost") == {"Params M": ("+0.00", HOLDS), "FPS": ("+0", HOLDS)}
    assert verdicts("size") == {"Params M": ("75.4", HOLDS)}
    assert verdicts("gap-saf")["PR"] == ("+0.3", HOLDS)
    assert set(verdicts("retrained-manet").values()) == {("-", OPEN)}


@pytest.mark.parametrize(
    ("said", "verdict"),
    [("3.5", HOLDS), ("3.6", ROUNDED), ("3.4", ROUNDED), ("3.7", FAILS), ("4", HOLDS), ("5", FAILS)],
)
def test_a_difference_may_be_off_by_one_digit_before_rounding_and_no_more(said, verdict):
    """58.4 - 54.9: unrounded 3.4 to 3.6, so that 3.6 is possible, and 3.7 (3.65 to 3.75) is not."""
    claim = Claim("x", "", "", "minus", (DISTILL, DISTILL._replace(row="DAFNet*")), said)
    assert claim.verdict == verdict


def test_numbers_of_other_decimals_are_the_same_if_they_round_to_one_another():
    same = RELATIONS["same"]
    for first, second, verdict in (("19.9", "19.90", HOLDS), ("19.8", "19.90", FAILS), ("19.9", "19.94", HOLDS)):
        found = same.compute(printed(first), printed(second))
        assert same.test(found, found) == verdict


def test_every_claim_names_cells_of_the_paper():
    for claim in claims():
        assert set(claim.keys) <= cells().keys(), claim
        assert claim.relation in RELATIONS
        assert bool(claim.said) == (claim.relation in ("is", "minus", "fewer", "beyond"))


def test_what_does_not_hold_is_an_erratum_and_the_errata_rest_on_what_does_not():
    named = {id for entry in errata() for id in entry.claims.split("|") if id}
    assert named == {claim.id for claim in claims() if claim.verdict != HOLDS}
    told = {entry.claims: evidence(entry) for entry in errata()}
    assert told["rgbt234-dafnet"] == "Table 5, RGBT234 SR: Student-Distill 58.4, DAFNet* 54.9: +3.5, said 3.6"


def test_list_claims_shows_those_of_a_benchmark(cli):
    status, out, _ = cli("list", "claims", "GTOT")
    assert status == 0
    assert "Student-Distill 73.4, Student-Origin 72.3" in out
    assert "RGBT234" not in out
    assert "+0.7  holds" in out
