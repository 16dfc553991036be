"""Who may import whom: the layers of ARCHITECTURE.md, read from the syntax trees."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import fedcompare

PACKAGE = Path(fedcompare.__file__).parent
MODULES = {
    ".".join(("fedcompare", *path.relative_to(PACKAGE).with_suffix("").parts)): path
    for path in PACKAGE.rglob("*.py")
}
# Lowest first; a module imports only modules of its own layer or of a lower one.
LAYERS = [
    {"__init__", "errors", "seeds", "records", "classes", "test_sets", "regimes"}
    | {"escaping", "typed"},
    {"config", "workers", "processes", "locking", "mailbox", "crew", "predictions", "findings"}
    | {"csv_text", "finite"},
    {"environment", "cache", "tables", "table_formats", "fonts", "plots", "statistics", "report"}
    | {"chance"},
    {"data", "model", "results", "runs"},
    {"training"},
    {"isolated", "federated", "evaluator", "evaluation", "doctor", "partition_files"},
    {"pipeline", "evaluation_files", "regime_files", "comparison"},
    {"cli", "__main__"},
]
TORCH_FREE = (
    "errors",
    "seeds",
    "records",
    "escaping",
    "csv_text",
    "classes",
    "test_sets",
    "regimes",
    "config",
    "workers",
    "processes",
    "locking",
    "mailbox",
    "crew",
    "findings",
    "finite",
    "typed",
    "environment",
    "results",
    "runs",
    "cli",
)
ONLY_IN = {
    "flwr": ("federated",),
    "ray": ("federated.simulation",),
    "flwr_datasets": ("data.partitioner", "partition_files"),
    "typer": ("cli",),
    "click": ("cli",),
    "rich": ("table_formats", "cli"),
    "datasets": ("data", "partition_files"),
    "matplotlib": ("fonts", "plots", "partition_files"),
    "pydantic": ("config", "report", "runs.manifest"),
    "jinja2": ("report",),
    "statsmodels": ("statistics",),
    "scipy": ("statistics",),
    "PIL": ("data",),
    "xxhash": ("cache", "data.datasets"),
}


def imports(path):
    """Yield the full names that a module imports; type-checking blocks run never."""
    waiting = list(ast.parse(path.read_text(encoding="utf-8")).body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"):
            waiting += ast.iter_child_nodes(node)


def layer(module):
    part = module.removeprefix("fedcompare").removeprefix(".").split(".")[0] or "__init__"
    part = part if any(part in names for names in LAYERS) else "__init__"
    return next(level for level, names in enumerate(LAYERS) if part in names)


def internal(path):
    return [name for name in imports(path) if name.split(".")[0] == "fedcompare"]


def test_every_module_has_a_layer():
    parts = {module.split(".")[1] for module in MODULES}
    assert parts == set().union(*LAYERS)


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_no_higher_layer(module):
    higher = [name for name in internal(MODULES[module]) if layer(name) > layer(module)]
    assert not higher


@pytest.mark.parametrize("library", ONLY_IN)
def test_a_library_stays_where_it_belongs(library):
    users = {
        module.removeprefix("fedcompare.")
        for module, path in MODULES.items()
        if library in {name.split(".")[0] for name in imports(path)}
    }
    assert users
    for user in users:
        assert any(user == place or user.startswith(f"{place}.") for place in ONLY_IN[library])


def test_the_regimes_do_not_import_each_other():
    for module, path in MODULES.items():
        names = internal(path)
        if module.startswith("fedcompare.federated"):
            assert not [name for name in names if name.startswith("fedcompare.isolated")], module
        if module == "fedcompare.isolated":
            assert not [name for name in names if name.startswith("fedcompare.federated")]


def test_only_the_training_loop_calls_autograd():
    for module, path in MODULES.items():
        text = path.read_text(encoding="utf-8")
        if module != "fedcompare.training":
            assert "autograd." not in text, module
            assert ".backward(" not in text, module


@pytest.mark.parametrize("heavy", ["torch", "flwr", "ray", "pandas", "matplotlib", "datasets"])
def test_light_modules_import_nothing_heavy(heavy):
    names = [
        name for name in MODULES if name.removeprefix("fedcompare.").split(".")[0] in TORCH_FREE
    ]
    code = f"import sys, {', '.join(names)}; sys.exit({heavy!r} in sys.modules)".replace(
        ".__init__", ""
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_text_goes_through_the_place_that_escapes_it():
    calls = {
        "print": (),
        "echo": (),
        "secho": (),
        "to_csv": (),
        "DictWriter": (),
        "from_markup": (),
        "Console": (),
        "savefig": ("plots",),
        "Screen": ("cli.console",),
        "reader": ("csv_text", "classes"),
    }
    for module, path in MODULES.items():
        name = module.removeprefix("fedcompare.")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            called = getattr(node, "func", None)
            # Methods of that name are those of our own consoles.
            if isinstance(called, ast.Attribute) and called.attr == "print":
                continue
            call = getattr(called, "id", getattr(called, "attr", ""))
            assert call not in calls or name in calls[call], f"{path}:{node.lineno}"
