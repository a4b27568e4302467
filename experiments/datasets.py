"""Public data sets: where they come from, how they map to the contract, and a check that a copy is the right one."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from features.errors import DataError
from pipelines.config import Settings, settings_from


@dataclass(frozen=True)
class Dataset:
    """A public data set in a local folder.

    `files` are its files with their SHA-256, `settings` what `perennial.toml` would say of it.
    """

    name: str
    title: str
    publisher: str
    url: str
    folder: str
    files: dict[str, str]
    settings: dict[str, Any]

    def configured(self, data: Path, home: Path) -> Settings:
        """Return the settings for a copy under the folder `data`, with releases and runs kept under `home`.

        Raises
        ------
        DataError
            when a file is not there or is not the file that the mapping was written for.
        """
        location = data / self.folder
        for name, digest in self.files.items():
            path = location / name
            if not path.is_file():
                raise DataError.of(f"no file {path}", f"{self.title} of {self.publisher}", f"fetch it from {self.url}")
            found = hashlib.sha256(path.read_bytes()).hexdigest()
            if found != digest:
                came = f"{path} with SHA-256 {found[:12]}"
                raise DataError.of(came, digest[:12], f"fetch the file that {self.publisher} published again")
        said = self.settings | {"data": {"location": str(location.resolve()), **self.settings.get("data", {})}}
        return settings_from(said, home)


TELCO = Dataset(
    name="telco",
    title="IBM Telco Customer Churn (WA_Fn-UseC_-Telco-Customer-Churn)",
    publisher="IBM",
    url="https://github.com/IBM/telco-customer-churn-on-icp4d",
    folder="ibm_telco",
    files={"Telco-Customer-Churn.csv": "16320c9c1ec72448db59aa0a26a0b95401046bef5d02fd3aeb906448e3055e91"},
    settings={
        "churn": {"definition": "labelled"},
        "tables": {
            "observations": {
                "source": "Telco-Customer-Churn.csv",
                "columns": {"account_id": "customerID", "churned": "Churn"},
            }
        },
    },
)

ONLINE_RETAIL = Dataset(
    name="online_retail",
    title="Online Retail and Online Retail II, one log of both",
    publisher="UCI Machine Learning Repository (Daqing Chen)",
    url="https://archive.ics.uci.edu/dataset/502/online+retail+ii",
    folder="online_retail",
    files={"online_retail_2009_2011.parquet": "06658e1bdf30bb3f5cb6babe684cb6c780f569e2362470fdd67ad76e0ee09da1"},
    settings={
        # A fifth of the rows names no customer: they break the contract and are left out, counted.
        "data": {"on_reject": "drop"},
        "churn": {"definition": "inactivity", "inactive_days": 90, "horizon_days": 90},
        "tables": {
            "accounts": {
                "source": "online_retail_2009_2011.parquet",
                "columns": {"account_id": "customer_id", "country": "country"},
                "ignore": ["*"],
                "only_where": "customer_id",
                "one_per_key": True,
            },
            "transactions": {
                "source": "online_retail_2009_2011.parquet",
                "columns": {
                    # Invoice numbers are missing for the second year, so the row is the key.
                    "transaction_id": {"row_number": True},
                    "account_id": "customer_id",
                    "occurred_at": "invoice_date",
                    # A return is a negative quantity, and so a negative amount.
                    "amount": {"column": "quantity", "times": "price"},
                    "product": "description",
                },
            },
        },
    },
)

_MONTHS = {"monthly": "1", "quarterly": "3", "annual": "12"}
_THROUGH_SUBSCRIPTION = {"through": {"table": "subscriptions", "on": "subscription_id"}}

RAVENSTACK = Dataset(
    name="ravenstack",
    title="RavenStack: synthetic SaaS data (multi-table)",
    publisher="River at Rivalytics",
    url="https://www.kaggle.com/datasets/rivalytics/saas-subscription-and-churn-analytics-dataset",
    folder="ravenstack_saas",
    files={
        "ravenstack_accounts.csv": "0ac56b1f9875828cffcb83dd2e128ad4fc0c9bf3a800f1776274c7e8ad73eabf",
        "ravenstack_churn_events.csv": "ac3419f5ed2651b5d9142b879dabdb9b04fd1d4137b6491481b76cd1994d3f78",
        "ravenstack_feature_usage.csv": "9c8f9b9fccc6d94d5bda84156932b0348bcdd6156ae34da5d790f05ac91c6399",
        "ravenstack_subscriptions.csv": "2428e741bd613695004b911de4f00c0f75df05ab8d2a670bac06bd62454cb441",
        "ravenstack_supports_ticket.csv": "dc41b9facb66813fbe87adce925fd9aa9981d851ffb4a9a4469e73b885674820",
    },
    settings={
        # 21 usage ids stand twice.
        "data": {"on_reject": "drop"},
        "churn": {"definition": "labelled"},
        "tables": {
            "accounts": {
                "source": "ravenstack_accounts.csv",
                "dates": "day_first",
                "columns": {
                    "name": "account_name",
                    "created_at": "signup_date",
                    "plan": "plan_tier",
                    "employees": "seats",
                },
                "ignore": ["churn_flag"],
            },
            "subscriptions": {
                "source": "ravenstack_subscriptions.csv",
                "dates": "day_first",
                "columns": {
                    "mrr": "mrr_amount",
                    "quantity": "seats",
                    "plan": "plan_tier",
                    "is_auto_renew": "auto_renew_flag",
                    "billing_period_months": {"column": "billing_frequency", "values": _MONTHS},
                },
            },
            "activities": {
                "source": "ravenstack_feature_usage.csv",
                "dates": "day_first",
                "columns": {
                    "activity_id": "usage_id",
                    "account_id": _THROUGH_SUBSCRIPTION,
                    "occurred_at": "usage_date",
                    "event": "feature_name",
                    "value": "usage_count",
                },
            },
            "cases": {
                "source": "ravenstack_supports_ticket.csv",
                "dates": "day_first",
                "columns": {
                    "case_id": "ticket_id",
                    "opened_at": "submitted_at",
                    "first_response_at": {"column": "submitted_at", "plus_minutes": "first_response_time_minutes"},
                    "is_escalated": "escalation_flag",
                },
            },
            "survey_responses": {
                "source": "ravenstack_supports_ticket.csv",
                "dates": "day_first",
                "only_where": "satisfaction_score",
                "columns": {
                    "response_id": "ticket_id",
                    "answered_at": "closed_at",
                    "metric": {"constant": "csat"},
                    "score": "satisfaction_score",
                    "scale_min": {"constant": 1},
                    "scale_max": {"constant": 5},
                },
            },
            # The flag carries no date. It is taken as of the day after the log ends, when every table has been seen.
            "observations": {
                "source": "ravenstack_accounts.csv",
                "columns": {
                    "account_id": "account_id",
                    "churned": "churn_flag",
                    "as_of": {"constant": "2025-01-01"},
                },
                "ignore": ["*"],
            },
        },
    },
)

DATASETS = {dataset.name: dataset for dataset in (TELCO, ONLINE_RETAIL, RAVENSTACK)}
