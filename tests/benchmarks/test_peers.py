"""What the side-by-side measurement says about the limit."""

from benchmarks.peers import Measured, where_time_goes


def test_each_stage_stands_beside_its_part_of_the_limit() -> None:
    mine = Measured(total=[300.0], hands=[120.0], network=[100.0])
    told = where_time_goes(mine, Measured(find=[30.0]), arithmetic=50.0, jpeg=10.0)
    assert "| finding hands | 120 | not in it |" in told
    assert "| the detector | 100 | 50 |" in told
    assert "| the rest: JPEG both ways, mask, check | 80 | 10 |" in told
    for ratio in ("3.0 times the limit", "1.5 times, and the detector", "to 1.8 times"):
        assert ratio in told.replace("\n", " ")
