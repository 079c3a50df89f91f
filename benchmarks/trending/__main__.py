"""How well and how fast articles are ranked: `python -m benchmarks.trending [--quick] [--json]`.

    ndcg10      NDCG@10 of the ranking with its defaults, judged as ../shared/data/popularity/README.md says
    caught      the share of what the best possible ten gain that the ranking's ten gained
    folds       NDCG@10 of each fifth of the time
    baselines   NDCG@10 and caught of each of the README's rankers by the same judge: `as_readme` says whether
                every one of them equals the README's figures
    top50_ms    20,000 live articles scored and the first 50 of each of 12 categories found: the median, and the best

--quick judges every sixth hour and ranks 2,000 articles. `python -m benchmarks.trending.tuning` finds the defaults.
"""

from __future__ import annotations

from typing import Any

from benchmarks import stage
from benchmarks.trending import judging, rankers, speed
from distributor.ranking import RankingSettings

__all__ = ["measure"]

GOALS = {"ndcg10": "0.832, better 0.840", "top50_ms": "100"}


def measure(*, quick: bool) -> dict[str, Any]:
    return {**_quality(6 if quick else 1), **speed.measure(*((2000, 3) if quick else (20_000, 21)))}


def _quality(step: int) -> dict[str, Any]:
    if not judging.CURVES.is_file():
        return {"ndcg10": None, "caught": None, "missing": "../shared/data/popularity is not part of the project"}
    moments = list(judging.hours(judging.load(), step))
    ours = judging.judge(moments, rankers.ours(RankingSettings()))
    baselines = {name: judging.judge(moments, ranker).means for name, ranker in rankers.BASELINES.items()}
    return {
        "hours": len(moments),
        "ndcg10": ours.means[0],
        "caught": ours.means[1],
        "folds": ours.folds(),
        "baselines": baselines,
        "as_readme": all(_same(baselines[name], figures) for name, figures in rankers.README.items()),
    }


def _same(found: tuple[float, float], written: tuple[float, float]) -> bool:
    return all(abs(one - other) <= 0.0005 + 1e-9 for one, other in zip(found, written, strict=True))


def main() -> None:
    given = stage.options(__doc__)
    stage.tell(measure(quick=given.quick), given, goals=GOALS)


if __name__ == "__main__":
    main()
