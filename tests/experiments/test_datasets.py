"""The public data sets, where a copy is at hand."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pytest
import tomli_w

from experiments.datasets import DATASETS, ONLINE_RETAIL, RAVENSTACK, TELCO, Dataset
from features.errors import DataError
from pipelines.training_data import read_panel

DATA = Path(os.environ.get("PERENNIAL_DATA", Path(__file__).parents[3] / "shared" / "data"))


def needs(dataset: Dataset) -> pytest.MarkDecorator:
    is_there = (DATA / dataset.folder).is_dir()
    return pytest.mark.skipif(not is_there, reason=f"no copy of {dataset.title}; set PERENNIAL_DATA to its folder")


def panel_of(dataset: Dataset, tmp_path: Path):
    return read_panel(dataset.configured(DATA, tmp_path), lambda _: None)


@pytest.mark.parametrize("name", DATASETS)
def test_every_data_set_names_its_publisher_and_a_checksum_a_file(name: str) -> None:
    dataset = DATASETS[name]
    assert dataset.publisher
    assert dataset.url.startswith("https://")
    assert all(len(digest) == 64 for digest in dataset.files.values())


def test_a_missing_copy_says_where_it_comes_from(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no file .*fetch it from https://github.com/IBM"):
        TELCO.configured(tmp_path, tmp_path)


def test_another_file_of_that_name_is_not_taken_for_it(tmp_path: Path) -> None:
    (tmp_path / TELCO.folder).mkdir()
    (tmp_path / TELCO.folder / "Telco-Customer-Churn.csv").write_text("customerID,Churn\n")
    with pytest.raises(DataError, match="with SHA-256"):
        TELCO.configured(tmp_path, tmp_path)


@needs(TELCO)
def test_telco_is_flat_and_labelled(tmp_path: Path) -> None:
    rows = panel_of(TELCO, tmp_path).rows
    assert (len(rows), int(rows["churned"].sum())) == (7043, 1869)
    # The file leaves eleven total charges blank: those of customers in their first month.
    assert rows.loc[rows["TotalCharges"].isna(), "tenure"].tolist() == [0.0] * 11


@needs(ONLINE_RETAIL)
def test_online_retail_labels_agree_with_the_purchases_by_hand(tmp_path: Path) -> None:
    panel = panel_of(ONLINE_RETAIL, tmp_path)
    log = pd.read_parquet(DATA / ONLINE_RETAIL.folder / "online_retail_2009_2011.parquet")
    # Free items count as bought: an amount of zero is no return.
    bought = log[log["customer_id"].notna() & (log["quantity"] * log["price"] >= 0)]
    as_of, silence = pd.Timestamp("2011-03-01"), pd.Timedelta(days=90)
    got = panel.rows[panel.rows["as_of"] == as_of].set_index("account_id")["churned"].astype(bool)
    expected = {}
    for customer, times in bought.groupby("customer_id")["invoice_date"]:
        times = times.sort_values()
        before = times[times < as_of]
        if len(before) and before.iloc[-1] >= as_of - silence:
            chain = [before.iloc[-1], *times[times >= as_of]]
            ends = [
                t + silence
                for t, after in zip(chain, [*chain[1:], pd.Timestamp.max], strict=True)
                if after > t + silence
            ]
            expected[str(customer)] = bool(ends[0] < as_of + silence)
    assert got.to_dict() == expected


@needs(ONLINE_RETAIL)
def test_a_fifth_of_online_retail_names_no_customer_and_is_counted(tmp_path: Path) -> None:
    from features.checks import read_tables
    from features.sources import open_warehouse

    with open_warehouse() as warehouse:
        reading = read_tables(warehouse, ONLINE_RETAIL.configured(DATA, tmp_path).sources)
        n = warehouse.tables["transactions"].count().to_pyarrow().as_py()
    assert [(finding.column, finding.what, finding.n) for finding in reading.findings] == [
        ("account_id", "missing", 235287)
    ]
    assert n == 1_044_847 - 235_287


@needs(RAVENSTACK)
def test_ravenstacks_labels_are_noise_so_training_refuses(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    from pipelines.cli import main

    location = {"location": str((DATA / RAVENSTACK.folder).resolve()), "on_reject": "drop"}
    config = tmp_path / "perennial.toml"
    config.write_text(tomli_w.dumps(RAVENSTACK.settings | {"data": location}))
    assert main(["train", "--config", str(config)]) == 1
    error = capsys.readouterr().err
    assert "the gate refuses promotion" in error
    assert "does not beat the business rule" in error or "is worse than the business rule" in error


@needs(RAVENSTACK)
def test_ravenstacks_usage_finds_its_account_through_the_subscription(tmp_path: Path) -> None:
    panel = panel_of(RAVENSTACK, tmp_path)
    folder = DATA / RAVENSTACK.folder
    usage = pd.read_csv(folder / "ravenstack_feature_usage.csv", encoding="utf-8-sig").drop_duplicates("usage_id")
    subscriptions = pd.read_csv(folder / "ravenstack_subscriptions.csv", encoding="utf-8-sig")
    days = pd.to_datetime(usage["usage_date"], format="%d-%m-%Y")
    recent = usage[days >= pd.Timestamp("2025-01-01") - pd.Timedelta(days=90)].merge(
        subscriptions, on="subscription_id"
    )
    expected = recent.groupby("account_id").size()
    got = panel.rows.set_index("account_id")["activities_90d"]
    assert got[got > 0].astype(int).to_dict() == expected.to_dict()
