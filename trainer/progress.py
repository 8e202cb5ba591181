"""What a training run shows while it works."""

from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from trainer.plain_words import fit_in_words


class FitProgress:
    """A progress bar with the loss on a terminal, plain lines elsewhere.

    Parameters
    ----------
    console : rich Console
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed}/{task.total} steps, loss {task.fields[loss]:.4f}"),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        """Show the bars."""
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the bars as they are."""
        self._bars.stop()

    def tell(self, doing: str) -> None:
        """Say what is being done now."""
        self._console.print(f"{doing} ...", markup=False, highlight=False, soft_wrap=True)

    def __call__(self, name: str, step: int, n_steps: int, loss: float) -> None:
        """Show how a fit gets on."""
        if name not in self._tasks:
            self._tasks[name] = self._bars.add_task(
                f"  {fit_in_words(name)}", total=n_steps, loss=loss
            )
        self._bars.update(self._tasks[name], completed=step, loss=loss)
        if step == n_steps and not self._console.is_terminal:
            self._console.print(
                f"  {fit_in_words(name)}: {n_steps} steps, loss {loss:.4f}",
                markup=False,
                highlight=False,
                soft_wrap=True,
            )
