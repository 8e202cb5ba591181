"""A machine's history in, a bundle out: the only home of TensorFlow, pandas and plots.

The recipe:

``commands``, ``config`` (``models``)
    the command line, and what a run is told; models of the literature by name
``run`` (``steps``, ``progress``)
    one training run, step by step
``history`` (``intake``), ``outcomes``
    a recording split by time and labelled, and whether it is worth a head
``training``
    from there to all that decides scores
``training_rows`` (``feed_limits``, ``row_weights``)
    the normal rows, conditioned as live readings are, and what each of them counts for
``crossfit``, ``score_parts`` (``whitening``)
    fits the parts of the score, and scores every training row by parts that never saw it
``architectures`` -> ``keras_models`` -> ``fitting`` (``objective``, ``course``, ``fitters``)
    the network: planned, built, trained, without TensorFlow's chatter (``quiet_tensorflow``)
``calibration``
    cross-fitted scores -> thresholds
``plain_training``, ``plain_parts``
    all that for a model as it was published
``head``, ``labelled_rows``
    the supervised head, and what it learns from
``export`` (``export_network``, ``head_graph``, ``trees``, ``onnx_graph``), ``parity``
    the graphs of the bundle, and whether they give the scores that were meant
``assembly``
    the parts of the bundle

What came of it:

``holdout`` (``evaluation``, ``budgets``)
    the rows kept back, judged by the live code, and what other budgets would have brought
``measures`` (``found``, ``followed``, ``alert_counts``, ``confusion``, ``explained``, ``thinning``)
    what they measure
``drift``, ``feed_quality``, ``giveaways``
    where the sensors stood, how good their data is, and which seem to know the answer
``findings``, ``head_findings``, ``plain_words``, ``nearly_found``, ``doubts``
    what all that means, and what not to believe of it
``report``
    the same for people, and for programs

Beside it:

``refit``, ``refit_commands``
    a new model from recent history
``codes`` (``code_table``, ``code_map``, ``regimes``), ``code_commands``
    readings as codes of the network, and codes as readings
``backtest``
    walk-forward evaluation of models, fold by fold

The mathematics that the worker needs too is imported from ``stream_detector``.
"""
