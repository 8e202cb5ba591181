"""From scores to alerts: values in, values out.

The story of one alert, module by module:

``rules``
    what is warned of, and how patiently
``policy``, ``life``
    readings counted as a rule does, and one alert from raise to clear
``news``, ``commands``
    what is told of alerts and outcomes, and what operators want done
``book`` (``following``, ``operating``)
    folded from both: all alerts as they stand
``alert_state``
    those of one machine under one rule, with all that operators did
``closing``, ``flood``
    what became of an alert, and more alerts than anybody can look at
``notices``, ``untold`` (``entries``)
    whom an alert calls, and what there is still to tell
``recall``, ``silence``
    what there was to tell before a restart, and whom it would have called

What alerts were worth:

``horizons``
    how far ahead an alert counts as a warning
``chance``
    what alerts at random times would find
``recorded``
    alerts against what really happened in a recording
``ledger``
    those of a plant, with their outcomes
``scorecards``, ``kpi``, ``figures``
    how well they foretold, what they asked of operators, and both of the trailing days
``trial``, ``comparison`` (``alarm_load``, ``alert_spans``)
    two models over the same readings, and which of them is better

A score is not an alert. Operators need few, stable alerts: one open alert per machine
and rule, raised after an on-delay, cleared after an off-delay, with hysteresis where a rule
asks for it, never by missing data. The defaults follow ISA-18.2-2016 / IEC 62682 and EEMUA 191.
"""
