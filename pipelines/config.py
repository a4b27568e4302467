"""The settings of a project: what `perennial.toml` may say, with every default."""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from features.catalog import Family, Tier
from features.errors import ConfigError
from features.mapping import Sources, TableMapping
from pipelines.actions.settings import Actions


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Data(_Section):
    """Where the tables are."""

    location: str = Field(".", description="folder of files, relative to this file, or a database URL")
    on_reject: Literal["fail", "drop"] = Field("fail", description="what rows that break the contract do")


class Churn(_Section):
    """What churn is, and how far ahead it counts."""

    definition: Literal["subscription", "inactivity", "labelled"] = "subscription"
    horizon_days: int = Field(90, ge=1, le=3650, description="how far after the as-of date churn counts")
    grace_days: int = Field(30, ge=0, le=365, description="subscription: gap after an end that is no churn yet")
    inactive_days: int = Field(90, ge=1, le=3650, description="inactivity: silence after which an account is lost")
    further_horizons_days: tuple[Annotated[int, Field(ge=1, le=720)], ...] = Field(
        (30, 180, 365), description="further horizons, read off the retention curve as far as it goes"
    )


class Panel(_Section):
    """Which as-of dates there are."""

    history_days: int = Field(90, ge=0, description="history before the first as-of date")
    observed_from: date | None = Field(None, description="where knowledge begins; the first event if unset")
    observed_until: date | None = Field(None, description="where knowledge ends; the day after the last event if unset")


class Engine(_Section):
    """What works on the tables, and how much of the machine it uses."""

    name: Literal["duckdb", "spark"] = Field("duckdb", description="in this process, or on Spark")
    master: str = Field("local[2]", description="of Spark: spark://host:port, or local[2] for two threads here")
    memory_limit: str | None = Field(None, description="of the relational step, such as 4GB")
    threads: int | None = Field(None, ge=1)


class Model(_Section):
    """What training does."""

    seed: int = Field(0, ge=0)
    folds: int = Field(5, ge=2, le=20, description="folds of flat data")
    max_minutes: float = Field(
        60.0, gt=0, description="after which the searches for the shape of trees, all of a run's, begin no new trial"
    )
    trials: int | None = Field(
        None, ge=1, le=1000, description="of a search, so many at most, whatever the rows; as many as usual if unset"
    )
    rule_column: str | None = Field(None, description="column of the business rule; the best single one if unset")
    most_rows: int = Field(
        1_000_000, ge=1_000, description="above this, all rows that churned train and a sample of the others"
    )
    smallest_effect_points: float = Field(
        0.25, ge=0, le=100, description="points of churn that a driver must cost beyond doubt to be called a cause"
    )
    min_churners: int = Field(10, ge=10, description="fewer churners than this are too few to learn from")


class SegmentSettings(_Section):
    """How many segments a segmentation has."""

    number: int | None = Field(None, ge=1, le=20, description="so many, whatever the data say; found if unset")
    most: int = Field(6, ge=2, le=20, description="at most so many, where the number is found")
    smallest_share: float = Field(0.05, ge=0.01, le=0.5, description="of the accounts, in every segment that is found")
    names: dict[str, str] = Field(default_factory=dict, description='by id, such as "needs-1", in your own words')


class NeedsSettings(SegmentSettings):
    """How many segments by need there are, and when accounts that never answered are placed in them."""

    least_auc: float = Field(
        0.6,
        ge=0.5,
        le=1,
        description="where predicting is worse (0.5: guessing), silent accounts are unknown",
    )


class Segments(_Section):
    """The three segmentations."""

    firmographic: SegmentSettings = SegmentSettings()
    behavioural: SegmentSettings = SegmentSettings()
    needs: NeedsSettings = NeedsSettings()


class Tiers(_Section):
    """Which accounts are called high and medium risk when a release is made: by capacity, or by what a call costs."""

    high_share: float = Field(0.1, gt=0, lt=1, description="by capacity: so many of the accounts")
    medium_share: float = Field(0.2, gt=0, lt=1, description="so many of the accounts below the high ones")
    call_cost: float | None = Field(None, gt=0, description="by cost: what one call costs")
    call_saves: float | None = Field(
        None, gt=0, description="what a call saves with an account that would leave: chance that it stays x its worth"
    )

    @model_validator(mode="after")
    def _cost_needs_saving(self) -> Tiers:
        if (self.call_cost is None) != (self.call_saves is None):
            raise ValueError("call_cost and call_saves belong together: name both or neither")
        return self


class GateSettings(_Section):
    """What a new release has to show beside the one that serves."""

    margin: float = Field(0.05, ge=0, le=1, description="share by which it may be worse before it is refused")


