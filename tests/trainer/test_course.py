import numpy as np

from trainer.architectures import NetworkConfig
from trainer.course import Checkpoint, calls, n_steps_of

NINE = np.arange(9)


def test_an_epoch_draws_each_window_once_and_the_next_one_in_another_order() -> None:
    config = NetworkConfig(epochs=2, batch=3)

    first, second = (call.windows.tolist() for call in calls(config, NINE))

    assert sorted(first) == sorted(second) == NINE.tolist()
    assert first != second


def test_a_long_epoch_is_cut_into_calls_of_one_size() -> None:
    #  70 batches of 2: 35 and 35, not 50 and 20
    some = list(calls(NetworkConfig(epochs=1, batch=2), np.arange(141)))

    assert [(len(call.windows), call.n_steps, call.ends_epoch) for call in some] == [
        (70, 35, False),
        (70, 35, True),
    ]
    drawn = np.concatenate([call.windows for call in some])
    assert len(set(drawn.tolist())) == 140


def test_what_is_over_in_the_last_call_is_not_learnt_from() -> None:
    #  51 batches: 26 and 25; the second call has a 26th batch that does not count
    some = list(calls(NetworkConfig(epochs=1, batch=1), np.arange(51)))

    assert [(len(call.windows), call.n_steps) for call in some] == [(26, 26), (26, 25)]


def test_fewer_windows_than_a_batch_are_drawn_again() -> None:
    (call,) = calls(NetworkConfig(epochs=1, batch=4), np.array([5, 6]))

    assert sorted(call.windows.tolist()) == [5, 5, 6, 6]


def test_a_number_of_steps_draws_at_random_fifty_at_a_time() -> None:
    some = list(calls(NetworkConfig(steps=101, batch=2), NINE))

    assert [(len(call.windows), call.n_steps, call.ends_epoch) for call in some] == [
        (100, 50, False),
        (100, 50, False),
        (100, 1, False),
    ]


def test_the_number_of_steps_is_known_before() -> None:
    assert n_steps_of(NetworkConfig(steps=101), 9) == 101
    assert n_steps_of(NetworkConfig(epochs=5, batch=4), 9) == 10


def test_only_a_lower_loss_is_kept() -> None:
    best = Checkpoint(patience=None)

    assert [best.is_lower(loss) for loss in (3.0, 3.0, 2.0, 4.0)] == [True, False, True, False]
    assert not best.is_old


def test_patience_ends_after_so_many_epochs_without_a_lower_loss() -> None:
    best, old = Checkpoint(patience=2), []

    for loss in (3.0, 2.0, 2.5, 1.0, 1.5, 1.2):
        best.is_lower(loss)
        old.append(best.is_old)

    assert old == [False, False, False, False, False, True]
