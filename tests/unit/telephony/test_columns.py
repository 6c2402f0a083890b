"""What is made of pools of texts is made once, and goes with them."""

from __future__ import annotations

import gc

from harness.telephony.columns import MadeOf, TextPool, made_once, united_pool


def test_what_was_made_of_a_pool_is_kept_as_long_as_the_pool_is() -> None:
    kept = MadeOf[TextPool, str]()
    first, second = TextPool(("a",)), TextPool(("a",))
    made = [kept.once(pool, way, lambda: pool.texts[0] + way) for pool in (first, second, first) for way in "xyx"]  # noqa: B023
    assert made == ["ax", "ay", "ax"] * 3
    assert len(kept) == 2
    del second
    gc.collect()
    assert len(kept) == 1


def test_a_function_of_a_pool_does_its_work_once_for_each_way() -> None:
    done = []

    @made_once
    def ends(pool: TextPool, end: str) -> tuple[str, ...]:
        done.append(end)
        return tuple(text + end for text in pool.texts)

    pool = TextPool(("a", "b"))
    assert [ends(pool, "x"), ends(pool, "y"), ends(pool, "x")] == [("ax", "bx"), ("ay", "by"), ("ax", "bx")]
    assert done == ["x", "y"]


def test_two_pools_are_united_once_and_go_one_by_one() -> None:
    first, second = TextPool(("a",)), TextPool(("b",))
    both = united_pool(first, second)
    assert both.texts == ("a", "b")
    assert united_pool(first, second) is both
    assert united_pool(second, first).texts == ("b", "a")


def test_ways_without_end_are_not_kept() -> None:
    kept, pool, done = MadeOf[TextPool, int](), TextPool(("a",)), []
    for way in (*range(1000), 999, 0):
        kept.once(pool, way, lambda: done.append(1) or len(done))  # type: ignore[func-returns-value]
    # The last was still there, the first was not.
    assert len(done) == 1001
