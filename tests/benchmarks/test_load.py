"""What the load test writes down about a soak."""

import pytest

from benchmarks.load import Measured, growth, told_soak


def test_growth_is_the_second_halfs_slope_per_hour() -> None:
    warming_up = [300.0, 500.0, 600.0, 650.0]
    assert growth([*warming_up, 700, 701, 702, 703]) == pytest.approx(60)
    assert growth([*warming_up, 700, 700, 700, 700]) == 0


def test_a_soak_is_told_with_its_errors_and_memory_over_time() -> None:
    measured = Measured(first=[1.0, 2.0], slider=[0.5, 0.5], errors=["lost"])
    section = told_soak(measured, [float(100 + minute) for minute in range(61)], 60)
    assert "| minute | 0 | 10 | 20 | 30 | 40 | 50 | 60 |" in section
    assert "| memory, MB | 100 | 110 | 120 | 130 | 140 | 150 | 160 |" in section
    assert "2 photos" in section and "1 errors" in section and "+60.0 MB an hour" in section
