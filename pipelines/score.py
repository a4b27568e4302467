"""Scoring: every account's predicted churn, tier, segments and reasons at a date, by the champion."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from features.errors import DataError, ReleaseError
from features.panel import PanelPlan, Progress, arrow_rows, plan_at, read_rows
from features.spark import SparkWarehouse
from features.spark_panel import spark_frame, spark_schema
from pipelines.churn.calibration import probability
from pipelines.churn.reasons import explain
from pipelines.config import Settings
from pipelines.departed import Departed
from pipelines.engine import churn_definition, opened_tables, panel_parts, panel_settings, write_folder
from pipelines.features import write_tables
from pipelines.monitoring.served import keep_scores
from pipelines.outlook import Outlook
from pipelines.output import write_frame
from pipelines.prospects import Ahead, Prospect, prospects
from pipelines.release import Release, read_champion, read_release
from pipelines.segments import names_of

if TYPE_CHECKING:
    import pyarrow as pa

STAGES = ("reading the champion", "reading tables", "panel", "scoring", "writing")
REASONS = 3
PUBLISHED = "rows.parquet"


@dataclass(frozen=True)
class Scored:
    """What a scoring run came to."""

    version: str
    as_of: str | None
    n_accounts: int
    notes: list[str]
    prospects: list[Prospect]
    departed: Departed | None


def score_accounts(settings: Settings, as_of: datetime | None, out: Path, tell: Progress) -> Scored:
    """Score every account at risk at `as_of`, write the scores, and publish the feature rows for the service.

    Accounts go through in parts; what is held of all of them is their scores, and on Spark not even these.
    """
    tell("reading the champion")
    release = champion(settings)
    with opened_tables(settings, tell) as warehouse:
        tell("panel")
        date = None if as_of is None else pd.Timestamp(as_of)
        plan = plan_at(warehouse, churn_definition(settings), panel_settings(settings), date)
        parts = panel_parts(warehouse, plan, settings, tell)
        tell("scoring")
        n_accounts, last = _count(parts)
        ahead: list[Ahead] = []
        if isinstance(warehouse, SparkWarehouse):
            folder = settings.releases_folder / release.manifest.version
            write_folder(_spark_scores(warehouse, parts, plan, last, folder), out)
        else:
            scores = _sorted(pd.concat([score_rows(release, rows, ahead) for rows in _each(parts, plan, last)]))
            write_frame(scores, out)
            keep_scores(scores, settings.state_folder)
        tell("writing")
        notes = [
            *_beyond_knowledge(plan, last),
            *_unknown_levels(release, parts),
            *publish_rows(parts, plan, last, settings.state_folder),
        ]
    as_of_said = f"{last:%Y-%m-%d}" if plan.is_dated else None
    manifest = release.manifest
    return Scored(manifest.version, as_of_said, n_accounts, notes, prospects(ahead), manifest.departed)


def _each(parts: Sequence[Path], plan: PanelPlan, last: pd.Timestamp) -> Iterator[pd.DataFrame]:
    """The rows of each part at the latest date."""
    for part in parts:
        rows = read_rows([part], plan)
        rows = rows[rows["as_of"] == last].reset_index(drop=True) if plan.is_dated else rows
        if len(rows):
            yield rows


def _count(parts: Sequence[Path]) -> tuple[int, pd.Timestamp]:
    """How many rows there are at the latest date, and which that is."""
    import pyarrow.parquet as pq

    n: Counter[pd.Timestamp] = Counter()
    for part in parts:
        counts = pq.ParquetFile(part).read(columns=["as_of"])["as_of"].value_counts().to_pylist()
        n.update({pd.Timestamp(each["values"]): each["counts"] for each in counts})
    return n[max(n)], max(n)


def _spark_scores(
    warehouse: SparkWarehouse, parts: Sequence[Path], plan: PanelPlan, last: pd.Timestamp, release: Path
) -> Any:
    """The scores as a Spark DataFrame, by a release that every executor reads for itself."""
    rows = spark_frame(warehouse, parts)
    # In words: Spark would move a bare Python time by this process's own zone.
    rows = rows.filter(f"as_of = TIMESTAMP_NTZ '{last}'") if plan.is_dated else rows
    sample = next(_each(parts, plan, last)).head(1)
    schema = spark_schema(_arrow(score_rows(read_release(release), sample)).schema)
    scores = rows.mapInArrow(_scoring_task(str(release), plan.is_dated), schema)
    return scores.orderBy("churn_prob", "account_id", ascending=[False, True])


def _scoring_task(release: str, is_dated: bool) -> Callable[[Any], Iterator[pa.RecordBatch]]:
    def score(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        import pyarrow as pa

        for batch in batches:
            table = pa.Table.from_batches([batch])
            rows = table.to_pandas(types_mapper={pa.bool_(): pd.BooleanDtype()}.get)
            rows = rows if is_dated else rows.drop(columns="as_of")
            yield from _arrow(score_rows(_release(release), rows)).to_batches()

    return score


@cache
def _release(folder: str) -> Release:
    return read_release(Path(folder))


def _arrow(scores: pd.DataFrame) -> pa.Table:
    """Scores as a table of which every text column is text, even one without any."""
    import pyarrow as pa

    table = pa.Table.from_pandas(scores, preserve_index=False)
    plain = {pa.null(): pa.string(), pa.large_string(): pa.string(), pa.timestamp("ns"): pa.timestamp("us")}
    schema = pa.schema([(field.name, plain.get(field.type, field.type)) for field in table.schema])
    return table.cast(schema).replace_schema_metadata(None)


def champion(settings: Settings) -> Release:
    """Return the release that serves.

    Raises
    ------
    ReleaseError
        when none was promoted, or its files are damaged.
    """
    found = read_champion(settings.releases_folder)
    if found is None:
        raise ReleaseError.of("no champion", "a promoted release", "run `perennial train`, then `perennial promote`")
    return found


def published_rows(settings: Settings) -> pd.DataFrame:
    """Return the accounts' rows as they were last scored.

    Raises
    ------
    DataError
        when none were.
    """
    path = settings.state_folder / PUBLISHED
    if not path.is_file():
        raise DataError.of(
            f"no {path.name} in {path.parent.name}", "accounts that were scored", "run `perennial score`"
        )
    return pd.read_parquet(path)


def score_rows(release: Release, rows: pd.DataFrame, ahead: list[Ahead] | None = None) -> pd.DataFrame:
    """Return one row per account, the most at risk first; to `ahead` is added what lies ahead of them together.

    Columns: account_id, as_of (where there is one), release, churn_prob (0 to 1, predicted), churn_prob_low and _high
    (its 90 % interval), log_odds, tier, percentile (0 to 100); where a retention curve is known churn_prob_30d and so
    on for further horizons, median_life_days (none where it is beyond the curve), value_at_risk (in the company's
    currency), leaves_by (the likeliest way); a segment of each segmentation (needs_is_inferred where the account never
    answered and its segment is predicted from what else is known), and the strongest reasons in words.
    """
    log_odds = release.churn.log_odds(rows)
    churn_prob = probability(log_odds)
    low, high = release.interval(rows, churn_prob)
    scores = rows[[name for name in ("account_id", "as_of") if name in rows]].assign(
        release=release.manifest.version,
        churn_prob=churn_prob,
        churn_prob_low=low,
        churn_prob_high=high,
        log_odds=log_odds,
        tier=[release.tier(prob) for prob in churn_prob],
        percentile=release.percentile(churn_prob),
    )
    found = release.outlook(rows, churn_prob)
    if found:
        scores = scores.assign(**_ahead_columns(found))
    for name, segmentation in release.segmentations.items():
        place = segmentation.placement(rows)
        scores[f"{name}_segment"] = names_of(segmentation, place.membership)
        if name == "needs":
            scores["needs_is_inferred"] = place.is_inferred
    if found and ahead is not None:
        ahead.append(Ahead.of(scores, found))
    texts = reason_texts(release, rows)
    for i in range(REASONS):
        scores[f"reason_{i + 1}"] = [text[i] if i < len(text) else None for text in texts]
    return _sorted(scores)


def _ahead_columns(found: Outlook) -> dict[str, Any]:
    ways = np.array(list(found.way_probs), dtype=object)
    return {f"churn_prob_{days}d": prob for days, prob in found.churn_probs.items()} | {
        "median_life_days": found.median_life_days,
        "value_at_risk": found.value_at_risk,
        "leaves_by": ways[np.stack(list(found.way_probs.values())).argmax(axis=0)],
    }


def _sorted(scores: pd.DataFrame) -> pd.DataFrame:
    return scores.sort_values(["churn_prob", "account_id"], ascending=[False, True], ignore_index=True)


def reason_texts(release: Release, rows: pd.DataFrame) -> list[list[str]]:
    """Return the strongest reasons of each row in words, the strongest first."""
    explained = explain(release.churn, rows, top=REASONS, peers=release.peers_of(rows))
    return [[reason.text for reason in explanation.reasons] for explanation in explained]


def publish_rows(parts: Sequence[Path], plan: PanelPlan, last: pd.Timestamp, state: Path) -> list[str]:
    """Hand the rows to the service, unless it has newer ones; return a note where it has."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    path = state / PUBLISHED
    if path.exists() and plan.is_dated and "as_of" in pq.read_schema(path).names:
        newest = pc.max(pq.ParquetFile(path).read(columns=["as_of"])["as_of"]).as_py()
        if newest and newest > last:
            return [f"the service keeps its rows as of {newest:%Y-%m-%d}, which are newer"]
    state.mkdir(parents=True, exist_ok=True)
    write_tables((_published(part, plan, last) for part in parts), path)
    return []


