"""What loading, reloading and unloading the extension brings, takes and costs."""

import json
import subprocess
import sys

import IPython
import pytest
from traitlets.config import Config

import attn_magic
from attn_magic.magics import AttentionMagics, register
from attn_magic.options import MAGICS
from tests.traces import INDIAN

HEAVY = ("torch", "numpy", "rich", "ipywidgets", "anywidget", "matplotlib", "pandas")


def python(program: str) -> object:
    """What a fresh Python prints as JSON."""
    answer = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    return json.loads(answer.stdout.splitlines()[-1])


@pytest.mark.parametrize(
    "cells",
    [
        ["%load_ext attn_magic"],
        ["%load_ext attn_magic", "%attention -h", "%attention nowhere", "%attention --sede 3"],
        ["%load_ext attn_magic", "%reload_ext attn_magic", "%unload_ext attn_magic"],
        ["import attn_magic; dir(attn_magic)"],
        ["from attn_magic import AttentionError, parse_matrix; parse_matrix('1 2; 3 4')"],
    ],
)
def test_nothing_slow_is_imported_before_it_is_needed(cells):
    program = f"""
import json, sys
from IPython.core.interactiveshell import InteractiveShell

ip = InteractiveShell.instance()
ip.history_manager.enabled = False
before = set(sys.modules)
for cell in {cells!r}:
    ip.run_cell(cell)
print(json.dumps(sorted(name for name in set(sys.modules) - before if name in {HEAVY!r})))
"""
    assert python(program) == []


def test_loading_imports_little():
    """Loading takes about 10 ms. Time is no good measure on a busy machine; the number of new modules is."""
    program = """
import json, sys
from IPython.core.interactiveshell import InteractiveShell

ip = InteractiveShell.instance()
ip.history_manager.enabled = False
ip.run_line_magic("unload_ext", "nothing")
before = set(sys.modules)
ip.run_line_magic("load_ext", "attn_magic")
print(json.dumps(sorted(set(sys.modules) - before)))
"""
    new = python(program)
    assert {name for name in new if name.startswith("attn_magic")} == {
        "attn_magic",
        "attn_magic.completion",
        "attn_magic.errors",
        "attn_magic.formats",
        "attn_magic.magic_line",
        "attn_magic.magics",
        "attn_magic.masks",
        "attn_magic.notation",
        "attn_magic.options",
        "attn_magic.display",
    }
    assert len(new) < 20


def shell_state(shell):
    """Every place in IPython where an extension could leave something."""
    display = shell.display_formatter
    return {
        "magics": {kind: dict(table) for kind, table in shell.magics_manager.magics.items()},
        "registry": dict(shell.magics_manager.registry),
        "configurables": list(shell.configurables),
        "cleanup": list(shell.input_transformers_cleanup),
        "after": list(shell.input_transformers_post),
        "ast": list(shell.ast_transformers),
        "matchers": list(shell.Completer.custom_matchers),
        "display": (dict(display.ipython_display_formatter.type_printers), dict(display.ipython_display_formatter.deferred_printers)),
        "bundles": (dict(display.mimebundle_formatter.type_printers), dict(display.mimebundle_formatter.deferred_printers)),
        "formatters": {kind: (dict(one.type_printers), dict(one.deferred_printers)) for kind, one in display.formatters.items()},
        "callbacks": {event: list(callbacks) for event, callbacks in shell.events.callbacks.items()},
        "names": {name: value for name, value in shell.user_ns.items() if not name.startswith("_") and name not in ("In", "Out")},
        "config": dict(shell.config),
        "hooks": dict(shell.hooks),
    }


@pytest.mark.parametrize("used", [False, True])
@pytest.mark.parametrize("in_kernel", [False, True])
def test_unload_leaves_nothing_behind(shell, monkeypatch, used, in_kernel):
    if in_kernel:
        monkeypatch.setattr(type(shell), "kernel", object(), raising=False)
    shell.run_cell("%unload_ext nothing")  # IPython makes some of its own things at first use
    before = shell_state(shell)
    assert shell.run_cell("%load_ext attn_magic").success
    assert shell_state(shell)["magics"] != before["magics"]
    if used:
        shell.run_cell(f"%attention {INDIAN}")
    shell.run_cell("%unload_ext attn_magic")
    assert shell_state(shell) == before
    assert not shell.run_cell("%attention").success


@pytest.mark.parametrize(
    "again", ["%load_ext attn_magic", "%reload_ext attn_magic", "import attn_magic; attn_magic.load_ipython_extension(get_ipython())"]
)
def test_loading_again_is_the_same_as_loading_once(ip, again):
    def counts(shell):
        return {place: len(content) for place, content in shell_state(shell).items() if place != "names"}

    before = counts(ip)
    ip.run_cell(again)
    ip.run_cell(again)
    assert counts(ip) == before
    assert ip.run_cell(f"%attention {INDIAN}").result.tokens == ("token 1", "token 2", "token 3")


