"""A bar on stderr for work that takes more than a moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager


@contextmanager
def bar(stages: Sequence[str]) -> Iterator[Callable[[str], None]]:
    """Yield a function that is told what is being done: a stage moves the bar, anything else only its words."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (SpinnerColumn(), BarColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=len(stages))

        def tell(doing: str) -> None:
            if doing in stages:
                progress.update(task, completed=stages.index(doing))
                if not console.is_terminal:
                    console.print(f"{doing} ...", highlight=False)
            progress.update(task, description=doing)

        yield tell
