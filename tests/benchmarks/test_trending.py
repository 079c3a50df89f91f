"""The judge of rankings: what it shows, what it holds back, and that it gives the README's own figures."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from benchmarks import stage
from benchmarks.trending import judging, rankers, speed, tuning
from distributor.ranking import RankingSettings

LAST = 144


def curves(folder: Path, articles: list[dict[str, list[int]]]) -> list[judging.Curve]:
    """Articles of which each platform's first cumulated counts are given; the last one stays to the end."""
    lines = [",".join(["article", "platform", *(f"m{20 * n}" for n in range(1, LAST + 1))])]
    for number, platforms in enumerate(articles):
        for platform, counts in platforms.items():
            whole = [*counts, *[counts[-1]] * (LAST - len(counts))]
            lines.append(",".join([str(number), platform, *map(str, whole)]))
    path = folder / "curves.csv.gz"
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    return judging.load(path)


def seen(curve: judging.Curve, minutes: int) -> judging.Seen:
    return judging.Seen(curve, minutes)


def test_a_ranker_sees_whole_slices_of_the_past_only(tmp_path: Path) -> None:
    (curve,) = curves(tmp_path, [{"A": [2, 2, 7], "B": [0, 1, 1]}])
    assert [seen(curve, age).count for age in (0, 19, 20, 39, 40, 60)] == [0, 0, 2, 2, 3, 8]
    item = seen(curve, 59).item()
    assert {key: [count for _, count in series] for key, series in item.signals.items()} == {
        ("A", "shares"): [2.0],
        ("B", "shares"): [1.0],
    }
    assert all(
        start + timedelta(minutes=20) <= item.published_at + timedelta(minutes=59)
        for start, _ in item.signals["A", "shares"]
    )


def test_the_truth_is_what_the_next_six_hours_bring(tmp_path: Path) -> None:
    (curve,) = curves(tmp_path, [{"A": list(range(1, LAST + 1))}])
    assert seen(curve, 0).gain == 18
    assert seen(curve, 100).gain == 18
    assert seen(curve, 47 * 60).gain == 3


def test_the_hours_are_full_and_end_six_before_the_last_article(tmp_path: Path) -> None:
    found = list(judging.hours(curves(tmp_path, [{"A": [n]} for n in range(60 * 6 + 1)])))
    assert [hour.at - judging.START for hour in found] == [timedelta(hours=hour) for hour in range(48, 55)]
    assert [one.curve.number for one in found[0].seen] == list(range(1, 289))


def test_the_best_possible_order_has_everything_and_the_worst_next_to_nothing(tmp_path: Path) -> None:
    found = list(judging.hours(curves(tmp_path, [{"A": [0] * 20 + [n % 97]} for n in range(360)])))
    best = judging.judge(found, lambda hour: [one.curve.number for one in sorted(hour.seen, key=lambda one: -one.gain)])
    worst = judging.judge(found, lambda hour: [one.curve.number for one in sorted(hour.seen, key=lambda one: one.gain)])
    assert best.means == (1.0, 1.0)
    assert worst.means == (0.0, 0.0)


def test_a_fold_is_judged_with_what_is_best_outside_it_and_its_gap() -> None:
    size = 5 * 100
    early, late = [1.0] * 100 + [0.5] * 400, [0.0] * 100 + [0.6] * 400
    assert len(early) == len(late) == size
    means, chosen = tuning.cross_validated([early, late])
    assert chosen == [1, 0, 0, 0, 0]
    assert means == pytest.approx([0.0, 0.5, 0.5, 0.5, 0.5])


@pytest.fixture(scope="module")
def moments() -> list[judging.Hour]:
    if not judging.CURVES.is_file():
        pytest.skip("../shared is not there: its data is not part of the project")
    return list(judging.hours(judging.load()))


def test_every_baseline_has_the_figures_of_the_readme(moments: list[judging.Hour]) -> None:
    for name, ranker in rankers.BASELINES.items():
        assert judging.judge(moments, ranker).means == pytest.approx(rankers.README[name], abs=0.00051), name


def test_ours_is_better_than_every_baseline(moments: list[judging.Hour]) -> None:
    some = moments[::12]
    ours = judging.judge(some, rankers.ours(RankingSettings())).means
    baselines = [judging.judge(some, ranker).means for ranker in rankers.BASELINES.values()]
    assert ours[0] > max(ndcg for ndcg, _ in baselines)


def test_the_articles_of_the_speed_test_are_as_they_are_said_to_be() -> None:
    found = speed.items(600)
    lengths = [len(series) for item in found for series in item.signals.values()]
    assert min(lengths) >= 10
    assert max(lengths) <= 20
    assert sum(len(item.signals) == 3 for item in found) > 300
    assert len({item.category for item in found}) == 12
    assert all(start < speed.NOW for item in found for series in item.signals.values() for start, _ in series)


def test_a_quick_run_gives_its_figures() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.trending", "--quick", "--json"],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=stage.ROOT,
        check=True,
    )
    found = json.loads(done.stdout)
    assert found["top50_ms"] > 0
    assert "missing" in found or found["ndcg10"] > 0.8