def test_settings_survive_a_reload(ip):
    ip.run_cell("%config AttentionMagics.precision = 2")
    ip.config.AttentionMagics.seed = 7
    ip.run_cell("%reload_ext attn_magic")
    options = ip.run_cell("%attention [[1]]").result.options
    assert (options.precision, options.seed) == (2, 7)


def test_a_wrong_value_for_config_changes_nothing(ip, capsys):
    ip.run_cell("%config AttentionMagics.precision = 'many'")
    assert ip.run_cell("%attention [[1]]").result.options.precision == 4
    capsys.readouterr()
    ip.run_cell("%reload_ext attn_magic")
    reason = "The 'precision' trait of an AttentionMagics instance expected an int, not the str 'many'."
    assert capsys.readouterr().out == f"AttentionMagics.precision is left out of your settings: {reason}\n"
    assert ip.run_cell("%attention [[1]]").result.options.precision == 4


def test_a_magic_of_the_same_name_that_the_user_made_since_stays(ip):
    ip.register_magic_function(lambda line: "mine", magic_kind="line", magic_name="attention")
    ip.run_cell("%unload_ext attn_magic")
    assert ip.run_cell("%attention").result == "mine"
    assert "attention" not in ip.magics_manager.magics["cell"]


def test_both_magics_work_on_a_line_and_on_a_cell(ip):
    for kind in ("line", "cell"):
        assert set(MAGICS) <= set(ip.magics_manager.magics[kind])


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("precision", "many", "The 'precision' trait of an AttentionMagics instance expected an int, not the str 'many'."),
        (
            "precision",
            11,
            "The value of the 'precision' trait of an AttentionMagics instance should not be greater than 10, but a value of 11 was specified",
        ),
    ],
)
def test_a_wrong_setting_is_left_out_and_told_in_one_line(shell, capsys, name, value, reason):
    shell.config.AttentionMagics[name] = value
    shell.config.AttentionMagics.seed = 7
    assert shell.run_cell("%load_ext attn_magic").success
    assert capsys.readouterr().out == f"AttentionMagics.{name} is left out of your settings: {reason}\n"
    assert shell.run_cell("%attention [[1]]").result.options.seed == 7
    capsys.readouterr()
    shell.run_cell("%reload_ext attn_magic")
    assert capsys.readouterr().out == ""


def test_settings_are_read_from_a_configuration_file(shell):
    shell.config.merge(Config({"AttentionMagics": {"view": "text", "col_dim": 0}}))
    register(shell)
    options = shell.run_cell("%attention [[1]]").result.options
    assert (options.view, options.col_dim) == ("text", 0)


def test_configurables_hold_one_set_of_defaults(ip):
    assert sum(isinstance(one, AttentionMagics) for one in ip.configurables) == 1


# --- What `import attn_magic` offers ---------------------------------------------------------------------------------------------------


def test_all_is_what_it_says():
    assert attn_magic.__all__ == sorted(attn_magic.__all__)
    assert set(attn_magic.__all__) == {
        "AttentionError",
        "AttentionTrace",
        "Axis",
        "Contraction",
        "Elementwise",
        "Explanation",
        "InputError",
        "MaskedSelfAttention",
        "Matrix",
        "MatrixError",
        "Notice",
        "OptionError",
        "Options",
        "SaveError",
        "SelfAttention",
        "Softmax",
        "Source",
        "Stage",
        "TraceError",
        "attend",
        "parse_matrix",
    }
    assert set(attn_magic.__all__) == {name for names in attn_magic._HOMES.values() for name in names}


@pytest.mark.parametrize("name", attn_magic.__all__)
def test_every_name_can_be_imported(name):
    value = getattr(attn_magic, name)
    assert value.__name__ == name
    assert value.__module__.startswith("attn_magic.")
    assert name in dir(attn_magic)


def test_star_import_brings_exactly_these():
    names: dict[str, object] = {}
    exec("from attn_magic import *", names)
    assert sorted(names.keys() - {"__builtins__"}) == attn_magic.__all__


def test_the_version_is_that_of_the_installed_package():
    from importlib.metadata import version

    assert attn_magic.__version__ == version("attn_magic")
    assert "__version__" in dir(attn_magic)


def test_an_unknown_name_fails_as_in_any_module():
    with pytest.raises(AttributeError, match="module 'attn_magic' has no attribute 'atend'"):
        _ = attn_magic.atend
    with pytest.raises(ImportError, match="cannot import name 'atend'"):
        exec("from attn_magic import atend")


def test_completion_is_registered_where_ipython_knows_such_matchers(ip):
    assert len(ip.Completer.custom_matchers) == (IPython.version_info >= (8, 6))
