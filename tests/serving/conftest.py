"""A small company with two releases, its published rows, and the service in this process."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pandas as pd
import pytest

from features.catalog import Feature
from pipelines.churn.calibration import Calibration
from pipelines.churn.curve import RetentionCurve
from pipelines.churn.curve_training import fit_curve
from pipelines.churn.encoder import Encoder
from pipelines.churn.followed import Followed
from pipelines.churn.lifetimes import Lifetimes
from pipelines.churn.model import ChurnModel
from pipelines.churn.ranking import Ranked, Ranking
from pipelines.churn.uncertainty import Uncertainty
from pipelines.churn.uncertainty_training import fit_uncertainty
from pipelines.experience.found import Found
from pipelines.experience.told import Programme, Told
from pipelines.manifest import Gate, Manifest, Noted, TierLimits
from pipelines.outlook import Terms
from pipelines.peers import usual_by_segment
from pipelines.pointer import write_pointer
from pipelines.release import Papers, Release, write_release
from pipelines.segmentation import Wish, fit_segmentations

FEATURES = (
    Feature("plan", "firmographic", "context", "", "Plan", kind="category"),
    Feature("is_partner", "firmographic", "context", "", "Partner (1 yes, 0 no)", kind="category"),
    Feature("seats", "firmographic", "context", "seats", "Seats"),
    Feature("usage_count_30d", "behaviour", "behaviour", "events", "Events, last 30 days", direction=-1),
    Feature("recency_days", "behaviour", "behaviour", "days", "Days since the last event", direction=1),
    Feature("nps_last", "experience", "perception", "score", "Latest NPS answer", direction=-1),
    Feature("need_price", "experience", "context", "score", "Importance given to price, latest answer"),
    Feature("need_support", "experience", "context", "score", "Importance given to support, latest answer"),
    Feature("need_speed", "experience", "context", "score", "Importance given to speed, latest answer"),
)
PLANS = np.array(["free", "pro", "team"], dtype=object)


def current_rows(n: int = 400) -> pd.DataFrame:
    """Return current rows with everything that is awkward: a category of numbers with gaps, answers not given."""
    rng = np.random.default_rng(7)
    heavy, silent, thrifty = (rng.random(n) < share for share in (0.5, 0.6, 0.5))
    wishes = {"need_price": thrifty, "need_support": ~thrifty, "need_speed": ~thrifty}
    rows = pd.DataFrame(
        {
            "account_id": [f"A-{i:04d}" for i in range(n)],
            "as_of": pd.Timestamp("2026-01-31"),
            "plan": rng.choice(PLANS, n),
            "is_partner": rng.choice([0.0, 1.0, np.nan], n),
            "seats": np.round(np.exp(rng.normal(np.where(heavy, 4, 1), 0.4))),
            "usage_count_30d": rng.poisson(np.where(heavy, 80, 5)).astype(float),
            "recency_days": rng.exponential(20, n),
            "nps_last": np.where(rng.random(n) < 0.4, np.nan, rng.integers(0, 11, n)),
        }
    )
    for name, wish in wishes.items():
        rows[name] = np.where(silent, np.nan, np.where(wish, 9, 4) + rng.integers(0, 2, n))
    return rows.astype({"plan": "str"})


def churn_model(rows: pd.DataFrame, *, seed: int) -> ChurnModel:
    """Return a model of eight small trees; the truth is recency and dissatisfaction."""
    encoder = Encoder.fit(rows, FEATURES)
    X = encoder.transform(rows)
    log_odds = -2 + 0.05 * rows["recency_days"] - 0.3 * rows["nps_last"].fillna(5) + 2 * (rows["plan"] == "free")
    churned = np.random.default_rng(seed).random(len(rows)) < 1 / (1 + np.exp(-log_odds))
    params = {
        "objective": "binary",
        "num_leaves": 4,
        "num_threads": 1,
        "seed": seed,
        "verbose": -1,
        "deterministic": True,
    }
    data = lightgbm.Dataset(X, churned.astype(float), categorical_feature=encoder.native)
    booster = lightgbm.train(params, data, num_boost_round=8)
    usual = {f.name: "pro" if f.name == "plan" else "0" if f.kind == "category" else 5.0 for f in FEATURES}
    return ChurnModel.of_text(booster.model_to_string(), encoder, Calibration(-0.2, 1.1), usual)


def uncertainty_and_curve(churn: ChurnModel, rows: pd.DataFrame) -> tuple[Uncertainty, RetentionCurve]:
    """Return how sure the model is, and how long accounts stay: the sooner gone, the likelier their churn."""
    X, prob = churn.encoder.transform(rows), churn.prob(rows)
    rng = np.random.default_rng(3)
    days = rng.exponential(-90 / np.log1p(-prob))
    left = days < 400
    way = np.where(left, np.where(rng.random(len(days)) < 0.4, "cancelled", "not renewed"), "")
    lives = Lifetimes(np.minimum(days, 400), np.full(len(days), 400.0), left, way.astype(str))
    followed = Followed(churn.encoder, X, lives, np.arange(len(rows)), np.ones(len(rows)))
    curve = fit_curve(followed, leaves=8, horizon_days=90)
    assert curve is not None
    return fit_uncertainty(churn, X, (days < 90).astype(float), 1.0), curve


@dataclass(frozen=True)
class Company:
    """Where the company's releases and rows lie, and what they hold."""

    folder: Path
    rows: pd.DataFrame
    releases: dict[str, Release]

    @property
    def releases_folder(self) -> Path:
        """The folder of releases and pointer."""
        return self.folder / "releases"

    @property
    def published(self) -> Path:
        """The published rows."""
        return self.folder / "rows.parquet"

    def environment(self) -> dict[str, str]:
        """Return what a service of this company is told."""
        return {
            "PERENNIAL_RELEASES": str(self.releases_folder),
            "PERENNIAL_ROWS": str(self.published),
            "PERENNIAL_STORE": f"sqlite:///{self.folder / 'online.db'}",
            "PERENNIAL_POLL_SECONDS": "0.1",
            "PERENNIAL_AUTH": "off",
            "BENTOML_DO_NOT_TRACK": "True",
        }

    def point(self, version: str) -> None:
        """Make a release the champion."""
        write_pointer(self.releases_folder, version=version, previous=[], promoted="2026-02-01T00:00:00Z")


