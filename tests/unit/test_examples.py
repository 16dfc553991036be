"""The example's table is what its program writes."""

import runpy
import shutil
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_the_table_of_the_example_is_what_its_program_writes(tmp_path):
    program = shutil.copy(EXAMPLES / "make_patients.py", tmp_path)
    runpy.run_path(program, run_name="__main__")
    assert (tmp_path / "patients.csv").read_bytes() == (EXAMPLES / "patients.csv").read_bytes()
