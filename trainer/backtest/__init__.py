"""Walk-forward evaluation that cannot cheat: train on earlier rows, judge later ones, fold by fold.

In the order of the story:

``commands``, ``named_models``
    the command line, and the models that are named there
``run``
    goes through a recording fold by fold
``folds``
    cut it by time
``held``
    what a historian drew in it, left out the second time
``scoring``
    trains on a fold's earlier rows, and scores its own ones by the live code
``references``, ``supervised_references``
    score the same rows in ways that any detector has to beat, and in ways that learn from the
    labels, as a head does
``judging``
    holds each score against its threshold, as live
``windows``, ``tally``, ``counting``
    which alerts warned of what, how many did, and all that for models and references
``result``, ``intervals``, ``verdicts``, ``table``
    what came out, how sure that is, what it comes to, and all of it as text
``random_split``
    the wrong way, for comparison

A threshold is measured on the training rows of the fold, never on the rows that it judges: there
is no function that takes one, but only what somebody asks for: so many false alerts a day, or a
share of normal rows.
"""