def _published(part: Path, plan: PanelPlan, last: pd.Timestamp) -> pa.Table:
    """The rows of a part at the latest date, without their label."""
    import pyarrow.compute as pc

    rows = arrow_rows([part], plan).drop_columns(["churned"])
    return rows.filter(pc.field("as_of") == last) if plan.is_dated else rows


def _beyond_knowledge(plan: PanelPlan, last: pd.Timestamp) -> list[str]:
    """A note where the date lies after all that is known: silence and missing tables look alike then."""
    until = plan.observed_until
    if until is None or not plan.is_dated or last <= until:
        return []
    return [f"the tables end before {until:%Y-%m-%d}: what happened since then is not in these scores"]


def _unknown_levels(release: Release, parts: Sequence[Path]) -> list[str]:
    import pyarrow.parquet as pq

    notes = []
    for name, levels in release.churn.encoder.levels.items():
        there = {level for part in parts if name in pq.read_schema(part).names for level in _levels(part, name)}
        alien = sorted(there - set(levels))
        if alien:
            notes.append(f"{name}: {', '.join(alien[:3])} was not there in training and scores as missing")
    return notes


def _levels(part: Path, name: str) -> set[str]:
    import pyarrow.parquet as pq

    found = pq.ParquetFile(part).read(columns=[name])[name].unique().to_pylist()
    return {str(level) for level in found if level is not None}
