"""One thread for what is too small to share."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

_THREADS_PAY_FROM = 1024  # tokens


@contextmanager
def one_thread(tokens: int) -> Iterator[None]:
    """A single thread of torch for a matrix of so many tokens, unless it is large, and the user's number of threads again afterwards.

    torch's softmax starts all its threads for nine numbers too, other functions from 32,768 on, and waits for each of them: 16 ms instead of
    0.001 ms where other programs keep the cores busy. What is done cell by cell or along the rows does not depend on the number of
    threads. A softmax down the columns and products may, in the last bit, and have to be left alone.
    """
    threads = torch.get_num_threads()
    if threads == 1 or tokens >= _THREADS_PAY_FROM:
        yield
        return
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
