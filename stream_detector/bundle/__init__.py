"""A trained model on disk: one folder, read whole or refused by name.

``manifest``
    what the folder says of itself
``graph``
    runs its matrix products; ONNX Runtime lives there and nowhere else
``model``
    both and the arrays, put together
``directory``
    reads and writes the bundle
``folder``
    puts it on the disk whole, or not at all

Nothing in it is code: JSON, ONNX and plain arrays, each with its checksum.
"""
