"""The pictures of segments: profiles, how many, a map of the accounts, and who moved."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from pipelines.churn.encoder import FloatArray
from pipelines.figures import BLUE, GREEN, GREY, ORANGE, PINK, png
from pipelines.segmentation import Segmentation
from pipelines.segmentation.migration import Migration
from pipelines.segmentation.mixture import IntArray
from pipelines.segmentation.portrait import Portrait
from pipelines.segmentation.segmentation import most_probable

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from pipelines.segmenting import Segmented

MOST_TRAITS = 14
MAPPED = 2000
COLOURS = (BLUE, ORANGE, GREEN, PINK, "#E69F00", "#56B4E9", "#F0E442", GREY)
SHORTEST = 42


def segment_figures(found: Segmented, rows: pd.DataFrame) -> dict[str, bytes]:
    """Return the figures of every segmentation that has segments as PNG files, by name; rows are today's accounts."""
    figures = {}
    for name, segmentation in found.segmentations.items():
        portrait = found.portraits[name]
        if len(segmentation.evidence) > 1:
            figures[f"{name}_numbers"] = png(_draw_numbers, segmentation)
        if segmentation.is_divided:
            figures[f"{name}_profiles"] = png(_draw_profiles, _Profiled(segmentation, portrait))
            figures[f"{name}_map"] = png(_draw_map, _mapped(segmentation, rows))
        for moved in (portrait.months, portrait.releases):
            if moved is not None and np.sum(moved.counts):
                figures[f"{name}_{moved.between}"] = png(_draw_moves, moved)
    return figures


class _Profiled(NamedTuple):
    segmentation: Segmentation
    portrait: Portrait


def _draw_profiles(axes: Axes, of: _Profiled) -> None:
    """Effect sizes as a heat map: the most striking traits against segments, blank where not notable."""
    profiles = of.portrait.profiles
    striking: dict[tuple[str, str | None], float] = {}
    for profile in profiles:
        for trait in profile.traits:
            key = (trait.sentence, trait.level)
            striking[key] = max(striking.get(key, 0.0), abs(trait.effect))
    shown = sorted(striking, key=lambda key: -striking[key])[:MOST_TRAITS]
    effects = np.full((len(shown), len(profiles)), np.nan)
    for column, profile in enumerate(profiles):
        for trait in profile.traits:
            if (trait.sentence, trait.level) in shown:
                effects[shown.index((trait.sentence, trait.level)), column] = trait.effect
    axes.imshow(np.nan_to_num(effects), cmap="PuOr_r", vmin=-2, vmax=2, aspect="auto")
    for row, column in zip(*np.nonzero(~np.isnan(effects)), strict=True):
        is_dark = abs(effects[row, column]) > 1.2
        axes.text(column, row, f"{effects[row, column]:+.1f}", ha="center", va="center", fontsize=7,
                  color="white" if is_dark else "black")  # fmt: skip
    labels = [sentence if level is None else f"{sentence}: {level}" for sentence, level in shown]
    axes.set_yticks(range(len(shown)), [_short(label) for label in labels], fontsize=7)
    names = [f"{one.id}\n{one.share:.0%}, n = {one.n:,}" for one in of.segmentation.segments]
    axes.set_xticks(range(len(names)), names, fontsize=7)
    title = f"{of.segmentation.name} segments beside all accounts: difference in standard deviations (counted)"
    axes.figure.suptitle(title, fontsize=10)


def _draw_numbers(axes: Axes, segmentation: Segmentation) -> None:
    """BIC and stability against the number of segments."""
    numbers = [tried.n_segments for tried in segmentation.evidence]
    axes.plot(numbers, [tried.criterion for tried in segmentation.evidence], color=GREY, marker="o", label="BIC")
    axes.set(xlabel="number of segments", ylabel="BIC (lower is better)", xticks=numbers)
    steady = [(tried.n_segments, tried.stability) for tried in segmentation.evidence if tried.stability is not None]
    other = axes.twinx()
    if steady:
        places, values = zip(*steady, strict=True)
        other.plot(places, values, color=BLUE, marker="s", label="stability")
    other.axhline(0.85, color=BLUE, linewidth=1, linestyle=":")
    other.set(ylim=(0, 1.02), ylabel="adjusted Rand index in refits (blue; dotted: stable)")
    chosen = len(segmentation.segments)
    axes.axvline(chosen, color=ORANGE, linewidth=1)
    axes.set_title(f"{segmentation.name}: {chosen} chosen (orange)", loc="left", fontsize=10)


