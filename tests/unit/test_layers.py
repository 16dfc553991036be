"""Who may import whom: the layers of ARCHITECTURE.md, read from the syntax trees."""

import ast
import graphlib
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
# Lowest first, a package or a module of the root each; imports go down only.
LAYERS = [
    {"__init__", "errors", "seeds", "names", "classes", "tasks"},
    {"text", "machine"},
    {"config"},
    {"regimes"},
    {"statistics"},
    {"data"},
    {"learning", "runs", "findings"},
    {"evaluation"},
    {"report"},
    {"federated"},
    {"execution"},
    {"comparison"},
    {"doctor"},
    {"api"},
    {"cli"},
    {"__main__"},
]
TORCH_FREE = (
    "errors",
    "seeds",
    "names",
    "classes",
    "tasks",
    "text",
    "machine",
    "config",
    "regimes",
    "runs",
    "findings",
    "learning.finite",
    "data.tables",
    "data.inspection.inspecting",
    "report.blocks",
    "report.html",
    "report.markdown",
    "report.terminal",
    "cli",
)
ONLY_IN = {
    "flwr": ("federated",),
    "ray": ("federated.engines.simulation",),
    "flwr_datasets": ("data.partitions", "report.partition"),
    "typer": ("cli",),
    "click": ("cli",),
    "rich": ("report.terminal", "cli"),
    "datasets": ("data",),
    "matplotlib": ("report.fonts", "report.plots", "report.partition"),
    "pydantic": ("config", "findings.schema", "runs.manifest", "runs.reading"),
    "jinja2": ("report",),
    "statsmodels": ("statistics",),
    "scipy": ("statistics", "data.transforms"),
    "PIL": ("data",),
    "pyarrow": ("data.tables", "data.sources.parquet_pictures"),
    "xxhash": ("data.cache", "data.preparing"),
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


def package(module):
    """Return the package, or the module of the root, in which a full name lies."""
    part = module.removeprefix("fedcompare").removeprefix(".").split(".")[0] or "__init__"
    return part if any(part in names for names in LAYERS) else "__init__"


def layer(part):
    return next(level for level, names in enumerate(LAYERS) if part in names)


def internal(path):
    return [name for name in imports(path) if name.split(".")[0] == "fedcompare"]


def test_every_package_has_a_layer():
    parts = {module.split(".")[1] for module in MODULES}
    assert parts == set().union(*LAYERS)


@pytest.mark.parametrize("module", MODULES)
def test_imports_go_down_and_not_aside(module):
    ours = package(module)
    for name in internal(MODULES[module]):
        theirs = package(name)
        assert theirs == ours or layer(theirs) < layer(ours) or layer(ours) == 0, name


def test_no_import_goes_in_a_circle():
    def target(name):
        return name if name in MODULES else name.rpartition(".")[0]

    graph = {
        module: {target(name) for name in internal(path)} - {"fedcompare"}
        for module, path in MODULES.items()
    }
    tuple(graphlib.TopologicalSorter(graph).static_order())  # raises on a circle


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
            assert not [name for name in names if name.startswith("fedcompare.learning.alone")], (
                module
            )
        if module == "fedcompare.learning.alone":
            assert not [name for name in names if name.startswith("fedcompare.federated")]


def test_only_the_training_loop_calls_autograd():
    for module, path in MODULES.items():
        text = path.read_text(encoding="utf-8")
        if module != "fedcompare.learning.training":
            assert "autograd." not in text, module
            assert ".backward(" not in text, module


@pytest.mark.parametrize("heavy", ["torch", "flwr", "ray", "pandas", "matplotlib", "datasets"])
def test_light_modules_import_nothing_heavy(heavy):
    names = [
        module
        for module in MODULES
        if any(f"{module}.".startswith(f"fedcompare.{light}.") for light in TORCH_FREE)
    ]
    code = f"import sys, {', '.join(names)}; sys.exit({heavy!r} in sys.modules)".replace(
        ".__init__", ""
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_catalogs_of_strategies_and_engines_import_neither():
    names = "fedcompare.federated.strategies, fedcompare.federated.engines.catalog"
    code = f"import sys, {names}; sys.exit(bool({{'torch', 'flwr', 'ray'}} & set(sys.modules)))"
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
        "savefig": ("report.plots",),
        "Screen": ("cli.console",),
        "reader": ("text.csv_text", "classes"),
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


def called(path):
    """Yield the name of what a module calls, and the call."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield getattr(node.func, "id", getattr(node.func, "attr", "")), node


def test_keys_are_written_and_never_parsed():
    """The parts of a key are fields of what wrote it; only a dataset is typed as one word."""
    found = [
        module.removeprefix("fedcompare.")
        for module, path in MODULES.items()
        for name, call in called(path)
        if name in ("partition", "rpartition", "split", "rsplit")
        and any(isinstance(a, ast.Constant) and a.value in (":", "-") for a in call.args)
    ]
    assert found == ["config.groups"]


def test_data_are_loaded_in_one_package():
    users = {
        module.removeprefix("fedcompare.")
        for module, path in MODULES.items()
        if any(name == "load_dataset" for name, _ in called(path))
    }
    assert users
    assert all(user.startswith("data.") for user in users)
