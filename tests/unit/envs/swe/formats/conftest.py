"""One row of every family, in the form in which it is published."""

from typing import Any

import pytest

GOLD = """\
diff --git a/pkg/add.py b/pkg/add.py
index 1111111..2222222 100644
--- a/pkg/add.py
+++ b/pkg/add.py
@@ -1,2 +1,2 @@
 def add(a, b):
-    return a - b
+    return a + b
"""
TESTS = """\
diff --git a/tests/test_add.py b/tests/test_add.py
new file mode 100644
index 0000000..3333333
--- /dev/null
+++ b/tests/test_add.py
@@ -0,0 +1,4 @@
+from pkg.add import add
+
+def test_add():
+    assert add(2, 2) == 4
"""
CLASSIC: dict[str, Any] = {
    "repo": "astropy/astropy",
    "instance_id": "astropy__astropy-12907",
    "base_commit": "d16bfe05a744909de4b27f5875fe0d4ed41ce607",
    "patch": GOLD,
    "test_patch": TESTS,
    "problem_statement": "add(2, 2) gives 0",
    "hints_text": "",
    "created_at": "2022-03-03T15:14:54Z",
    "version": "4.3",
    "FAIL_TO_PASS": '["tests/test_add.py::test_add"]',
    "PASS_TO_PASS": "[]",
    "environment_setup_commit": "298ccb478e6bf092953bca67a3d29dc6c35f6752",
    "difficulty": "15 min - 1 hour",
}
SCRIPT = """\
#!/bin/bash
set -uxo pipefail
cd /testbed
git apply -v - <<'EOF_114329324912'
EOF_114329324912
: '>>>>> Start Test Output'
pytest -rA tests/test_add.py
: '>>>>> End Test Output'
"""
_INSTALL = {
    "python": "3.9",
    "install": "pip install -e .",
    "test_cmd": "pytest --no-header -rA --tb=line",
    "log_parser": "parse_log_pytest",
}
ROWS: dict[str, dict[str, Any]] = {
    "swebench": CLASSIC,
    "swebench-5": {
        **CLASSIC,
        "image": "swebench/sweb.eval.x86_64.astropy_1776_astropy-12907:latest",
        "eval_script": SCRIPT,
        "log_parser": "parse_log_astropy",
        "eval_type": "pass_and_fail",
    },
    "swe-gym": {
        **CLASSIC,
        "repo": "Project-MONAI/MONAI",
        "instance_id": "Project-MONAI__MONAI-1121",
        "FAIL_TO_PASS": ["tests/test_add.py::test_add"],
        "PASS_TO_PASS": [],
    },
    "swe-smith": {
        "instance_id": "oauthlib__oauthlib.1fd52536.combine_file__09vlzwgc",
        "repo": "swesmith/oauthlib__oauthlib.1fd52536",
        "patch": GOLD,
        "FAIL_TO_PASS": ["tests/test_add.py::test_add"],
        "PASS_TO_PASS": ["tests/test_other.py::test_a", "tests/test_add.py::test_b"],
        "image_name": "swebench/swesmith.x86_64.oauthlib_1776_oauthlib.1fd52536",
        "problem_statement": "add is wrong",
        "created_at": "2025-05-01",
    },
    "r2e-gym": {
        "repo_name": "numpy",
        "docker_image": "namanjain12/numpy_final:0123abc",
        "commit_hash": "0123abc",
        "parsed_commit_content": {
            "file_diffs": [
                {
                    "header": {"file": {"path": "pkg/add.py"}},
                    "old_file_content": "a\nb",
                    "new_file_content": "a\nc",
                },
                {
                    "header": {"file": {"path": "tests/test_add.py"}},
                    "old_file_content": "",
                    "new_file_content": "x\n",
                },
            ]
        },
        "expected_output_json": '{"TestAdd.test_add": "PASSED", "test_known": "FAILED"}',
        "problem_statement": "[ISSUE]\nadd is wrong\n[/ISSUE]",
        "modified_files": ["pkg/add.py"],
    },
    "swe-rebench": {
        **CLASSIC,
        "repo": "acme/adder",
        "instance_id": "acme__adder-7",
        "install_config": _INSTALL,
        "docker_image": "swerebench/sweb.eval.x86_64.acme_1776_adder-7",
        "meta": {"num_modified_files": 1},
        "FAIL_TO_PASS": ["tests/test_add.py::test_add"],
        "PASS_TO_PASS": [],
    },
}


@pytest.fixture
def rows() -> dict[str, dict[str, Any]]:
    """A row of every family that has rows."""
    return {family: dict(row) for family, row in ROWS.items()}


@pytest.fixture
def gold() -> str:
    """The gold patch of every row."""
    return GOLD
