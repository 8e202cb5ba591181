"""The pages as NiceGUI serves them: each shows its view, again whenever that changes.

``frame``, ``region``
    what every page has, and a part of one that is shown again when it has changed
``overview``, ``alerts``, ``alert``, ``machine``, ``ledger``, ``thresholds``
    a page each
``search``
    a box to search in, and the pages of what is found
``asking``
    what a command needs to know besides the alerts
"""
