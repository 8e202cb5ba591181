"""What each page shows, as plain values: made from the plant, drawn by a template.

No view knows of browsers, so what an operator gets to see is tested without one.

``overview``, ``alerts``, ``alert``, ``machine``, ``ledger``, ``thresholds``
    a page each
``urgency``
    what comes first, and its marks
``charts`` (``frames``, ``events``), ``heat``, ``sparkline``
    scores and sensors over time
"""
