"""Settings, Kafka and Redis clients, and what we keep there. No logic of detection.

What the programs are told:

``settings`` (``environment``, ``secret_files``)
    the only reader of the environment
``security``, ``tls``, ``tokens``
    how Kafka and Redis are spoken to, whom we trust, and where OAUTHBEARER gets its tokens
``receivers``, ``source_settings``
    who is told of alerts, and who a bridge is to its source
``rules_file``
    the rules on disk

Kafka:

``kafka``, ``consumers``, ``producer``, ``transactions``
    the clients: their options, and what they do for us
``topics`` (``topic_configs``, ``access``), ``readings_log``
    our topics: how they are made and kept, what we may do with them, and where the log ends
``alert_states``, ``plant_figures``
    what they hold of alerts, kept up to date
``operator_commands``
    sends commands to the alert book, and waits for replies

Redis, and a store of files:

``redis``, ``model_choices``
    the only places that know the keys: of thresholds, and of models
``bundle_store``
    where the bundles stand that models can be changed to

How the programs are seen from outside:

``health_report``, ``health_pages``, ``prometheus``
    how a program is, and where that and its figures can be asked for
``listening``
    takes a port
``watchdog``
    ends a program that only seems to work
``log``, ``refusal_log``
    one line per change of state, and not one for each refused message
"""
