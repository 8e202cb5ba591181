"""A trained model on disk: one folder, read whole or refused by name.

``manifest`` is what the folder says of itself, ``graph`` runs its matrix products
(ONNX Runtime lives there and nowhere else), ``model`` puts both and the arrays together,
``directory`` reads and writes the bundle, ``folder`` puts it on the disk whole. Nothing in
it is code: JSON, ONNX and plain arrays, each with its checksum.
"""