class Value(_Section):
    """How revenue at risk is reckoned, and what the company says a case, a reference and a word are worth."""

    revenue: str | None = Field(None, description="feature that is revenue a month; mrr_now if unset")
    margin: float = Field(1.0, gt=0, le=1, description="share of revenue that is kept; 1 tells revenue itself")
    discount_rate: float = Field(0.1, ge=0, le=1, description="a year, by which money later is worth less")
    days: int = Field(360, ge=30, le=720, description="how far ahead it is counted, as far as the curve goes")
    case_cost: float | None = Field(None, gt=0, description="what one case costs to serve; unset: no cost is told")
    reference_value: float | None = Field(None, gt=0, description="what one reference given is worth")
    told_good: float = Field(9, ge=0, description="people whom a content customer tells: quoted, not measured")
    told_bad: float = Field(22, ge=0, description="people whom a disappointed customer tells: quoted, not measured")
    won_per_told: float = Field(0, ge=0, le=1, description="customers won for each person told; 0: not counted yet")
    lost_per_told: float = Field(0, ge=0, le=1, description="customers lost for each person told; 0: not counted yet")


class MLflow(_Section):
    """Where runs and releases are kept."""

    tracking_uri: str | None = Field(None, description="any MLflow URI; SQLite in the state folder if unset")
    experiment: str = "perennial"
    model_name: str = "perennial"


class FeatureWords(_Section):
    """A feature described in the company's own words."""

    family: Family | None = None
    tier: Tier | None = None
    unit: str | None = None
    sentence: str | None = None
    direction: Literal[-1, 0, 1] | None = None


class DriverSettings(_Section):
    """An experience whose effect on churn is looked for: one of the known ones changed, or one of your own."""

    feature: str | None = Field(None, description="the feature that tells of it over the 90 days before a date")
    bad: float | None = Field(None, description="from where on it is bad, in the feature's unit")
    good: float | None = Field(None, description="from where on it is good; on the other side of `bad`")
    is_controllable: bool | None = Field(None, description="whether the company decides on it")
    after: tuple[str, ...] = Field((), description="drivers that come before it, beyond what tiers and steps say")
    is_left_out: bool = Field(False, description="do not look for it")


class Settings(_Section):
    """Everything `perennial.toml` may say."""

    data: Data = Data()
    tables: dict[str, TableMapping] = Field(default_factory=dict)
    churn: Churn = Churn()
    panel: Panel = Panel()
    engine: Engine = Engine()
    model: Model = Model()
    tiers: Tiers = Tiers()
    gate: GateSettings = GateSettings()
    value: Value = Value()
    mlflow: MLflow = MLflow()
    features: dict[str, FeatureWords] = Field(default_factory=dict)
    drivers: dict[str, DriverSettings] = Field(default_factory=dict)
    segments: Segments = Segments()
    actions: Actions = Actions()
    releases: Path = Field(Path("releases"), description="folder of promoted releases and their pointer")
    state: Path = Field(Path(".perennial"), description="folder of what Perennial keeps: runs, rows for the service")
    home: Path = Field(Path(), exclude=True, description="folder of this file; set when it is read")

    @model_validator(mode="after")
    def _tables_make_sense(self) -> Settings:
        Sources(tables=self.tables)
        return self

    @property
    def sources(self) -> Sources:
        """The tables, with their folder made absolute."""
        is_url = "://" in self.data.location
        location = self.data.location if is_url else str((self.home / self.data.location).resolve())
        return Sources(location=location, on_reject=self.data.on_reject, tables=self.tables)

    @property
    def words(self) -> dict[str, dict[str, Any]]:
        """What is said of features in the company's own words."""
        return {name: said.model_dump(exclude_none=True) for name, said in self.features.items()}

    @property
    def releases_folder(self) -> Path:
        """Where promoted releases live."""
        return (self.home / self.releases).resolve()

    @property
    def state_folder(self) -> Path:
        """Where runs and the service's rows live."""
        return (self.home / self.state).resolve()

    @property
    def tracking_uri(self) -> str:
        """The MLflow store."""
        return self.mlflow.tracking_uri or f"sqlite:///{self.state_folder / 'mlflow.db'}"


def read_settings(path: Path) -> Settings:
    """Return the settings of a file.

    Raises
    ------
    ConfigError
        when the file is not there, is no TOML, or says something that is not known; the message names each place.
    """
    if not path.is_file():
        do = "write one with `perennial init FOLDER`, or name it with --config"
        raise ConfigError.of(f"no settings file {path}", "perennial.toml", do)
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise ConfigError.of(f"{path.name}, which is no TOML: {problem}", "TOML", "correct the line") from problem
    return settings_from(said, path.resolve().parent)


def settings_from(said: dict[str, Any], home: Path) -> Settings:
    """Return settings from their parts, relative to the folder `home`.

    >>> settings_from({"churn": {"horizon_days": 0}}, Path("."))
    Traceback (most recent call last):
    features.errors.ConfigError: got churn.horizon_days = 0: input should be greater than or equal to 1; expected ...
    """
    try:
        return Settings(**{**said, "home": home})
    except ValidationError as problem:
        wrong = "; ".join(_in_words(error) for error in problem.errors(include_url=False)[:5])
        raise ConfigError.of(wrong, "settings as `perennial schema config` describes them", "correct them") from None


def _in_words(error: Any) -> str:
    place = ".".join(str(step) for step in error["loc"])
    came = "" if isinstance(error["input"], dict) else f" = {error['input']!r}"
    message = str(error["msg"]).removeprefix("Value error, ")
    return f"{place}{came}: {message[:1].lower()}{message[1:]}"
