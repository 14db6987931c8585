"""What became other between two texts."""

from hypothesis import given
from hypothesis import strategies as st

from treatments.diffs import ADDED, CHANGED, REMOVED, SAME, Line, Part, compared

LINES = st.lists(st.text("ab ", min_size=1).filter(str.strip), max_size=6)


def test_a_line_that_stays_comes_or_goes():
    lines = compared(["One.", "Two."], ["One.", "Two.", "Three."])
    assert [line.kind for line in lines] == [SAME, SAME, ADDED]

    lines = compared(["One.", "Two."], ["Two."])
    assert [line.kind for line in lines] == [REMOVED, SAME]


def test_a_line_that_is_worded_otherwise_shows_its_words():
    assert compared(["Pause retinol three days ahead."], ["Pause retinol five days ahead."]) == [
        Line(
            CHANGED,
            (
                Part(SAME, "Pause retinol"),
                Part(REMOVED, "three"),
                Part(ADDED, "five"),
                Part(SAME, "days ahead."),
            ),
        )
    ]


def read(lines, *kinds):
    """The text that the parts of `kinds` make, word by word."""
    return " ".join(
        part.words for line in lines for part in line.parts if part.kind in kinds
    ).split()


@given(LINES, LINES)
def test_from_what_stayed_and_came_the_new_text_is_read_and_from_the_rest_the_old(old, new):
    lines = compared(old, new)

    assert read(lines, SAME, REMOVED) == " ".join(old).split()
    assert read(lines, SAME, ADDED) == " ".join(new).split()
