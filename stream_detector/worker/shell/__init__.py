"""What runs in an operator's shell, and never in the worker.

``alert_commands`` (``alert_listing``), ``figure_commands``
    alerts as they stand, what is done about them, and what they were worth
``threshold_commands``, ``model_commands`` (``command_options``)
    what is wanted of machines
``trial_commands`` (``model_trials``, ``model_review``)
    two models compared, and which is to go on
"""
