"""In which order tests take turns where calls are counted."""

from __future__ import annotations

from eni_conformance.conformance import spend


def played(tests: dict[str, list[float]], known: dict[str, float], most: int = 1000) -> list[str]:
    """The names of the tests in the order in which their Scenarios are played. tests: what each Scenario costs."""
    order: list[str] = []
    left = {name: list(costs) for name, costs in tests.items()}

    def play_next(test: str) -> float | None:
        if not left[test]:
            return None
        order.append(test)
        return left[test].pop(0)

    spend.in_order(list(tests), known, play_next, lambda: len(order) >= most)
    return order


def test_what_comes_first_is_played_to_its_end() -> None:
    order = played({"test_rare": [10.0], "test_once_states": [10.0, 10.0]}, {"test_rare": 1.0})
    assert order == ["test_once_states", "test_once_states", "test_rare"]


def test_a_test_that_finds_more_for_its_calls_has_more_turns() -> None:
    order = played({"test_poor": [10.0] * 40, "test_rich": [10.0] * 40}, {"test_poor": 0.1, "test_rich": 0.8}, most=40)
    assert order[:5] == ["test_rich"] * 5
    assert 1 <= order.count("test_poor") < order.count("test_rich") / 5


def test_the_parts_of_a_test_share_what_it_is_worth() -> None:
    parts = {f"test_parts[{n}]": [10.0] * 9 for n in range(10)}
    order = played({**parts, "test_whole": [10.0] * 9}, {"test_parts": 0.1, "test_whole": 0.1}, most=9)
    assert order.count("test_whole") >= 8


def test_dear_scenarios_have_fewer_turns() -> None:
    order = played({"test_dear": [90.0] * 9, "test_cheap": [10.0] * 9}, {"test_dear": 0.1, "test_cheap": 0.1}, most=10)
    assert order.count("test_cheap") == 9


def test_all_that_is_asked_for_is_played_where_calls_suffice() -> None:
    tests = {"test_a": [5.0] * 3, "test_b": [50.0] * 2, "test_once_c": [1.0]}
    assert sorted(played(tests, {})) == ["test_a"] * 3 + ["test_b"] * 2 + ["test_once_c"]
