"""The main job on a simulated company: tables, mapping, check, training, promotion, scores, actions."""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path

from pipelines.cli import main as perennial

FOLDER = Path("demo")
ACCOUNTS, YEARS, SEED = 2000, 3, 7
ACTIONS = """
[actions]
preset = "five ways to loyalty"
hours_per_owner = 8

[actions.catalogue.success_call]
words = "Call and ask what stands in the way"
cost = 60
hours = 0.5
needs_consent = false
works_on = ["outage"]

[actions.playbooks.mend]
when = "severe_case"
do = "Call today, and say what is being done"
touchpoint = "support"
"""
SHOWN = ("sentence", "family", "mean_contribution")


def main() -> int:
    """Run the demo in ./demo and return 0 when every step did."""
    start = time.perf_counter()
    _make_company()
    config = str(FOLDER / "perennial.toml")
    if code := _run("init", str(FOLDER / "tables"), "--config", config):
        return code
    with Path(config).open("a", encoding="utf-8") as file:
        file.write(ACTIONS)
    if code := _run("check", "--config", config) or _run("train", "--config", config):
        return code
    version = _newest(config)
    for step in (["promote", version], ["score", "--out", str(FOLDER / "scores.parquet")], ["actions"]):
        if code := _run(*step, "--config", config):
            return code
    _show(config, version)
    _say(f"\ndone in {time.perf_counter() - start:.0f} seconds")
    return 0


def _run(*words: str) -> int:
    _say(f"\n$ perennial {' '.join(words)}")
    return perennial(list(words))


def _make_company() -> None:
    from experiments.company import write_company

    _say(f"simulating a company of {ACCOUNTS:,} accounts over {YEARS} years (seed {SEED})")
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    write_company(FOLDER / "tables", n_accounts=ACCOUNTS, years=YEARS, seed=SEED)


def _newest(config: str) -> str:
    """The release that was just trained."""
    from pipelines.config import read_settings
    from pipelines.registry import newest_release

    return newest_release(read_settings(Path(config)))


def _show(config: str, version: str) -> None:
    """Print what the score rests on, who is most at risk and why, and where to go on."""
    import pandas as pd
    from rich.console import Console
    from rich.table import Table

    from pipelines.churn.contributions import mean_contributions
    from pipelines.config import read_settings
    from pipelines.release import read_release

    settings = read_settings(Path(config))
    release = read_release(settings.releases_folder / version)
    rows = pd.read_parquet(settings.state_folder / "rows.parquet")
    console = Console(width=None if sys.stdout.isatty() else 160)
    rests_on = Table(
        "feature", "family", "mean contribution", title="What the score rests on (predicts, does not cause)"
    )
    strongest = mean_contributions(release.churn, rows).head(10)
    for sentence, family, mean in zip(*(strongest[c] for c in SHOWN), strict=True):
        rests_on.add_row(str(sentence), str(family), f"{mean:.3f} log-odds")
    console.print(rests_on)
    at_risk = Table("account", "predicted churn", "segment", "reasons (predict, do not cause)", show_lines=True)
    at_risk.title = f"The ten accounts most at risk within {release.manifest.horizon_days} days, of {len(rows):,}"
    for scored in pd.read_parquet(FOLDER / "scores.parquet").head(10).to_dict("records"):
        reasons = "\n".join(str(scored[f"reason_{i}"]) for i in (1, 2, 3) if scored[f"reason_{i}"])
        at_risk.add_row(
            str(scored["account_id"]), f"{scored['churn_prob']:.0%}", str(scored["firmographic_segment"]), reasons
        )
    console.print(at_risk)
    console.print(f"report of the run   {settings.releases_folder / version / 'card.md'}", soft_wrap=True)
    console.print(f"runs in MLflow      mlflow ui --backend-store-uri {settings.tracking_uri}", soft_wrap=True)
    console.print(f"serve it            .venv/bin/perennial serve --no-keys --config {config}", soft_wrap=True)
    ask = '{"account_id": "' + str(rows["account_id"].iloc[0]) + '"}'
    console.print(f"and ask             curl localhost:3000/predict --json '{ask}'", soft_wrap=True)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
