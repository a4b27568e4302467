"""The URL of the store holds a password, so it may lie in a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from features.errors import ConfigError
from pipelines.config import settings_from
from serving.settings import Settings, store_url

URL = "postgresql+psycopg://perennial:secret@postgres/perennial"


def test_the_url_of_the_store_is_read_from_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "store"
    file.write_text(f"{URL}\n")
    monkeypatch.setenv("PERENNIAL_STORE", "sqlite:///other.db")
    monkeypatch.setenv("PERENNIAL_STORE_FILE", str(file))
    project = settings_from(
        {"churn": {"definition": "labelled"}, "tables": {"observations": {"source": "o.csv"}}}, tmp_path
    )
    assert Settings().store_url == store_url(project) == URL
    assert "secret" not in repr(Settings())


@pytest.mark.parametrize(("content", "said"), [(None, "cannot be read"), (b"", "an empty file"), (b"\xff", "no text")])
def test_a_file_that_holds_no_url_is_refused(tmp_path: Path, content: bytes | None, said: str) -> None:
    file = tmp_path / "store"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigError, match=rf"{said}.*PERENNIAL_STORE_FILE"):
        _ = Settings(store_file=file).store_url
