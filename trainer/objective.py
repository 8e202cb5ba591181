"""What a training step minimises: the mean squared residual, and what the literature adds.

References
----------
Vincent et al. (2010), "Stacked denoising autoencoders", JMLR 11: noise and dropout.
Kingma and Welling (2014), "Auto-encoding variational Bayes", arXiv:1312.6114.
Ranjan (2019), "Build the right autoencoder: tune and optimize using PCA principles": tied
weights, orthogonality, unit norm and an uncorrelated code.
"""

from typing import Any

from trainer.architectures import NetworkConfig
from trainer.keras_models import KerasModels
from trainer.quiet_tensorflow import tf

_SEEDS_PER_STEP = 3
"""For noise, for dropout, and for the draw of a code."""


class Objective:
    """The loss of a network, and the constraints on its weights.

    Parameters
    ----------
    config : NetworkConfig
    models : KerasModels
    """

    def __init__(self, config: NetworkConfig, models: KerasModels) -> None:
        self._config = config
        self._models = models
        self._encoding = _kernels(models.encoder)
        self._decoding = _kernels(models.decoder)
        tied = {id(kernel) for kernel in self._decoding} if config.tied else set()
        self.variables = [one for one in models.variables if one.trainable and id(one) not in tied]
        """What is trained: all weights, but for the decoder's matrices if they are tied."""

    def loss(self, inputs: Any, targets: Any, *, step: Any) -> Any:
        """Give the loss of a batch.

        Parameters
        ----------
        inputs, targets : float32 tensors, shape (batch, ...)
            As the network reads them and should give them back.
        step : int64 tensor
            Its number: every step draws other noise, and every fit the same again.
        """
        config, spread = self._config, None
        encoded = [self._disturbed(inputs, step)]
        for layer in self._models.encoder.layers:
            encoded.append(layer(encoded[-1]))
        code = encoded[-1]
        if self._models.spread is not None:
            spread = self._models.spread(encoded[-2])
            code += tf.exp(spread / 2) * self._normal(tf.shape(code), step, nth=2)
        loss = tf.reduce_mean(tf.square(self._decoded(code) - targets))
        if config.decay:
            kernels = [one for one in self.variables if len(one.shape) > 1]
            squares = tf.add_n([tf.reduce_sum(tf.square(kernel)) for kernel in kernels])
            loss += config.decay / 2 * squares / len(kernels)
        if config.sparsity:
            batch = tf.cast(tf.shape(inputs)[0], tf.float32)
            loss += config.sparsity * tf.reduce_sum(tf.abs(encoded[1])) / batch
        if config.orthogonality:
            vectors = [*self._encoding, *map(tf.transpose, self._decoding)]
            loss += (
                config.orthogonality * tf.add_n([overlap(one) for one in vectors]) / len(vectors)
            )
        if config.decorrelation:
            loss += config.decorrelation * correlation(encoded[-1])
        if spread is not None:
            weight = config.variational / targets.shape[-1]
            loss += weight * tf.reduce_mean(twice_divergence(encoded[-1], spread))
        return loss

    def constrain(self) -> None:
        """Put the weights back to where they may be, after a step."""
        if self._config.unit_norm:
            for kernel in self._encoding:
                kernel.assign(tf.math.l2_normalize(kernel, axis=0))
            for kernel in self._decoding:
                kernel.assign(tf.math.l2_normalize(kernel, axis=1))
        if self._config.tied:
            for ours, theirs in zip(self._encoding, reversed(self._decoding), strict=True):
                theirs.assign(tf.transpose(ours))

    def _disturbed(self, inputs: Any, step: Any) -> Any:
        if self._config.noise:
            inputs += self._config.noise * self._normal(tf.shape(inputs), step, nth=0)
        if self._config.dropout:
            kept = 1 - self._config.dropout
            drawn = tf.random.stateless_uniform(tf.shape(inputs), self._seed(step, nth=1))
            inputs *= tf.cast(drawn < kept, tf.float32) / kept
        return inputs

    def _decoded(self, code: Any) -> Any:
        if not self._config.tied:
            return self._models.decoder(code)
        for layer, kernel in zip(
            _dense(self._models.decoder), reversed(self._encoding), strict=True
        ):
            code = layer.activation(tf.matmul(code, kernel, transpose_b=True) + layer.bias)
        return code

    def _normal(self, shape: Any, step: Any, *, nth: int) -> Any:
        return tf.random.stateless_normal(shape, self._seed(step, nth=nth))

    def _seed(self, step: Any, *, nth: int) -> Any:
        return tf.stack([tf.constant(self._config.seed, tf.int64), step * _SEEDS_PER_STEP + nth])


def overlap(kernel: Any) -> Any:
    """Give the mean squared cosine between columns: 0 when all are orthogonal.

    Not of their products: those fall as well when the weights do.
    """
    directions = tf.math.l2_normalize(kernel, axis=0)
    return _mean_of_pairs(tf.matmul(directions, directions, transpose_a=True))


def correlation(code: Any) -> Any:
    """Give the mean squared correlation between the units of a batch of codes."""
    centred = code - tf.reduce_mean(code, axis=0)
    return overlap(centred)


def twice_divergence(mean: Any, log_variance: Any) -> Any:
    """Give twice the Kullback-Leibler divergence of normal codes from the standard one, (n,).

    Twice: beside a mean of squares that are not halved either.
    """
    terms = tf.square(mean) + tf.exp(log_variance) - log_variance - 1
    return tf.reduce_sum(terms, axis=-1)


def _mean_of_pairs(matrix: Any) -> Any:
    """Give the mean square beside the diagonal; 0 where there is nothing."""
    n = matrix.shape[0]
    beside = matrix - tf.linalg.diag(tf.linalg.diag_part(matrix))
    return tf.reduce_sum(tf.square(beside)) / max(n * (n - 1), 1)


def _dense(half: Any) -> list[Any]:
    return [layer for layer in half.layers if hasattr(layer, "kernel")]


def _kernels(half: Any) -> list[Any]:
    """Matrices of the dense layers; those of an LSTM, which knows no constraint, stay out."""
    return [layer.kernel for layer in _dense(half)]
