"""What the log tells of a model on trial, and of one that was activated.

It is read from Kafka by whoever asks, and never by the worker: what is compared spans machines and
days, and no reading waits for it. One partition is read after the other, and of each machine only
counts are kept, so memory does not grow with the days.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from rich.console import Console

from stream_detector.alerting.alarm_load import Horizons, Load, Series, load_of
from stream_detector.alerting.comparison import Comparison, compare
from stream_detector.alerting.ledger import LedgerOutcome
from stream_detector.alerting.news import OutcomeNews, decode_news
from stream_detector.alerting.rules import Rules
from stream_detector.bundle.manifest import Manifest
from stream_detector.connections.redis import ThresholdStore, redis_faults
from stream_detector.connections.rules_file import load_rules
from stream_detector.connections.settings import Settings
from stream_detector.detection.threshold import Budget, Fixed, Rate, Threshold
from stream_detector.errors import AlertError, SettingsError
from stream_detector.pipeline.score_streams import ActiveCourses, ScoreLine, Trials, decode_line
from stream_detector.pipeline.thresholds import ALL_MACHINES, ThresholdTable, decode_setting
from stream_detector.replay.kafka_range import read_topic
from stream_detector.replay.progress import counting
from stream_detector.replay.time_range import TimeRange
from stream_detector.worker.checks import find_manifest

IsChosen = Callable[[str], bool]
"""Whether a machine, by name, is to be looked at."""


class Followed(NamedTuple):
    """What a model raised where it judged.

    Parameters
    ----------
    loads : dict of Series to Load
    by_hand : dict of Series to str
        Its thresholds that a person set as a number or a rate, as they are typed.
    """

    loads: dict[Series, Load]
    by_hand: dict[Series, str]


@dataclass(frozen=True)
class TrialLog:
    """Reads what the workers told of models.

    Parameters
    ----------
    settings : Settings
    rules : Rules
    console : rich Console
        Shows how far it is.
    """

    settings: Settings
    rules: Rules
    console: Console

    @classmethod
    def of(cls, settings: Settings) -> "TrialLog":
        """Open it.

        Raises
        ------
        SettingsError
            If the workers do not tell all scores, or the rules file is wrong.
        """
        if settings.published_scores != "all":
            raise SettingsError(
                f"DETECTOR_PUBLISHED_SCORES is {settings.published_scores!r}, but models are "
                "compared by the scores of all readings: set it to all, here and for the workers"
            )
        return cls(settings, load_rules(settings.rules, with_head=True), Console(stderr=True))

    def compare(
        self, candidate: str, wants: IsChosen, *, days: float, least_days: float
    ) -> Comparison:
        """Hold a model on trial against those that judged the same readings.

        Parameters
        ----------
        candidate : str
        wants : callable
        days : float
            So far it looks back, by Kafka's time.
        least_days : float
            Of running that each machine needs as evidence.

        Raises
        ------
        ServiceError
            If Kafka or Redis does not answer.
        BundleError
            If the candidate's manifest is not there.
        """
        manifest = find_manifest(self.settings, candidate)
        since = datetime.now(UTC) - timedelta(days=days)
        trials = Trials(candidate, max_gap=_max_gap(manifest), wants=wants)
        for line in self._scores(since):
            trials.take(line)
        budgets, by_hand = self._asked(manifest, trials.by_series)
        return compare(
            candidate,
            trials.active,
            trials.by_series,
            self._outcomes(since),
            horizons=self._horizons,
            budgets=budgets,
            by_hand=by_hand,
            least_days=least_days,
        )

    def follow(self, bundle_id: str, wants: IsChosen, *, since: datetime) -> Followed:
        """Count the alerts of a model since a time, where it judged.

        Raises
        ------
        ServiceError
            If Kafka or Redis does not answer.
        BundleError
            If the model's manifest is not there.
        """
        manifest = find_manifest(self.settings, bundle_id)
        followed = ActiveCourses(bundle_id, max_gap=_max_gap(manifest), wants=wants)
        for line in self._scores(since):
            followed.take(line)
        outcomes = self._outcomes(since)
        budgets, by_hand = self._asked(manifest, followed.by_series)
        loads = {
            name: load_of(course, outcomes[name], self._horizons, budget_per_day=budgets[name])
            for name, course in followed.by_series.items()
        }
        return Followed(loads, by_hand)

    @property
    def _horizons(self) -> Horizons:
        return {rule.name: rule.horizon for rule in self.rules.rules}

    def _scores(self, since: datetime) -> Iterator[ScoreLine]:
        span, topic = TimeRange(since, None), self.settings.scores_topic
        records = read_topic(topic, span, self.settings)
        for record in counting(records, "scores read", self.console):
            line = decode_line(record.value)
            if line is not None:
                yield line

    def _outcomes(self, since: datetime) -> defaultdict[Series, list[LedgerOutcome]]:
        """Give what happened that a rule warns of, once each."""
        by_name = {rule.name: rule.score for rule in self.rules.rules}
        span = TimeRange(since, None)
        found: defaultdict[Series, dict[LedgerOutcome, None]] = defaultdict(dict)
        for record in read_topic(self.settings.alerts_topic, span, self.settings):
            try:
                news = decode_news(record.value)
            except AlertError:
                continue  # the alert book tells of it
            if isinstance(news, OutcomeNews) and news.rule in by_name:
                one = LedgerOutcome(news.machine, news.rule, news.event_time, news.run_start)
                found[Series(news.machine, by_name[news.rule])][one] = None
        return defaultdict(list, {name: list(ones) for name, ones in found.items()})

    def _asked(
        self, manifest: Manifest, names: Iterable[Series]
    ) -> tuple[dict[Series, float], dict[Series, str]]:
        """Give the false alerts a day that a model may raise, and the thresholds set otherwise.

        Where its threshold is a number or a rate, nobody asked for a budget: the one that it was
        trained for stands there, beside the threshold as a person typed it.
        """
        with redis_faults():
            entries = ThresholdStore(self.settings, manifest.id).read()
        default = Budget(manifest.default_budget_per_day)
        table = ThresholdTable(default, dict(_readable(entries)))
        of_head = manifest.head.default_budget_per_day if manifest.head else 0.0

        budgets: dict[Series, float] = {}
        by_hand: dict[Series, str] = {}
        for name in names:
            wanted = table.of(name.machine)
            if name.score == "head":
                budgets[name] = of_head
            elif isinstance(wanted, Budget):
                budgets[name] = wanted.per_day
            else:
                budgets[name] = default.per_day
                by_hand[name] = _typed(wanted)
        return budgets, by_hand


def _readable(entries: dict[str, bytes]) -> Iterator[tuple[str, Threshold]]:
    for machine, data in entries.items():
        try:
            yield machine, decode_setting(data).threshold
        except SettingsError:
            continue  # the worker tells of it, and keeps to what it knows


def _typed(threshold: Fixed | Rate) -> str:
    if isinstance(threshold, Fixed):
        return f"fixed:{threshold.value:g}"
    return f"rate:{threshold.share:g}"


def _max_gap(manifest: Manifest) -> timedelta:
    return timedelta(seconds=manifest.max_gap_seconds)


def machines_of(entry: str, entries: Collection[str]) -> IsChosen:
    """Tell which machines a choice of models is for: its own, or all without one of their own.

    Examples
    --------
    >>> [machines_of("*", {"*", "pm3"})(machine) for machine in ("pm3", "pm4")]
    [False, True]
    """
    if entry == ALL_MACHINES:
        return lambda machine: machine not in entries
    return lambda machine: machine == entry