class _Mapped(NamedTuple):
    """Accounts in the plane (n, 2) of the two directions in which their segments (n,) differ most."""

    segmentation: Segmentation
    places: FloatArray
    segments: IntArray


def _mapped(segmentation: Segmentation, rows: pd.DataFrame) -> _Mapped:
    sample = rows.iloc[np.linspace(0, len(rows) - 1, min(len(rows), MAPPED)).astype(int)]
    columns = {str(name): sample[name] for name in sample}
    segments = most_probable(segmentation.membership(columns))
    X = segmentation.preparation.encode(columns)[segments >= 0] if segmentation.preparation else np.zeros((0, 1))
    segments = segments[segments >= 0]
    X = np.nan_to_num(X - np.nanmean(X, axis=0))
    means = np.array([X[segments == place].mean(axis=0) for place in np.unique(segments)])
    _, _, between = np.linalg.svd(means[np.searchsorted(np.unique(segments), segments)], full_matrices=False)
    first = X @ between[0]
    # two segments differ in one direction only: across it, the one in which accounts vary most
    rest = X - np.outer(first, between[0])
    second = between[1] if len(means) > 2 and len(between) > 1 else np.linalg.svd(rest, full_matrices=False)[2][0]
    return _Mapped(segmentation, np.column_stack([first, X @ second]), segments)


def _draw_map(axes: Axes, of: _Mapped) -> None:
    for place, segment in enumerate(of.segmentation.segments):
        own = of.places[of.segments == place]
        axes.scatter(own[:, 0], own[:, 1], s=6, alpha=0.6, color=COLOURS[place % len(COLOURS)],
                     label=_short(f"{segment.id} {segment.name}"))  # fmt: skip
    axes.set(xlabel="where segments differ most (standard deviations)", ylabel="across it (standard deviations)")
    axes.set_title(f"{of.segmentation.name}: {len(of.places):,} accounts", loc="left", fontsize=10)
    axes.legend(frameon=False, fontsize=7, markerscale=2)


def _draw_moves(axes: Axes, moved: Migration) -> None:
    """Bands from the segments on the left to those on the right, as wide as the accounts are many."""
    counts = np.array(moved.counts, dtype=float) / max(np.sum(moved.counts), 1)
    gap = 0.04
    left, right = (_tops(counts.sum(axis=axis), gap) for axis in (1, 0))
    used_left, used_right = left.copy(), right.copy()
    steps = np.linspace(0, 1, 40)
    bend = 3 * steps**2 - 2 * steps**3
    for source, target in np.ndindex(*counts.shape):
        share = counts[source, target]
        if share:
            upper = used_left[source] + (used_right[target] - used_left[source]) * bend
            axes.fill_between(steps, upper - share, upper, alpha=0.5, linewidth=0, color=COLOURS[source % len(COLOURS)])
            used_left[source] -= share
            used_right[target] -= share
    for at, names, tops, shares, side in (
        (0, moved.sources, left, counts.sum(axis=1), "right"),
        (1, moved.targets, right, counts.sum(axis=0), "left"),
    ):
        for name, top, share in zip(names, tops, shares, strict=True):
            axes.text(
                at + (0.02 if at else -0.02), top - share / 2, f"{name} {share:.1%}", ha=side, va="center", fontsize=8
            )
    axes.set(xlim=(-0.3, 1.3), xticks=[], yticks=[])
    axes.spines[["left", "bottom"]].set_visible(False)
    words = (
        f"month by month, {moved.since} to {moved.until}"
        if moved.between == "months"
        else f"since release {moved.since}"
    )
    axes.set_title(f"Who moved {words}: n = {int(np.sum(moved.counts)):,} (counted)", loc="left", fontsize=10)


def _tops(shares: FloatArray, gap: float) -> FloatArray:
    """The upper ends of stacked bars, the first on top."""
    tops: FloatArray = -np.concatenate([[0.0], np.cumsum(shares[:-1] + gap)])
    return tops


def _short(label: str) -> str:
    return label if len(label) <= SHORTEST else label[: SHORTEST - 1] + "…"