def drivers_table() -> pd.DataFrame:
    """Return what a release found of one driver, over all accounts and in one segment, as it keeps it."""
    said = {
        "driver": "escalation",
        "experience": "Escalations, last 90 days",
        "contrast": "at least one against none",
        "tier": "operations",
        "family": "experience",
        "is_controllable": True,
        "verdict": "cause",
        "verdict_sentence": "An escalation costs 4 points.",
        "q_value": 0.01,
    }
    numbers = {"low": np.nan, "high": np.nan, "n_rows": 300, "n_bad": 100, "n_accounts": 90, "p_value": np.nan}
    words = {"unit": "percentage points of churn", "basis": "caused", "sentence": ""}
    of_all = {"figure": "effect", "value": 4.0, "group_by": "all", "group": "all"}
    of_segment = {"figure": "effect", "value": 6.0, "group_by": "firmographic", "group": "Größe klein"}
    return pd.DataFrame([said | figure | numbers | words for figure in (of_all, of_segment)])


def programme() -> Programme:
    """Return what a release tells of experience, value and journeys, a segment's map among it."""
    nps = Found("survey metrics", "nps", 12.0, 4.0, 20.0, "points", n=120, n_accounts=60)
    of_shop = replace(nps, value=-3.0, low=-15.0, high=9.0, group_by="touchpoint", group="Größe klein", n=30)
    refused = Found.refused("roles", "buyer's weight", "3 buyers answered; 10 are needed")
    of_account = replace(nps, topic="key accounts", group_by="survey type / account", group="periodic / A-0007", n=2)
    worth = Found("revenue at risk", "revenue at risk", 9000.0, 7000.0, 11000.0, "currency a year", "predicted")
    met = Found("ownership", "meetings", 100.0, unit="% of meetings", group_by="owner", group="support", n=40)
    date, told = "2026-01-31", partial(Told, why_not="")
    return Programme(
        told(date, (nps, of_shop, refused, of_account)),
        told(date, (worth,)),
        told(date, (met,), (journey("all", "all", 60), journey("firmographic", "Größe klein", 20))),
    )


