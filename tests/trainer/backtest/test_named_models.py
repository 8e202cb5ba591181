"""The models that people name for an evaluation, and the budgets that their files ask for."""

from pathlib import Path

import pytest

from stream_detector.errors import SettingsError
from trainer.backtest.named_models import Model, budget_of_files, read_model


def of_file(folder: Path, name: str, text: str) -> Model:
    path = folder / f"{name}.toml"
    path.write_text(text)
    return read_model(str(path))


def test_a_model_s_file_has_a_say_in_the_budget_and_a_name_has_none(tmp_path: Path) -> None:
    named, mine = read_model("lstm"), of_file(tmp_path, "mine", "budget = 4.0\nhead_budget = 2.0\n")

    assert (budget_of_files([named]), budget_of_files([named], "head_budget")) == (6.0, 3.0)
    assert (budget_of_files([named, mine]), budget_of_files([mine], "head_budget")) == (4.0, 2.0)


def test_files_that_ask_for_several_budgets_are_refused(tmp_path: Path) -> None:
    models = [of_file(tmp_path, "mine", "budget = 4.0\n"), of_file(tmp_path, "other", "")]

    with pytest.raises(SettingsError, match=r"of 4, 6, .* or give --budget"):
        budget_of_files(models)
    assert budget_of_files(models, "head_budget") == 3.0


@pytest.mark.parametrize("name", ["linear", "head", "random"])
def test_a_file_named_as_a_reference_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(SettingsError, match="give the file another name"):
        of_file(tmp_path, name, "")
