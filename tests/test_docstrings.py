"""The examples in docstrings are true: each is run and prints what it says."""

import doctest
import importlib
import pkgutil

import pytest

import attn_magic

MODULES = ["attn_magic", *(found.name for found in pkgutil.walk_packages(attn_magic.__path__, "attn_magic."))]


def examples():
    for name in MODULES:
        for test in doctest.DocTestFinder(exclude_empty=True).find(importlib.import_module(name)):
            if test.examples:
                yield pytest.param(test, id=test.name)


@pytest.mark.parametrize("test", list(examples()))
def test_an_example_prints_what_it_says(test):
    said: list[str] = []
    result = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(test, out=said.append, clear_globs=False)
    assert result.attempted
    assert not result.failed, "".join(said)


def test_examples_are_found():
    """As many as stand in the sources: the finder passes over what a decorator hides."""
    prompts = 0
    for name in MODULES:
        source = importlib.util.find_spec(name).loader.get_source(name)
        prompts += sum(line.lstrip().startswith(">>> ") for line in source.splitlines())
    assert sum(len(param.values[0].examples) for param in examples()) == prompts