def journey(group_by: str, group: str, n: int) -> dict[str, Any]:
    """Return the map of a group that comes, calls, calls again, and half of it leaves."""
    share = {"n": n, "n_accounts": n, "prob": 0.5, "low": 0.4, "high": 0.6}
    wait = {"wait_days": 30.0, "wait_low": 20.0, "wait_high": None}
    first, left = {"touchpoint": "first contact"}, {"touchpoint": "left"}
    count = {"n": n, "n_accounts": n}
    return {
        "group_by": group_by,
        "group": group,
        "n_accounts": n,
        "n_hidden": 1,
        "nodes": [first | count, {"touchpoint": "support"} | count, left | count],
        "links": [{"source": "support", "target": target} | share | wait for target in ("support", "left")],
    }


def quality() -> dict[str, Any]:
    """Return how well a model did, as a manifest says it."""
    interval = {"value": 0.8, "low": 0.75, "high": 0.85}
    tenth = {"predicted": 0.1, "counted": 0.12, "low": 0.08, "high": 0.16, "n_rows": 400, "n_accounts": 300}
    names = ("auc", "average_precision", "log_loss", "brier", "ece", "lift")
    figures = {"model": dict.fromkeys(names, interval), "business rule": dict.fromkeys(names, interval)}
    said = {"sentence": "the newest rows", "n_rows": 4_000, "n_accounts": 1_000}
    return said | {"figures": figures, "tenths": [tenth] * 10}


def what_if_table() -> pd.DataFrame:
    """Return what a release found that two better levels of its driver would save, in the same places."""
    figures = drivers_table().iloc[:, drivers_table().columns.get_loc("figure") :]
    words = "within 90 days, if the accounts that have it bad today had it good"
    saved = figures.assign(figure="churners saved", sentence=words, unit="accounts", n_bad=[60, 20])
    found = []
    for to, contrast, times in ((1.0, "2 or more against 1 or less", 1), (0.0, "at least one against none", 2)):
        asked = pd.DataFrame({"driver": ["escalation"] * 2, "to": to, "contrast": contrast})
        numbers = {"value": [1.5 * times, 0.6 * times], "low": [0.5 * times, 0.2 * times], "high": [2.5 * times, times]}
        found.append(pd.concat([asked, saved.assign(**numbers)], axis=1))
    return pd.concat(found, ignore_index=True)


RANKING = Ranking(
    400,
    (
        Ranked("recency_days", "Days since the last event", "behaviour", "behaviour", 0.41, 0.38, 0.44),
        Ranked("plan", "Plan", "firmographic", "context", 0.2, 0.18, 0.22),
    ),
)


def _release(rows: pd.DataFrame, version: str, *, seed: int) -> Release:
    churn = churn_model(rows, seed=seed)
    prob = churn.prob(rows)
    uncertainty, curve = uncertainty_and_curve(churn, rows)
    manifest = Manifest(
        version=version,
        created="2026-02-01T00:00:00Z",
        code_version="0.1.0",
        data_fingerprint="0" * 64,
        as_of="2026-01-31",
        learnt_until="2025-10-31",
        horizon_days=90,
        definition="no active subscription",
        n_accounts=len(rows),
        n_rows=len(rows),
        churn_rate=0.2,
        metrics=quality(),
        tiers=TierLimits(high_prob=float(np.quantile(prob, 0.9)), medium_prob=float(np.quantile(prob, 0.7))),
        score_quantiles=tuple(np.quantile(prob, np.linspace(0, 1, 101)).tolist()),
        gate=Gate(passed=True, sentences=()),
        terms=Terms(revenue="seats", horizons_days=(30, 180, 365)),
        noted=(
            Noted(table="panel", column="churned", severity="info", what="accounts that churned", n=60, do=""),
            Noted(table="panel", column="seats", severity="warning", what="much is missing", n=90, do="map it"),
            Noted(table="panel", column="use", severity="info", what="gaps", n=9, do="nothing, if so meant"),
        ),
    )
    segmentations = fit_segmentations(rows, FEATURES, wishes={"behavioural": Wish(most=3)}, seed=0)
    return Release(
        manifest,
        churn,
        uncertainty,
        segmentations,
        drivers_table(),
        what_if_table(),
        RANKING,
        peers=usual_by_segment(segmentations, rows, churn.encoder),
        curve=curve,
        programme=programme(),
    )


