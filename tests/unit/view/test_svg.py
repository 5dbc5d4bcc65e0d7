from xml.etree import ElementTree

import pytest

from agentrl.view.svg import Bin, Curve, Point, bars, curves, histogram, signed_bars


def parsed(figure: str) -> ElementTree.Element:
    """The figure as XML: what is not well formed raises."""
    return ElementTree.fromstring(figure)


def boxes(figure: str) -> list[dict[str, str]]:
    return [box.attrib for box in parsed(figure).iter("rect")]


def test_a_bar_is_as_long_as_its_value() -> None:
    rows = [Point("a", 0.25, "25%", 0.1, 0.5), Point("b", 1.0, "100%")]
    short, full = (float(box["width"]) for box in boxes(bars("t", "x", rows, 1.0, ["0", "1"])))

    assert short == pytest.approx(full / 4, abs=0.1)


def test_a_value_that_does_not_exist_has_no_bar() -> None:
    figure = bars("t", "x", [Point("a", None, "none")], 1.0, ["0", "1"])

    assert boxes(figure) == []
    assert "none" in figure


def test_signed_bars_go_right_from_the_middle_for_more_and_left_for_less() -> None:
    rows = [Point("up", 0.5, "0.5"), Point("down", -1.0, "-1"), Point("none", None, "none")]
    figure = parsed(signed_bars("t", "x", rows))
    (middle,) = [
        float(line.attrib["x1"]) for line in figure.iter("line") if line.get("class") == "zero"
    ]
    up, down = (box.attrib for box in figure.iter("rect"))

    assert float(up["x"]) == middle
    assert float(down["x"]) + float(down["width"]) == pytest.approx(middle, abs=0.2)
    assert float(up["width"]) == pytest.approx(float(down["width"]) / 2, abs=0.1)
    assert (up["class"], down["class"]) == ("bar soft", "bar below")


def test_the_ends_of_signed_bars_are_round_and_hold_every_value() -> None:
    figure = parsed(signed_bars("t", "x", [Point("a", 0.93, "0.93")], 0.93))

    assert [t.text for t in figure.iter("text") if t.get("class") == "tick"][-1] == "1"


def test_a_histogram_draws_successes_at_the_foot_of_their_column() -> None:
    bins = [Bin("1", 10, 5), Bin("2", 0, 0)]
    whole, foot, *_ = boxes(histogram("t", "x", bins, "episodes"))

    assert float(foot["height"]) == pytest.approx(float(whole["height"]) / 2, abs=0.1)
    assert float(foot["y"]) > float(whole["y"])


@pytest.mark.parametrize("most", [1, 5, 6, 99, 100, 4321])
def test_the_counts_beside_a_histogram_are_few_round_and_reach_the_top(most: int) -> None:
    figure = parsed(histogram("t", "x", [Bin("only", most, 0)], "episodes"))
    labels = [text.text or "" for text in figure.iter("text") if text.get("class") == "tick end"]

    assert 2 <= len(labels) <= 7
    assert int(labels[-1]) >= most


def test_curves_leave_a_gap_where_there_is_no_value() -> None:
    points = [(1, Point("k = 1", 0.5, "50%")), (2, Point("k = 2", None, "none"))]
    figure = parsed(curves("t", "k", [Curve("pass@k", points)], "share"))

    assert len(list(figure.iter("circle"))) == 1


def test_hostile_labels_are_text() -> None:
    evil = "<script>alert(1)</script>\"'&"
    figure = bars(evil, evil, [Point(evil, 0.5, evil)], 1.0, ["0", evil])

    assert "<script" not in figure
    assert not [element for element in parsed(figure).iter() if element.tag == "script"]


def test_a_plot_says_its_numbers_to_who_cannot_see_it() -> None:
    figure = parsed(bars("Success", "x", [Point("easy", 0.5, "50%")], 1.0, ["0", "1"]))
    svg = figure.find("svg")

    assert svg is not None
    assert svg.get("aria-label") == "Success. easy: 50%"
