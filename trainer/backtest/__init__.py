"""Walk-forward evaluation that cannot cheat: train on earlier rows, judge later ones, fold by fold.

In the order of the story: ``folds`` cuts a recording by time; ``scoring`` trains on a fold's
earlier rows and scores its own ones by the live code; ``references`` scores the same rows in ways
that any detector has to beat, and ``supervised_references`` in ways that learn from the labels, as
a head does; ``judging`` holds each score against its threshold, as live;
``windows`` says which alerts warned of what, and ``tally`` how many; ``counting`` does all that
for models and references. ``run`` goes through a recording as delivered and ``held``; ``result``,
``intervals`` and ``table`` tell what came out. ``random_split`` is the wrong way, for comparison.

A threshold is measured on the training rows of the fold, never on the rows that it judges: there
is no function that takes one, but only what somebody asks for: so many false alerts a day, or a
share of normal rows.
"""