@pytest.fixture(scope="session")
def releases() -> dict[str, Release]:
    rows = current_rows()
    return {
        version: _release(rows, version, seed=seed) for seed, version in enumerate(("2026-01-31-a", "2026-01-31-b"))
    }


@pytest.fixture(scope="session")
def make_company(releases: dict[str, Release], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Make a folder with both releases written, rows published, and nothing promoted."""

    def make() -> Company:
        folder = tmp_path_factory.mktemp("company")
        papers = Papers(card="# card", reference=pd.DataFrame({"feature": ["seats"]}), figures={})
        made = Company(folder, current_rows(), releases)
        for version, release in releases.items():
            write_release(release, papers, made.releases_folder / version)
        made.rows.to_parquet(made.published, index=False)
        return made

    return make


@pytest.fixture
def company(make_company: Any) -> Company:
    """A company of the test's own."""
    made: Company = make_company()
    return made


@pytest.fixture(scope="session")
def served(make_company: Any) -> Iterator[tuple[Any, Company]]:
    """The one application of this process (BentoML allows no second) with release a promoted, and its company."""
    with warnings.catch_warnings():
        # it would rather have a package httpx2; httpx, which mlflow and bentoml bring, still works
        warnings.filterwarnings("ignore", "Using `httpx` with `starlette.testclient`", DeprecationWarning)
        warnings.filterwarnings("ignore", "Using `httpx` with `starlette.testclient`", UserWarning)
        from starlette.testclient import TestClient
    made: Company = make_company()
    made.point("2026-01-31-a")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in made.environment().items():
            patch.setenv(name, value)
        patch.setenv("PERENNIAL_BODY_LIMIT_BYTES", "1000000")
        from serving.service import Perennial

        with TestClient(Perennial.to_asgi()) as client:
            _wait(lambda: client.get("/readyz").status_code == 200)
            yield client, made


def _wait(is_so: Any, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "it did not come to be so in time"
        time.sleep(0.05)


@pytest.fixture(scope="session")
def wait() -> Any:
    """Wait until something is so."""
    return _wait


@pytest.fixture
def client(served: tuple[Any, Company]) -> Any:
    return served[0]


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A PostgreSQL server, by its URL."""
    from experiments.benchmarks.postgres_server import postgres_programs, postgres_server

    if postgres_programs() is None:
        pytest.skip("PostgreSQL is not here: it takes its programs initdb and postgres")
    with postgres_server() as server:
        yield server


@pytest.fixture
def live_store(store_url: str) -> Iterator[Any]:
    """An empty store, on both databases."""
    from serving.store import Store

    store = Store(store_url)
    yield store
    store.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty store: a test that asks for it runs on both databases."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'online.db'}"
    from experiments.benchmarks.postgres_server import make_database

    return make_database(request.getfixturevalue("postgres"), f"store_{uuid.uuid4().hex}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _serving(company: Company, log: Path, *, host: str = "127.0.0.1", **settings: str) -> Iterator[str]:
    port = str(_free_port())
    command = [sys.executable, "-m", "bentoml", "serve", "serving.service:Perennial", "--host", host]
    own = company.environment() | settings
    environment = {**os.environ, **own, "BENTOML_HOME": str(company.folder / "bentoml")}
    with log.open("w") as out:
        server = subprocess.Popen([*command, "--port", port], env=environment, stdout=out, stderr=out)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=20)


@pytest.fixture(scope="session")
def serving() -> Any:
    """Start the real server, in a process of its own, as a context: its URL comes out, its log goes to a file."""
    return _serving
