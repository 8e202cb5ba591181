"""From scores to alerts: values in, values out.

``rules`` says what is warned of and how patiently; ``policy`` counts readings as a rule
does; ``life`` carries one alert from raise to clear; ``book`` holds all alerts as they stand,
with what operators did, ``notices`` says whom they call, and ``untold`` what there is still
to tell. ``horizons`` says how far ahead an alert counts as a warning; ``recorded`` holds alerts
against what really happened in a recording, ``ledger`` those of a plant;
``scorecards``, ``kpi`` and ``figures`` say what the latter were worth, and what they asked of
operators.

A score is not an alert. Operators need few, stable alerts: one open alert per machine
and rule, raised after an on-delay, cleared after an off-delay, with hysteresis where a rule
asks for it, never by missing data. The defaults follow ISA-18.2-2016 / IEC 62682 and EEMUA 191.
"""
