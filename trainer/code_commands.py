"""The commands ``python -m trainer encode`` and ``decode``."""

from pathlib import Path

import click

from stream_detector.bundle.directory import read_bundle
from stream_detector.command_line import EXISTING_FILE, check_different
from stream_detector.connections.rules_file import load_rules
from stream_detector.replay.notes import notes_for
from stream_detector.replay.options import csv_option, recording_options, rules_option
from stream_detector.replay.output import OutputFile
from stream_detector.replay.recording import RecordingOptions, read_recording

_N_LOWEST = 3
"""Sensors named of which codes give back least."""

_bundle = click.option(
    "--bundle", "folder", type=click.Path(path_type=Path), required=True, help="Model."
)
_out = click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="Write them here (CSV)."
)


@click.command(
    epilog="Example: python -m trainer encode --bundle model --csv history.csv --out codes.csv"
)
@_bundle
@csv_option(required=True)
@_out
@click.option(
    "--regimes",
    "n_regimes",
    type=click.IntRange(min=2, max=100),
    help="Operating regimes to group the codes into.  [default: the clearest number up to 8]",
)
@rules_option
@recording_options
def encode(
    *,
    folder: Path,
    path: Path,
    out: Path,
    n_regimes: int | None,
    rules_file: Path | None,
    options: RecordingOptions,
) -> None:
    """Write the code of every row, and the operating regime that it belongs to.

    A code is what the middle of the network says of the last readings. Rows that would not be
    scored live have none.
    """
    check_different(csv=path, out=out)
    bundle, rules = read_bundle(folder), load_rules(rules_file)
    recording = read_recording(path, options)
    for note in (*recording.notes, *notes_for(bundle.manifest, recording)):
        click.echo(f"note: {note}", err=True)
    # TensorFlow and scikit-learn take seconds to load: only when everything else is in order.
    from trainer.code_table import code_table
    from trainer.codes import encode as run
    from trainer.codes import given_back
    from trainer.regimes import CLEAR, find_regimes

    found = run(folder, bundle, recording, rules=rules)
    regimes = find_regimes(found.codes, n_regimes=n_regimes)
    _write(code_table(recording, found, regimes).to_csv(index=False), out)
    sizes = ", ".join(f"{n + 1}: {size}" for n, size in enumerate(regimes.sizes))
    click.echo(
        f"{len(found.rows)} of {recording.n_rows} rows encoded; rows by regime: {sizes} "
        f"(silhouette {regimes.silhouette:.2f})",
        err=True,
    )
    shares = given_back(folder, bundle, recording, found)
    if len(shares):
        lowest = ", ".join(f"{name} {share:.2f}" for name, share in shares[:_N_LOWEST].items())
        click.echo(
            "what the codes give back of the sensors (R²: 1 is all, 0 no more than the mean): "
            f"median {shares.median():.2f}, lowest {lowest}",
            err=True,
        )
    if regimes.silhouette < CLEAR:
        click.echo(
            f"note: a silhouette below {CLEAR} means that the codes form no clear groups", err=True
        )


@click.command(
    epilog="Example: python -m trainer decode --bundle model --codes codes.csv --out values.csv"
)
@_bundle
@click.option(
    "--codes",
    "path",
    type=EXISTING_FILE,
    required=True,
    help="CSV with the columns code_1, code_2 ...; others are handed on.",
)
@_out
def decode(*, folder: Path, path: Path, out: Path) -> None:
    """Write the sensor values, in their units, that codes stand for.

    Of the readings that a code describes, that is the newest one.
    """
    check_different(codes=path, out=out)
    bundle = read_bundle(folder)
    import pandas as pd

    from trainer.code_table import read_code_table
    from trainer.codes import decode as run

    others, codes = read_code_table(path)
    values = run(folder, bundle, codes)
    sensors = pd.DataFrame(values, columns=list(bundle.model.features.sensors))
    # A column that bears a sensor's name would be there twice.
    others = others.drop(columns=sensors.columns, errors="ignore")
    _write(others.join(sensors).to_csv(index=False, float_format="%.9g"), out)
    click.echo(f"{len(codes)} codes decoded to {len(sensors.columns)} sensors", err=True)


def _write(text: str, out: Path) -> None:
    with OutputFile(out) as file:
        file.write(text)
